"""A mean with its 95 % credible interval, as it is told and written."""

import numpy.typing as npt
from pydantic import BaseModel, ConfigDict

from tasks.bayes.importance_shares import credible_interval


class Interval(BaseModel):
    """A mean with its 95 % credible interval."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    mean: float
    low: float
    high: float


def intervals(draws: npt.ArrayLike) -> tuple[Interval, ...]:
    """Mean and equal-tailed 95 % interval of each quantity.

    Parameters
    ----------
    draws
        Posterior draws of K quantities, shape (S, K), S >= 2.

    Returns
    -------
    tuple of Interval
        One of each quantity, in its unit.

    Raises
    ------
    InputError
        As `credible_interval`.

    Examples
    --------
    >>> (found,) = intervals([[0.0], [100.0]])
    >>> round(found.mean, 1), round(found.low, 1), round(found.high, 1)
    (50.0, 2.5, 97.5)
    """
    summary = credible_interval(draws)
    ends = zip(summary.mean, summary.lower, summary.upper, strict=True)
    return tuple(Interval(mean=mean, low=low, high=high) for mean, low, high in ends)
