"""Sums over events, one after the other, for the places where they are asked."""

import numpy as np
import numpy.typing as npt
import polars as pl

from tasks.compiled import compiled

FloatArray = npt.NDArray[np.float64]
Places = npt.NDArray[np.int64]
Rows = npt.NDArray[np.uint32]


def sums_at(
    values: pl.Series, rows: Rows, first: Places, end: Places
) -> tuple[FloatArray, FloatArray]:
    """Sum and number of the known values of runs of events.

    A run is summed from its first event on, so that all runs of one key have what they share to
    the last bit.

    Parameters
    ----------
    values
        Numbers or Booleans, one for each row of a table; null where none is known.
    rows
        Row of each of M events in the table.
    first, end
        Places of N runs among the events: from `first` to before `end`.

    Returns
    -------
    tuple of numpy.ndarray
        Each of shape (N,).

    Examples
    --------
    >>> rows = np.array([2, 0, 1], dtype=np.uint32)
    >>> runs = np.array([0, 0, 1]), np.array([3, 1, 2])
    >>> sums_at(pl.Series([1.0, None, 4.0]), rows, *runs)
    (array([5., 4., 1.]), array([2., 1., 1.]))
    """
    numbers = values.cast(pl.Float64).fill_null(0).to_numpy()
    known = values.is_not_null().to_numpy()
    order = np.lexsort((end, first))
    sums, counts = np.empty(len(order)), np.empty(len(order))
    _sum_runs(numbers, known, rows, first, end, order, sums, counts)
    return sums, counts


@compiled
def _sum_runs(
    numbers: FloatArray,
    known: npt.NDArray[np.bool_],
    rows: Rows,
    first: Places,
    end: Places,
    order: Places,
    sums: FloatArray,
    counts: FloatArray,
) -> None:
    """Runs in the order of their first event, and those with the same in that of their end."""
    start, place, total, count = -1, 0, 0.0, 0.0
    for run in order:
        if first[run] != start:
            start = place = first[run]
            total = count = 0.0
        while place < end[run]:
            total += numbers[rows[place]]
            count += known[rows[place]]
            place += 1
        sums[run], counts[run] = total, count
