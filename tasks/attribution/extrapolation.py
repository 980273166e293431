"""How far permuted rows lie outside the data."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.neighbors import NearestNeighbors

from tasks.errors import InputError

OUTLYING = 0.99
"""Quantile of the data's own nearest-neighbour distances beyond which a row lies outside."""
MOST_DENSE = 2e7
"""Coordinates up to which they are held densely: distances then take a fraction of the time."""
ROUNDING = 1e-6
"""Distances of equal rows come out as much as this above 0."""


def extrapolated_fraction(
    rows: NDArray[np.float64],
    categorical: NDArray[np.bool_],
    features: Sequence[int],
    donors: NDArray[np.intp],
) -> float:
    """Fraction of permuted rows that lie farther from the data than 99 % of the data do.

    The squared distance of two rows sums the squared differences of their standardized numbers
    and 1 for each category that differs and each value that is missing in one of them alone.

    Parameters
    ----------
    rows
        X, shape (N, p); NaN is missing.
    categorical
        Whether a feature holds category codes, shape (p,).
    features
        Indices of the features that each row takes together from its donor.
    donors
        The donor of each row, shape (N,).

    Returns
    -------
    float
        About 0.01 for features that are independent of the others: a permuted row's neighbours
        are sought among the rows other than the two that it is made of.

    Raises
    ------
    InputError
        If there are fewer than 100 rows, too few for the 99th percentile, or the kinds do not fit.

    Notes
    -----
    Rows that equal another row have distance 0; where 99 % do, any distance lies outside.
    """
    if len(rows) < 100:
        raise InputError(
            f"At least 100 held-out rows are needed, got {len(rows)}: let the test begin earlier, "
            "or give more rows to evaluate."
        )
    if categorical.shape != rows.shape[1:]:
        raise InputError(
            f"There must be a kind for each of the {rows.shape[1]} features, got shape "
            f"{categorical.shape}."
        )
    permuted = rows.copy()
    permuted[:, list(features)] = rows[donors][:, list(features)]
    points = _coordinates(np.concatenate([rows, permuted]), categorical, len(rows))
    data, hybrids = points[: len(rows)], points[len(rows) :]
    neighbours = NearestNeighbors().fit(data)
    own = neighbours.kneighbors(n_neighbors=1)[0][:, 0]
    distances, indices = neighbours.kneighbors(hybrids, n_neighbors=3)
    makers = np.column_stack([np.arange(len(rows)), donors])
    is_maker = (indices[:, :, None] == makers[:, None, :]).any(axis=2)
    nearest = np.where(is_maker, np.inf, distances).min(axis=1)
    return float((nearest > np.quantile(own, OUTLYING) + ROUNDING).mean())


def _coordinates(
    rows: NDArray[np.float64], categorical: NDArray[np.bool_], n_data: int
) -> NDArray[np.float64] | sparse.csr_matrix:
    """Points whose Euclidean distance is that of mixed rows; scaled by the first rows."""
    missing = np.isnan(rows)
    numbers = rows[:, ~categorical]
    data = np.ma.masked_invalid(numbers[:n_data])
    scale = np.ma.filled(data.std(axis=0), 0.0)
    numbers = (numbers - np.ma.filled(data.mean(axis=0), 0.0)) / np.where(scale > 0, scale, 1.0)
    absent = missing[:, ~categorical]
    absent = absent[:, absent.any(axis=0)].astype(np.float64)
    dense = np.concatenate([np.where(np.isnan(numbers), 0.0, numbers), absent], axis=1)
    if not categorical.any():
        return dense
    points = sparse.hstack(
        [dense, *(_indicators(codes) for codes in rows[:, categorical].T)], format="csr"
    )
    return points.toarray() if np.prod(points.shape, dtype=float) <= MOST_DENSE else points


def _indicators(codes: NDArray[np.float64]) -> sparse.csr_matrix:
    """One coordinate a category, missing being one, so that two that differ are 1 apart."""
    categories, code = np.unique(codes, return_inverse=True)
    heights = np.full(len(codes), np.sqrt(0.5))
    return sparse.csr_matrix(
        (heights, (np.arange(len(codes)), code)), shape=(len(codes), len(categories))
    )
