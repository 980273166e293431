"""Held-out rows on which members that were fitted anew are compared: complete and unchanged."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from tasks.domain import PLACEBO
from tasks.intervention.changes import Change
from tasks.intervention.feature_rows import FeatureRows
from tasks.intervention.replicate_cells import Action

FEWEST_A_BLOCK = 10

Bools = npt.NDArray[np.bool_]


def touched_rows(action: Action, change: Change, given: FeatureRows, seed: int) -> Bools:
    """Which rows lead to a cell that a repair draws, shape (N,).

    What is aggregated over child rows is not looked at: rows keep it as it is. An intervention
    that mends nothing (it draws nothing, or is on the column of pure noise) touches no row.

    Parameters
    ----------
    action, change
        What is done, and what it does to the rows.
    given
        The N rows.
    seed
        Of one draw.
    """
    touched = np.zeros(len(given.x), dtype=bool)
    if not action.is_drawn or action.node.table == PLACEBO:
        return touched
    every_row = np.arange(len(given.x))
    places, after = change.features(every_row, np.random.default_rng(seed))
    for place, values in zip(places, after.T, strict=True):
        before, path = given.x[:, place], given.encoder.nodes[place].path
        if all(step.startswith("->") for step in path):
            touched |= (before != values) & ~(np.isnan(before) & np.isnan(values))
    return touched


def complete_rows(
    touched: Mapping[Action, Bools], n_rows: int, blocks: int
) -> tuple[Bools, Sequence[Action], dict[str, str]]:
    """Rows that none of the interventions touches, if need be without some of these.

    Parameters
    ----------
    touched
        Rows that each intervention touches, shape (N,), the most promising first: one that leaves
        fewer than 10 rows a block is left out.
    n_rows
        N.
    blocks
        V.

    Returns
    -------
    tuple of numpy.ndarray, list of Action and dict
        Which rows, shape (N,); the interventions that are compared on them; and why others are not,
        by name.
    """
    complete = np.ones(n_rows, dtype=bool)
    kept: list[Action] = []
    left_out: dict[str, str] = {}
    for action, rows in touched.items():
        both = complete & ~rows
        if both.sum() < FEWEST_A_BLOCK * blocks:
            left_out[str(action)] = (
                f"{action} was not tried by fitting anew: only {both.sum()} of {n_rows} held-out "
                f"rows lead to no cell that it or a better one mends, {FEWEST_A_BLOCK * blocks} "
                "are needed."
            )
            continue
        complete = both
        kept.append(action)
    return complete, kept, left_out
