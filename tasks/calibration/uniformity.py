"""Chi-square test of ranks, the moments that name a failure, and p-values of many quantities."""

from dataclasses import dataclass
from enum import Enum

import numpy as np
from scipy.special import chdtrc

from tasks.calibration.ranks import IntArray, check_ranks
from tasks.calibration.simulations import FloatArray
from tasks.errors import InputError

MOST_BINS = 20
LEAST_EXPECTED = 5
"""Expected count in a bin from which on the chi-square law holds well (Cochran's rule)."""
CLEAR_Z = 2.58
"""Two-sided 1 %: a z-score beyond it names a shape."""


class Shape(Enum):
    """How ranks deviate from uniform ones."""

    LOW = "low"
    HIGH = "high"
    BOTH_ENDS = "both ends"
    MIDDLE = "middle"
    OTHER = "other"


@dataclass(frozen=True)
class RankMoments:
    """Moments and ends of the ranks of one quantity against those of uniform ranks.

    Attributes
    ----------
    mean_z
        z-score of the mean rank; negative where true values rank low.
    spread_z
        z-score of the mean squared deviation from the middle rank; positive where ranks are far
        from the middle.
    variance_ratio
        Variance of the ranks around their own mean, relative to that of uniform ranks.
    smaller_end
        Number of ranks in the lowest or the highest tenth, whichever holds fewer, relative to the
        expected number; above 1 where both ends are overfull.
    """

    mean_z: float
    spread_z: float
    variance_ratio: float
    smaller_end: float


def bins_for(n: int, n_ranks: int) -> int:
    """Number of bins of equal probability for the chi-square test.

    Bins hold equally many ranks only if their number divides L + 1. More bins see finer shapes but
    need more simulations and lose power against the broad shapes of a wrong posterior.

    Parameters
    ----------
    n
        Number of simulations N.
    n_ranks
        L + 1.

    Returns
    -------
    int
        The largest divisor of L + 1 that is at most 20 and gives an expected count of at least 5;
        1, which is no test, where there is no other.

    Examples
    --------
    >>> bins_for(1000, 100), bins_for(60, 100), bins_for(1000, 101)
    (20, 10, 1)
    """
    most = min(MOST_BINS, n // LEAST_EXPECTED, n_ranks)
    return max((bins for bins in range(1, most + 1) if n_ranks % bins == 0), default=1)


def chi_square_p_value(ranks: IntArray, n_ranks: int) -> FloatArray:
    """Probability of a chi-square statistic as large under uniform ranks.

    Parameters
    ----------
    ranks
        Shape (N,) or (N, Q).
    n_ranks
        L + 1.

    Returns
    -------
    ndarray of shape () or (Q,)
        NaN where `bins_for` finds fewer than two bins.

    Raises
    ------
    InputError
        If a rank is outside of 0..L.

    References
    ----------
    Cochran (1954), Some methods for strengthening the common chi-square tests, Biometrics 10,
    417-451.

    Examples
    --------
    >>> chi_square_p_value(np.repeat(np.arange(4, dtype=np.int32), 10), 4).item()
    1.0
    """
    check_ranks(ranks, n_ranks)
    n = len(ranks)
    bins = bins_for(n, n_ranks)
    if bins < 2:
        return np.full(ranks.shape[1:], np.nan)
    bin_of_rank = ranks // (n_ranks // bins)
    counts = np.stack([(bin_of_rank == b).sum(axis=0) for b in range(bins)])
    statistic = np.square(counts - n / bins).sum(axis=0) / (n / bins)
    p_value: FloatArray = np.asarray(chdtrc(bins - 1, statistic))
    return p_value


def rank_moments(ranks: IntArray, n_ranks: int) -> tuple[RankMoments, ...]:
    """Compare mean, spread and ends of ranks with those of uniform ranks.

    With M = L + 1 the discrete uniform law has variance (M² - 1) / 12, and the squared deviation
    from its middle has variance (M² - 1)(M² - 4) / 180.

    Parameters
    ----------
    ranks
        Shape (N, Q).
    n_ranks
        L + 1, at least 3.

    Returns
    -------
    tuple of Q RankMoments

    Raises
    ------
    InputError
        If a rank is outside of 0..L, or L + 1 is below 3: all ranks are then equally far from the
        middle.

    Examples
    --------
    >>> (moments,) = rank_moments(np.array([[0], [1], [2], [0]], dtype=np.int32), 3)
    >>> round(moments.mean_z, 3), round(moments.spread_z, 3), moments.smaller_end
    (-0.612, 0.354, 0.75)
    """
    check_ranks(ranks, n_ranks)
    if n_ranks < 3:
        raise InputError(f"The spread of ranks needs L + 1 >= 3, got {n_ranks}.")
    n = len(ranks)
    deviation = ranks - (n_ranks - 1) / 2
    mean = deviation.mean(axis=0)
    square = np.square(deviation).mean(axis=0)
    variance = (n_ranks**2 - 1) / 12
    variance_of_square = (n_ranks**2 - 1) * (n_ranks**2 - 4) / 180
    end = max(1, n_ranks // 10)
    in_end = np.minimum((ranks < end).sum(axis=0), (ranks >= n_ranks - end).sum(axis=0))
    columns = (
        mean / np.sqrt(variance / n),
        (square - variance) / np.sqrt(variance_of_square / n),
        (square - np.square(mean)) / variance,
        in_end / (n * end / n_ranks),
    )
    return tuple(RankMoments(*row) for row in np.stack(columns, axis=-1).tolist())


def name_shapes(moments: RankMoments) -> tuple[Shape, ...]:
    """Name how ranks deviate, given that they do.

    A mean off the middle is judged against the ranks' own spread, since it varies more where ranks
    lie at both ends. A large spread comes from both ends only if both are overfull; otherwise it is
    that of a mean far off the middle.

    Examples
    --------
    >>> name_shapes(RankMoments(mean_z=-9.0, spread_z=4.0, variance_ratio=0.9, smaller_end=0.4))
    (<Shape.LOW: 'low'>,)
    """
    shapes = []
    if abs(moments.mean_z) > CLEAR_Z * np.sqrt(moments.variance_ratio):
        shapes.append(Shape.LOW if moments.mean_z < 0 else Shape.HIGH)
    if moments.spread_z > CLEAR_Z and moments.smaller_end > 1:
        shapes.append(Shape.BOTH_ENDS)
    if moments.spread_z < -CLEAR_Z:
        shapes.append(Shape.MIDDLE)
    return tuple(shapes) or (Shape.OTHER,)


def holm(p_values: FloatArray) -> FloatArray:
    """Adjust p-values, shape (Q,), so that the family-wise level holds under every dependence.

    Šidák's rule gains next to nothing over it (a level of 0.0500 in place of 0.0491 for four
    independent quantities at 0.05) but needs independence or a positive dependence.

    References
    ----------
    Holm (1979), A simple sequentially rejective multiple test procedure, Scandinavian Journal of
    Statistics 6, 65-70.

    Examples
    --------
    >>> holm(np.array([0.5, 0.01, 0.02])).tolist()
    [0.5, 0.03, 0.04]
    """
    order = np.argsort(p_values)
    factors = np.arange(len(p_values), 0, -1)
    adjusted = np.empty(len(p_values))
    adjusted[order] = np.minimum(np.maximum.accumulate(factors * p_values[order]), 1.0)
    return adjusted
