"""Value ranges of a column, and the parts of its share that fall into them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tasks.errors import InputError

MISSING = "missing"


@dataclass(frozen=True)
class NumberRanges:
    """Intervals of a number, closed on the left, and one more range for missing values.

    Attributes
    ----------
    edges
        Inner edges, increasing: n edges part n + 1 intervals.
    """

    edges: tuple[float, ...]

    @property
    def labels(self) -> tuple[str, ...]:
        """Name of each range."""
        if not self.edges:
            return ("any", MISSING)
        inner = zip(self.edges[:-1], self.edges[1:], strict=True)
        return (
            f"< {self.edges[0]:.6g}",
            *(f"[{low:.6g}, {high:.6g})" for low, high in inner),
            f">= {self.edges[-1]:.6g}",
            MISSING,
        )

    def codes(self, values: NDArray[np.float64]) -> NDArray[np.intp]:
        """Range of each value, counted from 0.

        Examples
        --------
        >>> NumberRanges((1.0, 2.0)).codes(np.array([0.5, 1.0, 3.0, np.nan])).tolist()
        [0, 1, 2, 3]
        """
        codes = np.searchsorted(self.edges, values, side="right")
        return np.where(np.isnan(values), len(self.edges) + 1, codes)


@dataclass(frozen=True)
class CategoryRanges:
    """A range for each category, one for all others, and one for missing values.

    Attributes
    ----------
    categories
        The codes that have a range of their own, increasing.
    """

    categories: tuple[float, ...]

    @property
    def labels(self) -> tuple[str, ...]:
        """Name of each range."""
        return (*(f"{category:g}" for category in self.categories), "other", MISSING)

    def codes(self, values: NDArray[np.float64]) -> NDArray[np.intp]:
        """Range of each value, counted from 0.

        Examples
        --------
        >>> CategoryRanges((1.0, 4.0)).codes(np.array([4.0, 1.0, 2.0, np.nan])).tolist()
        [1, 0, 2, 3]
        """
        known = np.array(self.categories)
        nearest = np.minimum(np.searchsorted(known, values), len(known) - 1)
        codes = np.where(known[nearest] == values, nearest, len(known))
        return np.where(np.isnan(values), len(known) + 1, codes)


def fit_number_ranges(values: NDArray[np.float64], n_ranges: int) -> NumberRanges:
    """Cut a number at its quantiles.

    Parameters
    ----------
    values
        Training values, shape (n,); NaN is missing.
    n_ranges
        Number of intervals wanted; fewer come where many values are equal, and none is empty.

    Raises
    ------
    InputError
        If fewer than one interval is wanted or every value is missing.

    Examples
    --------
    >>> fit_number_ranges(np.arange(9.0), 4).edges
    (2.0, 4.0, 6.0)
    """
    if n_ranges < 1:
        raise InputError(f"The number of ranges must be >= 1, got {n_ranges}.")
    present = _present(values)
    edges = np.unique(np.quantile(present, np.arange(1, n_ranges) / n_ranges, method="higher"))
    return NumberRanges(tuple(float(edge) for edge in edges[edges > present.min()]))


def fit_category_ranges(values: NDArray[np.float64]) -> CategoryRanges:
    """Give each category a range.

    Parameters
    ----------
    values
        Codes in the training rows, shape (n,); NaN is missing.

    Raises
    ------
    InputError
        If every value is missing.
    """
    return CategoryRanges(tuple(float(category) for category in np.unique(_present(values))))


def range_parts(
    gains: NDArray[np.float64], codes: NDArray[np.intp], n_ranges: int
) -> NDArray[np.float64]:
    """Parts of a column's share: its mean gain with the mean restricted to a range's rows.

    Parameters
    ----------
    gains
        Gain of the column at each row in each sub-ensemble, shape (N, J).
    codes
        Value range of each row, shape (N,).
    n_ranges
        Number of ranges.

    Returns
    -------
    ndarray of shape (n_ranges, J)
        They sum to ``gains.mean(axis=0)``; a range without rows has part 0.

    Examples
    --------
    >>> range_parts(np.array([[1.0], [2.0], [3.0]]), np.array([0, 1, 0]), 2).ravel().tolist()
    [1.3333333333333333, 0.6666666666666666]
    """
    parts = [np.bincount(codes, gain, n_ranges) for gain in gains.T]
    return np.stack(parts, axis=1) / len(gains)


def _present(values: NDArray[np.float64]) -> NDArray[np.float64]:
    present = values[~np.isnan(values)]
    if not len(present):
        raise InputError("Ranges need a value that is not missing, got none: leave the column out.")
    return present
