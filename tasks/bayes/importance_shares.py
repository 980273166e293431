"""Shares of importance and their credible intervals, from posterior draws of alpha."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tasks.bayes.arguments import Floats
from tasks.errors import InputError


@dataclass(frozen=True)
class DrawSummary:
    """Mean and equal-tailed credible interval of each key, shape (K,), from independent draws.

    Attributes
    ----------
    mean, lower, upper
        Posterior mean and the interval's ends.
    mean_error, lower_error, upper_error
        Their Monte Carlo standard errors.
    """

    mean: Floats
    lower: Floats
    upper: Floats
    mean_error: Floats
    lower_error: Floats
    upper_error: Floats


@dataclass(frozen=True)
class ShareSummary:
    """Shares, given that some importance is above 0.

    Attributes
    ----------
    shares
        Mean and interval of each key's share.
    undefined
        Fraction of draws in which no importance is above 0, so that no share is defined.
    """

    shares: DrawSummary
    undefined: float


def credible_interval(draws: npt.ArrayLike, level: float = 0.95) -> DrawSummary:
    """Summarize independent draws by mean and equal-tailed interval.

    Parameters
    ----------
    draws
        Shape (S, K), S >= 2.
    level
        Probability of the interval, in (0, 1).

    Raises
    ------
    InputError
        If the draws are not of that shape or not finite, or the level is out of its bounds.
    """
    values = _check_draws(draws)
    if len(values) < 2:
        raise InputError(f"A credible interval needs at least 2 draws, got {len(values)}.")
    _check_level(level)
    lower, lower_error = _quantile(values, (1 - level) / 2)
    upper, upper_error = _quantile(values, (1 + level) / 2)
    return DrawSummary(
        mean=values.mean(axis=0),
        lower=lower,
        upper=upper,
        mean_error=values.std(axis=0, ddof=1) / math.sqrt(len(values)),
        lower_error=lower_error,
        upper_error=upper_error,
    )


def importance_shares(alpha: npt.ArrayLike) -> Floats:
    """Give max(alpha_k, 0) / sum in every draw.

    Parameters
    ----------
    alpha
        Draws of the importances, shape (S, K); each has at least one above 0.

    Returns
    -------
    numpy.ndarray
        Shape (S, K); each row sums to 1.

    Raises
    ------
    InputError
        If the draws are not of that shape or not finite, or none is above 0 in a row.

    Examples
    --------
    >>> importance_shares([[3.0, 1.0, -2.0]])
    array([[0.75, 0.25, 0.  ]])
    """
    gains = np.maximum(_check_draws(alpha), 0.0)
    total = gains.sum(axis=1, keepdims=True)
    undefined = int((total == 0).sum())
    if undefined:
        raise InputError(
            f"Shares need an importance above 0 in every draw, got none in {undefined} of "
            f"{len(gains)} draws."
        )
    return np.asarray(gains / total)


def share_interval(alpha: npt.ArrayLike, level: float = 0.95) -> ShareSummary:
    """Summarize the shares over the draws in which they are defined.

    Parameters
    ----------
    alpha
        Independent draws of the importances, shape (S, K).
    level
        Probability of the interval, in (0, 1).

    Raises
    ------
    InputError
        As `credible_interval`; also if shares are undefined in more than 1 - level of the draws:
        an interval of that level would then leave out all that it does not describe.
    """
    values = _check_draws(alpha)
    _check_level(level)
    defined = (values > 0).any(axis=1)
    undefined = 1 - float(defined.mean())
    if undefined > 1 - level:
        raise InputError(
            f"Shares are not assessable at level {level:g}: in {undefined:.1%} of the draws no "
            "importance is above 0; report the importances themselves."
        )
    return ShareSummary(credible_interval(importance_shares(values[defined]), level), undefined)


def _quantile(values: Floats, probability: float) -> tuple[Floats, Floats]:
    """Quantile of each column, and half the distance of those one standard error away."""
    error = math.sqrt(probability * (1 - probability) / len(values))
    around = np.clip([probability - error, probability, probability + error], 0, 1)
    below, at, above = np.quantile(values, around, axis=0)
    return at, (above - below) / 2


def _check_level(level: float) -> None:
    if not 0 < level < 1:
        raise InputError(f"Argument level must lie between 0 and 1, got {level}.")


def _check_draws(draws: npt.ArrayLike) -> Floats:
    values = np.asarray(draws, dtype=np.float64)
    if values.ndim != 2 or values.size == 0:
        raise InputError(f"Draws must have the shape (draws, keys), got {values.shape}.")
    wrong = int((~np.isfinite(values)).sum())
    if wrong:
        raise InputError(f"Draws must be finite, got {wrong} that are not.")
    return values
