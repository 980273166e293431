"""Uncertainty where fewer of a value range's training rows are kept, in every replicate cell."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tasks.attribution.cells import cell_means
from tasks.attribution.relative_change import relative_change
from tasks.errors import InputError
from tasks.intervention.nested_subsets import (
    FRACTIONS,
    BoolArray,
    IntArray,
    check_classes,
    nested_subsets,
    orders_of,
    rows_to_keep,
)
from tasks.intervention.refitted_scores import refitted_scores
from tasks.intervention.refitting import SCORES, Recipe
from tasks.intervention.replicate_cells import FloatArray
from tasks.seeds import generator
from tasks.uncertainty.model_data import TrainingRows
from tasks.uncertainty.protocol import TargetArray


@dataclass(frozen=True)
class AcquisitionCells:
    """U where n_f < N of a range's training rows are kept, in F x J x V cells.

    Attributes
    ----------
    n_now
        N, the training rows in the range.
    kept
        Rows of them that each of the F fits kept, n_f, increasing, shape (F,).
    orders
        D: sub-ensembles ``d J / D`` to ``(d + 1) J / D - 1`` kept the first n_f rows of the d-th
        random order of the N.
    u_now, u_kept
        Mean epistemic uncertainty of the rows of a cell where all N and where n_f rows are kept,
        shapes (J, V) and (F, J, V).
    """

    n_now: int
    kept: IntArray
    orders: int
    u_now: FloatArray
    u_kept: FloatArray

    def __post_init__(self) -> None:
        if not self.u_now.mean() > 0:
            raise InputError(
                "A learning curve is relative to the uncertainty now, whose mean must be above 0, "
                f"got {self.u_now.mean():g}."
            )

    @property
    def effects(self) -> FloatArray:
        """Change of U as each cell sees it, in per cent, shape (F, J, V).

        See `relative_change`.
        """
        return relative_change(self.u_now, self.u_kept)


def acquisition_cells(
    training: TrainingRows,
    in_range: BoolArray,
    before: FloatArray,
    x: FloatArray,
    y: TargetArray,
    blocks: npt.NDArray[np.intp],
    recipe: Recipe,
    *,
    seed: int,
    fractions: Sequence[float] = FRACTIONS,
) -> AcquisitionCells:
    """Fit the members anew to fewer and fewer rows of a range; all rows outside it stay.

    The members have their random numbers in common with those that were fitted to all rows.

    Parameters
    ----------
    training
        The rows to which the ensemble that there is was fitted.
    in_range
        Which of them lie in the range, shape (n,).
    before
        Mean epistemic uncertainty U of each cell by that ensemble, shape (J, V).
    x, y
        Features and target of the evaluation rows, shapes (m, p) and (m,).
    blocks
        Row block of each evaluation row, shape (m,).
    recipe
        How that ensemble was fitted.
    seed
        Of the orders in which rows are kept.
    fractions
        Parts of the range's rows to keep, increasing, between 0 and 1.

    Raises
    ------
    InputError
        If the range has too few rows, there is no uncertainty now, a fraction is out of its bounds,
        or the rows kept lose a class.
    """
    n_now, n_groups = int(in_range.sum()), len(recipe.members)
    kept, orders = rows_to_keep(n_now, fractions), orders_of(n_groups)
    if before.shape != (n_groups, blocks.max() + 1):
        raise InputError(
            f"U before must hold a cell for each of {n_groups} sub-ensembles and "
            f"{blocks.max() + 1} row blocks, got the shape {before.shape}."
        )
    subsets = nested_subsets(in_range, kept, orders, generator(seed, "orders of a range's rows"))
    check_classes(training, subsets)
    changes = ([training.take(subset) for subset in of_orders] for of_orders in subsets)
    after = [
        cell_means(scores[SCORES.index("u")].T, blocks)
        for scores in refitted_scores(recipe, changes, x, y)
    ]
    return AcquisitionCells(n_now, kept, orders, before, np.stack(after))
