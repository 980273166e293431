"""Test of discrete uniform ranks by their ECDF, with simultaneous bands and exact p-values.

N ranks in 0..L are uniform if the number of ranks below k is Binomial(N, z_k), z_k = k / (L + 1),
for k = 1..L. The statistic is the smallest two-sided pointwise tail probability over all k.

References
----------
Säilynoja, Bürkner & Vehtari (2022), Graphical test for discrete uniformity and its applications in
goodness-of-fit evaluation and multiple sample comparison, Statistics and Computing 32:32.
"""

import functools
from bisect import bisect_right

import numpy as np
import numpy.typing as npt
from scipy.special import gammaln, xlog1py, xlogy

from tasks.calibration.ranks import IntArray, check_ranks
from tasks.calibration.simulations import FloatArray
from tasks.errors import InputError

NEGLIGIBLE = 1e-30
"""Increments less probable than this are left out: far below the rounding error of a sum."""
ROUNDING = 1 + 1e-9
"""Tail probabilities that differ by a smaller factor are taken as equal."""


def ecdf_statistic(ranks: IntArray, n_ranks: int) -> FloatArray:
    """Smallest pointwise tail probability of the ranks' ECDF.

    ``gamma = 2 min_k min(P(B_k <= c_k), P(B_k >= c_k))`` with c_k the number of ranks below k and
    B_k ~ Binomial(N, k / (L + 1)).

    Parameters
    ----------
    ranks
        Shape (N,) or (N, Q).
    n_ranks
        L + 1.

    Returns
    -------
    ndarray of shape () or (Q,)

    Raises
    ------
    InputError
        If a rank is outside of 0..L.

    Examples
    --------
    >>> round(float(ecdf_statistic(np.zeros(3, dtype=np.int32), 2)), 12)
    0.25
    """
    counts = _counts_below(ranks, n_ranks)
    n = len(ranks)
    lower = _lower_tails(n, n_ranks)
    k = np.arange(n_ranks - 1)
    tails = np.minimum(lower[k, counts], lower[::-1, ::-1][k, counts])
    gamma: FloatArray = 2 * tails.min(axis=-1)
    return gamma


def ecdf_difference(ranks: IntArray, n_ranks: int) -> FloatArray:
    """ECDF minus that of uniform ranks, at z_k = k / (L + 1), shape (L,) or (Q, L).

    Raises
    ------
    InputError
        If a rank is outside of 0..L.

    Examples
    --------
    >>> ecdf_difference(np.array([0, 0, 1, 3], dtype=np.int32), 4).tolist()
    [0.25, 0.25, 0.0]
    """
    return _share(_counts_below(ranks, n_ranks), len(ranks), n_ranks)


def simultaneous_bands(n: int, n_ranks: int, alpha: float) -> tuple[FloatArray, FloatArray]:
    """Lowest and highest ECDF difference that the test at level alpha accepts.

    A sample is rejected exactly if its `ecdf_difference` is outside of the bands at some k.

    Parameters
    ----------
    n
        Number of simulations N.
    n_ranks
        L + 1.
    alpha
        Level of the test.

    Returns
    -------
    lower, upper
        At k = 1..L, each of shape (L,).

    Raises
    ------
    InputError
        If a number is outside of its range.

    Examples
    --------
    >>> lower, upper = simultaneous_bands(100, 4, 0.05)
    >>> lower.round(2).tolist(), upper.round(2).tolist()
    ([-0.1, -0.11, -0.1], [0.1, 0.11, 0.1])
    """
    lowest, highest = _accepted_counts(critical_gamma(n, n_ranks, alpha), n, n_ranks)
    return _share(lowest, n, n_ranks), _share(highest, n, n_ranks)


@functools.cache
def critical_gamma(n: int, n_ranks: int, alpha: float) -> float:
    """Largest value of the statistic that a test at level alpha rejects.

    The statistic is discrete. This is the largest value that it can take and whose `p_value` is
    not above alpha, or 0 where even the smallest one's is above.

    Parameters
    ----------
    n
        Number of simulations N.
    n_ranks
        L + 1.
    alpha
        Level of the test: under uniform ranks it rejects with at most this probability.

    Raises
    ------
    InputError
        If a number is outside of its range.

    Examples
    --------
    >>> round(critical_gamma(100, 4, 0.05), 4)
    0.021
    """
    if not 0 < alpha < 1:
        raise InputError(f"The level of a test must be between 0 and 1, got {alpha}.")
    tails = _lower_tails(n, n_ranks)
    values = np.unique(np.append(2 * tails[tails <= alpha], 0.0))  # p >= gamma / 2
    n_rejected = bisect_right(values, alpha, key=lambda gamma: p_value(float(gamma), n, n_ranks))
    return float(values[n_rejected - 1])


@functools.lru_cache(maxsize=2**14)
def p_value(gamma: float, n: int, n_ranks: int) -> float:
    """Probability that the statistic of N uniform ranks is at most gamma.

    Exact but for rounding. The counts at k = 1..L are those of a Poisson process with N / (L + 1)
    events a step, given N events in L + 1 steps, so the probability of staying within the accepted
    counts comes from one convolution a step.

    Parameters
    ----------
    gamma
        Value of `ecdf_statistic`.
    n
        Number of simulations N.
    n_ranks
        L + 1.

    Raises
    ------
    InputError
        If a number is outside of its range.

    References
    ----------
    Moscovich & Nadler (2017), Fast calculation of boundary crossing probabilities for Poisson
    processes, Statistics & Probability Letters 123, 177-182.

    Examples
    --------
    >>> round(p_value(0.25, 3, 2), 12)
    0.25
    """
    lowest, highest = _accepted_counts(gamma, n, n_ranks)
    if (lowest > highest).any():
        return 1.0
    increment = _poisson(n / n_ranks, n)
    kernel = increment[: np.flatnonzero(increment > NEGLIGIBLE)[-1] + 1]
    inside, start = np.ones(1), 0
    for low, high in zip(lowest.tolist(), highest.tolist(), strict=True):
        inside = np.convolve(inside, kernel)[low - start : high - start + 1]
        start = low
    last = increment[n - start - np.arange(len(inside))]
    outside = 1 - float(inside @ last) / float(_poisson(n, n)[n])
    return max(min(outside, (n_ranks - 1) * gamma, 1.0), 0.0)  # the union bound, where p is tiny


def _counts_below(ranks: IntArray, n_ranks: int) -> npt.NDArray[np.int64]:
    """Number of ranks below k = 1..L, shape (L,) or (Q, L)."""
    check_ranks(ranks, n_ranks)
    columns = ranks.reshape(len(ranks), -1)
    n_columns = columns.shape[1]
    cells = columns + n_ranks * np.arange(n_columns)
    histogram = np.bincount(cells.ravel(), minlength=n_ranks * n_columns)
    below = histogram.reshape(n_columns, n_ranks).cumsum(axis=1)[:, :-1]
    return below.reshape(*ranks.shape[1:], n_ranks - 1)


def _accepted_counts(
    gamma: float, n: int, n_ranks: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Smallest and largest count at k = 1..L whose two-sided tail is above gamma."""
    lowest: npt.NDArray[np.int64] = (_lower_tails(n, n_ranks) <= gamma / 2 * ROUNDING).sum(axis=1)
    return lowest, n - lowest[::-1]


@functools.lru_cache(maxsize=4)
def _lower_tails(n: int, n_ranks: int) -> FloatArray:
    """P(B_k <= c) for k = 1..L and c = 0..N, shape (L, N + 1).

    ``P(B_k >= c) = P(B_{L+1-k} <= N - c)``, so reversed it holds the upper tails, and tails that
    are equal by symmetry are equal to the last bit.
    """
    if n < 1 or n_ranks < 2:
        raise InputError(f"The test needs N >= 1 and L + 1 >= 2, got {n} and {n_ranks}.")
    z = np.arange(1, n_ranks)[:, None] / n_ranks
    c = np.arange(n + 1)
    ways = gammaln(n + 1) - gammaln(c + 1) - gammaln(n - c + 1)
    tails: FloatArray = np.exp(ways + xlogy(c, z) + xlog1py(n - c, -z)).cumsum(axis=1)
    tails.flags.writeable = False
    return tails


def _poisson(mean: float, most: int) -> FloatArray:
    """Probabilities of 0..most events."""
    events = np.arange(most + 1)
    probability: FloatArray = np.exp(xlogy(events, mean) - mean - gammaln(events + 1))
    return probability


def _share(counts: npt.NDArray[np.int64], n: int, n_ranks: int) -> FloatArray:
    difference: FloatArray = counts / n - np.arange(1, n_ranks) / n_ranks
    return difference
