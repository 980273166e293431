"""Coverage of central posterior intervals, as ranks tell it."""

from dataclasses import dataclass

import numpy as np
from scipy.special import betaincinv

from tasks.calibration.ranks import IntArray, check_ranks
from tasks.calibration.simulations import FloatArray
from tasks.errors import InputError

LEVELS = (0.5, 0.8, 0.95)
TAIL = 0.025


@dataclass(frozen=True)
class Coverage:
    """How often a central interval holds the true value.

    Attributes
    ----------
    level
        Probability that was asked for.
    nominal
        Probability of the set of ranks that stands for it: what calibrated intervals cover.
    covered
        Share of the simulations whose rank is in the set.
    lower, upper
        95 % interval of the covered share.

    Examples
    --------
    >>> str(Coverage(0.5, 0.5, 0.4213, 0.391, 0.4522))
    '50 % interval covers 42.1 % (39.1 to 45.2), nominally 50.0 %'
    """

    level: float
    nominal: float
    covered: float
    lower: float
    upper: float

    def __str__(self) -> str:
        return (
            f"{100 * self.level:g} % interval covers {100 * self.covered:.1f} % "
            f"({100 * self.lower:.1f} to {100 * self.upper:.1f}), nominally "
            f"{100 * self.nominal:.1f} %"
        )


def central_ranks(n_ranks: int, level: float) -> tuple[int, int]:
    """Lowest and highest rank inside of a central interval.

    With j ranks left out at each end, the ranks j..L - j are inside: the truth lies between the
    j-th smallest and the j-th largest of the L draws. j is the whole number nearest to
    ``(L + 1)(1 - level) / 2``, of two equally near ones the smaller, which gives the wider set.
    With j = 0 every rank is inside: L is then too small for the level.

    Parameters
    ----------
    n_ranks
        L + 1, at least 2.
    level
        Probability between 0 and 1.

    Raises
    ------
    InputError
        If a number is outside of its range.

    Examples
    --------
    >>> central_ranks(100, 0.8), central_ranks(100, 0.95)
    ((10, 89), (2, 97))
    """
    if n_ranks < 2 or not 0 < level < 1:
        raise InputError(
            f"A central interval needs L + 1 >= 2 and a level between 0 and 1, got {n_ranks} and "
            f"{level}."
        )
    left_out = round(n_ranks * (1 - level) / 2, 9)  # 2.5 is to be a tie, whatever 1 - 0.95 is
    lowest = min(int(np.ceil(left_out - 0.5)), (n_ranks - 1) // 2)
    return lowest, n_ranks - 1 - lowest


def interval_coverage(ranks: IntArray, n_ranks: int) -> tuple[tuple[Coverage, ...], ...]:
    """Coverage of the central 50, 80 and 95 % intervals, with Jeffreys intervals.

    Parameters
    ----------
    ranks
        Shape (N, Q).
    n_ranks
        L + 1.

    Returns
    -------
    tuple of Q tuples
        One `Coverage` a level.

    Raises
    ------
    InputError
        If a rank is outside of 0..L.

    References
    ----------
    Brown, Cai & DasGupta (2001), Interval estimation for a binomial proportion, Statistical Science
    16, 101-133.

    Examples
    --------
    >>> ((half, *_),) = interval_coverage(np.arange(10, dtype=np.int32)[:, None], 10)
    >>> half.nominal, half.covered, round(half.lower, 3), round(half.upper, 3)
    (0.6, 0.6, 0.304, 0.847)
    """
    check_ranks(ranks, n_ranks)
    ends = np.array([central_ranks(n_ranks, level) for level in LEVELS])
    is_inside = (ranks[..., None] >= ends[:, 0]) & (ranks[..., None] <= ends[:, 1])
    held = is_inside.sum(axis=0)
    n = len(ranks)
    nominal = (ends[:, 1] - ends[:, 0] + 1) / n_ranks
    lower = np.where(held > 0, _beta_quantile(held, n, TAIL), 0.0)
    upper = np.where(held < n, _beta_quantile(held, n, 1 - TAIL), 1.0)
    columns = np.broadcast_arrays(LEVELS, nominal, held / n, lower, upper)
    table = np.stack(columns, axis=-1).tolist()
    return tuple(tuple(Coverage(*row) for row in rows) for rows in table)


def _beta_quantile(held: IntArray, n: int, probability: float) -> FloatArray:
    """Of the Beta(held + 1/2, n - held + 1/2) law."""
    quantile: FloatArray = betaincinv(held + 0.5, n - held + 0.5, probability)
    return quantile
