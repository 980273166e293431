"""Do predictive intervals cover what they say? Coverage and PIT values of a regression."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr
from scipy.stats import beta

from tasks.errors import InputError
from tasks.uncertainty.prediction_checks import check_normal
from tasks.uncertainty.protocol import FloatArray

LEVELS = (0.5, 0.8, 0.9, 0.95)


@dataclass(frozen=True)
class Proportion:
    """A share of independent rows with its 95 % interval.

    Attributes
    ----------
    count, n
        Rows with the property, of all.
    low, high
        Ends of the interval.
    """

    count: int
    n: int
    low: float
    high: float

    @property
    def value(self) -> float:
        """The share itself."""
        return self.count / self.n


@dataclass(frozen=True)
class Coverage:
    """How many rows fell into their central predictive interval of one level."""

    level: float
    covered: Proportion

    @property
    def is_consistent(self) -> bool:
        """Whether the level lies in the interval of the share of rows covered."""
        return self.covered.low <= self.level <= self.covered.high


def proportion(count: int, n: int) -> Proportion:
    """A share with Jeffreys' 95 % interval, from the quantiles of Beta(count + ½, n - count + ½).

    References
    ----------
    Brown, Cai & DasGupta (2001), Interval estimation for a binomial proportion, Statistical
    Science 16, 101-133: the interval closes at 0 for no row, at 1 for all.

    Examples
    --------
    >>> half = proportion(50, 100)
    >>> round(half.low, 3), round(half.high, 3)
    (0.403, 0.597)
    """
    low, high = beta.ppf([0.025, 0.975], count + 0.5, n - count + 0.5)
    return Proportion(
        count, n, 0.0 if count == 0 else float(low), 1.0 if count == n else float(high)
    )


def pit_values(y: FloatArray, mean: FloatArray, variance: FloatArray) -> FloatArray:
    """Probability integral transform of each row under its normal; uniform if calibrated.

    Parameters
    ----------
    y, mean, variance
        As for `gaussian_nll`.

    Returns
    -------
    numpy.ndarray
        Shape (N,), in [0, 1].

    Raises
    ------
    InputError
        As `gaussian_nll`.
    """
    check_normal(y, mean, variance)
    pit: FloatArray = ndtr((y - mean) / np.sqrt(variance))
    return pit


def interval_coverage(pit: FloatArray, levels: Sequence[float] = LEVELS) -> tuple[Coverage, ...]:
    """Coverage of the central predictive intervals of each level.

    Parameters
    ----------
    pit
        As `pit_values` gives them, shape (N,). Their intervals take the rows as independent: where
        rows of an entity depend on each other, they are too narrow.
    levels
        Each in (0, 1).

    Raises
    ------
    InputError
        If there is no row, a PIT value is outside [0, 1], or a level outside (0, 1).

    Examples
    --------
    >>> [c.covered.count for c in interval_coverage(np.array([0.01, 0.3, 0.6, 0.96]))]
    [2, 2, 2, 3]
    """
    if pit.size == 0 or not ((pit >= 0) & (pit <= 1)).all():
        raise InputError("PIT values must lie in [0, 1] and be at least one.")
    if not all(0 < level < 1 for level in levels):
        raise InputError(f"Levels must lie in (0, 1), got {tuple(levels)}.")
    distance = np.abs(2 * pit - 1)
    return tuple(
        Coverage(level, proportion(int((distance <= level).sum()), len(pit))) for level in levels
    )
