"""Repairs that a budget may be spent on."""

from tasks.domain import Costs
from tasks.intervention.budget_choice import Candidate
from tasks.intervention.leading import recommendable
from tasks.intervention.replicate_cells import ReplicateCells
from tasks.intervention.retrained_cells import RetrainedCells


def budget_candidates(
    cells: ReplicateCells, retrained: RetrainedCells | None, costs: Costs
) -> list[Candidate]:
    """Repairs at tables and columns with their costs; no illusory gain is among them.

    Parameters
    ----------
    cells
        Interventions simulated by scoring rows again.
    retrained
        Some of them with members fitted anew: where the held-out likelihood is worse then, the gain
        is illusory.
    costs
        From the contract.
    """
    illusory = retrained.worsened if retrained else frozenset()
    mean = cells.effects.mean(axis=(1, 2))
    return [
        Candidate(action, costs.of(action.node), float(mean[k]))
        for k, action in ((k, cells.actions[k]) for k in recommendable(cells))
        if action not in illusory
    ]
