"""Which interventions are worth fitting the members anew for."""

from collections.abc import Sequence

import numpy as np

from tasks.domain import PLACEBO, Costs
from tasks.intervention.changes import PLACEBO_ACTIONS
from tasks.intervention.replicate_cells import DO, Action, ReplicateCells


def leading_actions(cells: ReplicateCells, costs: Costs, most: int) -> tuple[Action, ...]:
    """The interventions that promise most, as far as scoring rows again tells, and the placebo.

    Parameters
    ----------
    cells
        Interventions simulated by scoring rows again.
    costs
        From the contract.
    most
        How many; the placebo comes on top.

    Returns
    -------
    tuple of Action
        Repairs at tables and columns, by mean effect per unit of cost. Left out are those that
        raise U, those that lower it while the held-out likelihood worsens, and those that do in
        every cell what one before them does.
    """
    mean = cells.effects.mean(axis=(1, 2))
    chosen: list[int] = []
    for k in sorted(
        recommendable(cells),
        key=lambda k: (mean[k] / costs.of(cells.actions[k].node), str(cells.actions[k])),
    ):
        if mean[k] < 0 and not _is_among(cells, k, chosen):
            chosen.append(k)
    placebo = PLACEBO_ACTIONS[0]
    told = [cells.actions[k] for k in chosen[:most]]
    return (*told, placebo) if placebo in cells.actions else tuple(told)


def recommendable(cells: ReplicateCells) -> list[int]:
    """Which interventions are repairs at tables and columns, and no illusory gain.

    Parameters
    ----------
    cells
        Interventions simulated by scoring rows again.
    """
    mean = cells.effects.mean(axis=(1, 2))
    worsens = cells.nll_changes.mean(axis=(1, 2)) > 0
    return [
        k
        for k, action in enumerate(cells.actions)
        if action.intervention != DO
        and action.node.level != "range"
        and action.node.table != PLACEBO
        and not (action.keeps_target and worsens[k] and mean[k] < 0)
    ]


def _is_among(cells: ReplicateCells, k: int, chosen: Sequence[int]) -> bool:
    return any(np.array_equal(cells.u_after[k], cells.u_after[other]) for other in chosen)
