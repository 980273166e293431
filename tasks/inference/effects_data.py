"""Replicate cells as the data of ``stan/intervention_effects.stan``."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tasks.attribution.crossed import CrossedStatistics, crossed_statistics
from tasks.domain import Level
from tasks.errors import InputError
from tasks.inference.pooling_tree import LEVELS, PoolingTree, level_index
from tasks.intervention.replicate_cells import Action

FloatArray = npt.NDArray[np.float64]

LEAST_SPREAD = 1e-10
"""Per cent: what rounding alone makes of equal cells is smaller."""


def overall_sd(effects: FloatArray) -> float:
    """Root mean square of the cells: their sd around 0, where the effects' prior is centred.

    Examples
    --------
    >>> overall_sd(np.array([[[3.0, -4.0], [3.0, -4.0]]]))
    3.5355339059327378
    """
    return float(np.sqrt(np.square(effects).mean()))


def parameter_count(data: Mapping[str, Any]) -> int:
    """Number of the model's parameters.

    27 of levels, four sds for each of K actions, and where tails are heavy their degrees of freedom
    and a weight for each node.

    Parameters
    ----------
    data
        Of the program.

    Examples
    --------
    >>> tree = {"K": 12, "pooled_by": np.array([1, 1, 2, 3, 3])}
    >>> parameter_count(tree | {"heavy_tails": np.array([0, 0, 0])})
    75
    >>> parameter_count(tree | {"heavy_tails": np.array([0, 0, 1])})
    78
    """
    weights = int(data["heavy_tails"][data["pooled_by"] - 1].sum())
    return 27 + 4 * int(data["K"]) + weights + (weights > 0)


def effects_data(
    actions: Sequence[Action],
    effects: FloatArray,
    tree: PoolingTree,
    heavy_tails: Collection[Level] = (),
    *,
    nested: bool = False,
) -> dict[str, Any]:
    """Data of the effects model.

    Parameters
    ----------
    actions
        K actions in canonical order.
    effects
        Their cells in per cent, shape (K, J, V).
    tree
        Their pooling tree.
    heavy_tails
        Levels at which effects are pooled by Student-t laws, not normal ones.
    nested
        Whether sub-ensembles are nested in draws.

    Raises
    ------
    InputError
        If J or V is below 2, a cell is not finite, or an action's cells do not vary beyond what a
        sub-ensemble or a row block adds to all its cells: their variance is not assessable. The
        message names the action.
    """
    statistics = checked_statistics(actions, effects, nested=nested)
    return {
        "K": len(actions),
        "J": statistics.n_sub_ensembles,
        "V": statistics.n_blocks,
        "D": max(statistics.n_draws, 1),
        "y_mean": statistics.mean,
        "ss_a": statistics.ss_sub_ensembles,
        "ss_r": statistics.ss_blocks,
        "ss_s": statistics.ss_draws,
        "ss_e": statistics.ss_rest,
        "drawn": statistics.drawn.astype(np.float64),
        "nested": int(nested),
        "scale": overall_sd(effects),
        "level": np.array([level_index(action) for action in actions]) + 1,
        "T": len(tree.tables),
        "N": len(tree.parent),
        "node": tree.node + 1,
        "parent": tree.parent + 1,
        "fraction": tree.fraction,
        "pooled_by": tree.pooled_by + 1,
        "heavy_tails": np.array([int(level in heavy_tails) for level in LEVELS]),
    }


def checked_statistics(
    actions: Sequence[Action], effects: FloatArray, *, nested: bool = False
) -> CrossedStatistics:
    """Sufficient statistics of the actions' cells.

    Raises
    ------
    InputError
        As `effects_data` does.
    """
    for action, cells in zip(actions, effects, strict=True):
        if not np.isfinite(cells).all():
            raise InputError(
                f"The effect of an action must be finite in every cell, '{action}' has "
                f"{(~np.isfinite(cells)).sum()} cells of {cells.size} that are not."
            )
    drawn = [action.is_drawn for action in actions]
    statistics = crossed_statistics(effects, drawn, nested=nested)
    for action, cells, spread in zip(actions, effects, np.sqrt(statistics.ms_rest), strict=True):
        if not spread > LEAST_SPREAD * max(1, np.abs(cells).max()):
            raise InputError(
                f"The variance of '{action}' is not assessable, as its cells (mean "
                f"{cells.mean():g} %) do not vary within a sub-ensemble and a row block: leave it "
                "out of the model."
            )
    return statistics
