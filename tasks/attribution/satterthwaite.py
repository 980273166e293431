"""Intervals of a crossed design's mean by Student's t with Satterthwaite's degrees of freedom."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from tasks.attribution.crossed import CrossedStatistics

FloatArray = npt.NDArray[np.float64]
LEVEL = 0.95


@dataclass(frozen=True)
class MeanInterval:
    """Means with the ends of their 95 % intervals, in the cells' unit, each of shape (...)."""

    mean: FloatArray
    low: FloatArray
    high: FloatArray


def mean_interval(statistics: CrossedStatistics) -> MeanInterval:
    """95 % intervals of what is really done, around the means of designs.

    The half width is that quantile of Student's t which `effective_freedom` says, times the
    `standard_error`: a normal quantile takes the few sub-ensembles, blocks and draws for many.

    Examples
    --------
    >>> from tasks.attribution.crossed import crossed_statistics
    >>> found = mean_interval(crossed_statistics([[1.0, 2.0], [3.0, 6.0]]))
    >>> [round(float(end), 1) for end in (found.low, found.mean, found.high)]
    [-7.7, 3.0, 13.7]
    """
    quantile = stats.t.ppf((1 + LEVEL) / 2, effective_freedom(statistics))
    half = quantile * statistics.standard_error
    return MeanInterval(statistics.mean, statistics.mean - half, statistics.mean + half)


def effective_freedom(statistics: CrossedStatistics) -> FloatArray:
    """Degrees of freedom of the squared standard errors, shape (...).

    The squared `standard_error` is a sum of mean squares MS_i with weights w_i, the weight of a
    component that is cut at 0 being 0. It is taken for a multiple of a chi-square with
    (sum w_i MS_i)^2 / sum (w_i MS_i)^2 / f_i degrees of freedom, f_i being those of MS_i. Weights
    below 0 can bring that below the least f_i of a factor, which a sum with weights above 0 never
    is: it is raised to this bound.

    References
    ----------
    Satterthwaite (1946), An approximate distribution of estimates of variance components,
    Biometrics Bulletin 2, 110-114. Gaylor & Hopper (1969), Estimating the degrees of freedom for
    linear combinations of mean squares by Satterthwaite's formula, Technometrics 11, 691-706.

    Examples
    --------
    The 4 cells of a 2 x 2 design leave each mean square one degree of freedom:

    >>> from tasks.attribution.crossed import crossed_statistics
    >>> freedom = effective_freedom(crossed_statistics([[1.0, 2.0], [3.0, 6.0]]))
    >>> round(float(freedom), 4)  # (9 + 4 - 1)^2 / (9^2 + 4^2 + 1^2)
    1.4694
    """
    freedom = statistics.freedom
    mean_squares = np.stack(
        [
            statistics.ms_sub_ensembles,
            statistics.ms_blocks,
            statistics.ms_draws,
            statistics.ms_rest,
        ]
    )
    parts = _weights(statistics, mean_squares) * mean_squares
    spread = (np.square(parts) / freedom).sum(axis=0)
    total = np.square(parts.sum(axis=0))
    found = np.divide(total, spread, out=np.zeros_like(total), where=spread > 0)
    return np.asarray(np.maximum(found, freedom[:3].min(axis=0)))


def _weights(statistics: CrossedStatistics, mean_squares: FloatArray) -> FloatArray:
    """Weights of the mean squares of a, r, s and e in JV times the squared standard errors."""
    drawn = statistics.drawn.astype(np.float64)
    one, none = np.ones_like(drawn), np.zeros_like(drawn)
    if statistics.nested:
        of_mean = np.stack([1 - drawn, one, drawn, -one])
        of_draw = np.stack([-one, none, one, none])
    else:
        of_mean = np.stack([one, one, drawn, -1 - drawn])
        of_draw = np.stack([none, none, one, -one])
    is_least = (of_mean * mean_squares).sum(axis=0) < statistics.ms_rest
    of_mean = np.where(is_least, np.stack([none, none, none, one]), of_mean)
    differ = drawn * (statistics.components.draws > 0)
    return np.asarray(of_mean + statistics.n_draws * differ * of_draw)
