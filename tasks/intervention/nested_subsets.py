"""Fewer and fewer of a value range's training rows, in nested subsets of random orders."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from tasks.errors import InputError
from tasks.uncertainty.model_data import TrainingRows

BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]

FRACTIONS = (1 / 8, 1 / 4, 1 / 2)
"""Parts of a range's training rows to which members are fitted anew."""
FEWEST_KEPT = 8
"""Rows of a range below which nothing is learnt of its curve."""


def rows_to_keep(n_now: int, fractions: Sequence[float] = FRACTIONS) -> IntArray:
    """How many of a range's rows each fit keeps, shape (F,).

    Raises
    ------
    InputError
        If the fractions do not increase between 0 and 1, or the least keeps fewer than 8 rows.

    Examples
    --------
    >>> rows_to_keep(100).tolist()
    [12, 25, 50]
    """
    parts = np.asarray(fractions, dtype=np.float64)
    if not (len(parts) and parts[0] > 0 and parts[-1] < 1 and (np.diff(parts) > 0).all()):
        raise InputError(
            f"Fractions of a range's rows must increase between 0 and 1, got {list(fractions)}."
        )
    kept = np.floor(parts * n_now).astype(np.int64)
    if kept[0] < FEWEST_KEPT or (np.diff(kept) == 0).any():
        raise InputError(
            f"A learning curve needs at least {FEWEST_KEPT} training rows of the range in its "
            f"smallest fit, and more in each larger one, got {kept.tolist()} of {n_now}: take a "
            "wider range."
        )
    return kept


def orders_of(groups: int) -> int:
    """Number of random orders of the rows, D, among which J sub-ensembles are shared out.

    Parameters
    ----------
    groups
        J.

    Returns
    -------
    int
        The largest divisor of J from 2 to J / 2, so that orders can be told from sub-ensembles; J
        where there is none.

    Examples
    --------
    >>> [orders_of(groups) for groups in (2, 4, 5, 8, 9)]
    [2, 2, 5, 4, 3]
    """
    divisors = (d for d in range(groups // 2, 1, -1) if groups % d == 0)
    return next(divisors, groups)


def nested_subsets(
    in_range: BoolArray, kept: IntArray, orders: int, rng: np.random.Generator
) -> BoolArray:
    """Training rows that stay: all outside the range, and the first of those in it, at random.

    Parameters
    ----------
    in_range
        Which of n rows lie in the range, shape (n,).
    kept
        Rows of the range that stay, shape (F,).
    orders
        D random orders, each of which gives F subsets.
    rng
        Source of randomness.

    Returns
    -------
    numpy.ndarray
        Shape (F, D, n). The subsets of an order are nested.

    Examples
    --------
    >>> in_range = np.array([True, True, False, True])
    >>> nested_subsets(in_range, np.array([1, 2]), 3, np.random.default_rng(1)).sum(axis=2)
    array([[2, 2, 2],
           [3, 3, 3]])
    """
    n_now = int(in_range.sum())
    place = np.full((orders, len(in_range)), -1)
    for of_order in place:
        of_order[in_range] = rng.permutation(n_now)
    return place < np.asarray(kept)[:, None, None]


def check_classes(training: TrainingRows, subsets: BoolArray) -> None:
    """Refuse subsets in which a class is found in fewer than the two entities that bags need.

    Parameters
    ----------
    training
        n rows.
    subsets
        As `nested_subsets` gives them; the first are the smallest.

    Raises
    ------
    InputError
        If one does.
    """
    for code in range(training.n_classes or 0):
        has_class = training.y == code
        for subset in subsets[0]:
            entities = len(np.unique(training.entities[subset & has_class]))
            if entities < 2:
                raise InputError(
                    "Fewer rows of a range must leave each class in at least 2 entities, got "
                    f"{entities} for class {code}: take another range."
                )
