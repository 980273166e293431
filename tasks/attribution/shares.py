"""Estimated shares with their Monte Carlo errors, at every level of the hierarchy."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from tasks.attribution.hierarchy import Hierarchy
from tasks.errors import InputError


@dataclass(frozen=True)
class Shares:
    """Shares of the nodes of one level.

    Attributes
    ----------
    names
        One tuple a node: (table,), (table, column) or (table, column, range).
    values
        Share of each node, in the target's unit squared; they sum to the total effect of all
        features.
    errors
        Monte Carlo standard errors of `values`: of the orders and donors, not of the ensemble or
        of the rows.
    fractions, fraction_errors
        `values` divided by the whole, with the standard error of the ratio; NaN where that is 0,
        since nothing is then to be shared.
    """

    names: tuple[tuple[str, ...], ...]
    values: NDArray[np.float64]
    errors: NDArray[np.float64]
    fractions: NDArray[np.float64]
    fraction_errors: NDArray[np.float64]


def estimate_shares(
    names: tuple[tuple[str, ...], ...],
    rounds: NDArray[np.float64],
    wholes: NDArray[np.float64] | None = None,
) -> Shares:
    """Means and standard errors over independent rounds.

    Parameters
    ----------
    names
        The nodes.
    rounds
        Each round's shares, shape (R, nodes), R >= 2.
    wholes
        What each round's shares are fractions of, shape (R,); None: of their sum.

    Examples
    --------
    >>> shares = estimate_shares((("a",), ("b",)), np.array([[1.0, 3.0], [3.0, 3.0]]))
    >>> shares.values.tolist(), shares.errors.tolist(), shares.fractions.tolist()
    ([2.0, 3.0], [1.0, 0.0], [0.4, 0.6])
    """
    values = rounds.mean(axis=0)
    wholes = rounds.sum(axis=1) if wholes is None else wholes
    total = wholes.mean()
    with np.errstate(invalid="ignore", divide="ignore"):
        fractions = values / total
        residuals = (rounds - wholes[:, None] * fractions) / total
    return Shares(names, values, _error(rounds), fractions, _error(residuals))


@dataclass(frozen=True)
class OwenShares:
    """Shares of epistemic uncertainty over tables, columns and value ranges.

    Attributes
    ----------
    hierarchy
        The tables and their columns.
    gains
        Gain of each column at each row in each sub-ensemble, averaged over the orders, shape
        (K, N, J). A column's share is the mean over rows and sub-ensembles.
    range_rounds
        Each round's share of each range, column by column, shape (R, sum of `range_counts`).
    range_counts
        Number of ranges of each column, shape (K,).
    n_orders
        Number of orders walked.
    every_order
        Whether each round took every order.
    converged
        Whether the relative standard error asked for was met.
    """

    hierarchy: Hierarchy
    gains: NDArray[np.float64]
    range_rounds: NDArray[np.float64]
    range_counts: NDArray[np.intp]
    n_orders: int
    every_order: bool
    converged: bool

    @property
    def n_rounds(self) -> int:
        """Number of independent rounds, R."""
        return len(self.range_rounds)

    @cached_property
    def ranges(self) -> Shares:
        """Shares of the value ranges; a range is named by its code."""
        names = tuple(
            (*column, str(code))
            for column, count in zip(self.hierarchy.columns, self.range_counts, strict=True)
            for code in range(count)
        )
        return estimate_shares(names, self.range_rounds)

    @cached_property
    def columns(self) -> Shares:
        """Shares of the columns: each the sum of its ranges'."""
        return estimate_shares(
            self.hierarchy.columns, sum_runs(self.range_rounds, self.range_counts)
        )

    @cached_property
    def tables(self) -> Shares:
        """Shares of the tables: each the sum of its columns'."""
        names = tuple((table,) for table in self.hierarchy.tables)
        columns = sum_runs(self.range_rounds, self.range_counts)
        return estimate_shares(names, sum_runs(columns, np.array(self.hierarchy.sizes)))

    @cached_property
    def total(self) -> Shares:
        """The total effect of all features."""
        return estimate_shares((("all",),), self.range_rounds.sum(axis=1, keepdims=True))


def sum_runs(values: NDArray[np.float64], counts: NDArray[np.intp]) -> NDArray[np.float64]:
    """Sums of consecutive runs along the last axis.

    Examples
    --------
    >>> sum_runs(np.array([1.0, 2.0, 4.0]), np.array([1, 2])).tolist()
    [1.0, 6.0]
    """
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
    sums: NDArray[np.float64] = np.add.reduceat(values, starts, axis=-1)
    return sums


def _error(rounds: NDArray[np.float64]) -> NDArray[np.float64]:
    if len(rounds) < 2:
        raise InputError(f"A Monte Carlo error needs at least 2 rounds, got {len(rounds)}.")
    deviations: NDArray[np.float64] = rounds.std(axis=0, ddof=1)
    deviations /= np.sqrt(len(rounds))
    return deviations
