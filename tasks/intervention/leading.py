"""Which interventions are worth fitting the members anew for."""

from collections.abc import Sequence

import numpy as np

from tasks.domain import PLACEBO, Costs
from tasks.intervention.changes import PLACEBO_ACTIONS
from tasks.intervention.replicate_cells import Action, ReplicateCells


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
        At tables and columns, by mean effect per unit of cost. Left out are those that raise U,
        those that lower it while the held-out likelihood worsens, and those that do in every cell
        what one before them does.
    """
    mean = cells.effects.mean(axis=(1, 2))
    worsens = cells.nll_changes.mean(axis=(1, 2)) > 0
    per_cost = [m / costs.of(a.node) for m, a in zip(mean, cells.actions, strict=True)]
    chosen: list[int] = []
    for k in sorted(range(len(mean)), key=lambda k: (per_cost[k], str(cells.actions[k]))):
        action = cells.actions[k]
        is_recommended = mean[k] < 0 and (action.is_drawn or not worsens[k])
        is_place = action.node.level != "range" and action.node.table != PLACEBO
        if is_place and is_recommended and not _is_among(cells, k, chosen):
            chosen.append(k)
    placebo = PLACEBO_ACTIONS[0]
    told = [cells.actions[k] for k in chosen[:most]]
    return (*told, placebo) if placebo in cells.actions else tuple(told)


def _is_among(cells: ReplicateCells, k: int, chosen: Sequence[int]) -> bool:
    return any(np.array_equal(cells.u_after[k], cells.u_after[other]) for other in chosen)
