"""Laws by least squares on the probabilities that a client said."""

import math
from collections.abc import Callable, Iterator, Mapping
from itertools import islice

import numpy as np
import numpy.typing as npt
from scipy import special
from scipy.optimize import least_squares

from tasks.beliefs.families import DEFAULT_DF
from tasks.beliefs.free_parameters import SUPPORTS, moved, neighbours
from tasks.beliefs.quick_cdf import quick_cut_cdf
from tasks.domain import PriorFamily

Floats = npt.NDArray[np.float64]

SEARCHES = 3
"""From the best of all starts, as the sum of squares can have several minima."""
SETTLED = 1e-9
"""Residual below which the search ends."""
NOTHING_THERE = 2.0
"""Stands for a probability under a law that holds nothing between the bounds: worse than any."""
TOLERANCE = 1e-12


def can_hold(
    family: PriorFamily, values: Floats, probabilities: Floats, low: float, high: float
) -> bool:
    """Whether the laws of a family reach each value whose probability is neither 0 nor 1."""
    least, most = SUPPORTS[family]
    inner = values[(probabilities > 0) & (probabilities < 1)]
    return bool(np.all((inner > max(low, least)) & (inner < min(high, most))))


def fit_probabilities(
    family: PriorFamily,
    values: Floats,
    probabilities: Floats,
    low: float = -np.inf,
    high: float = np.inf,
    df: float = DEFAULT_DF,
) -> tuple[dict[str, float], float]:
    """Fit a law, cut to the bounds, to probabilities of lying below given values.

    Parameters
    ----------
    family
        Of the law; `can_hold` must be true of it.
    values
        Shape (n,), strictly increasing.
    probabilities
        Of lying below each value, shape (n,), in [0, 1] and not decreasing; at least two
        different ones lie strictly between 0 and 1.
    low, high
        Bounds of the quantity, infinite where a side is open.
    df
        Degrees of freedom of a Student-t.

    Returns
    -------
    dict of str to float
        Parameters as of `tasks.domain.Prior`.
    float
        Root mean square difference of the law's probabilities from those that were said.

    Examples
    --------
    >>> fit, residual = fit_probabilities("uniform", np.array([2.0, 4.0]), np.array([0.25, 0.75]))
    >>> round(fit["low"], 6), round(fit["high"], 6), residual < 1e-6
    (1.0, 5.0, True)

    References
    ----------
    O'Hagan, A., Buck, C. E., Daneshkhah, A., Eiser, J. R., Garthwaite, P. H., Jenkinson, D. J.,
    Oakley, J. E. and Rakow, T. (2006). Uncertain Judgements: Eliciting Experts' Probabilities.
    Wiley.

    Oakley, J. E. and O'Hagan, A. (2019). SHELF: the Sheffield Elicitation Framework, version 4.
    School of Mathematics and Statistics, University of Sheffield.
    """
    points = np.clip(np.array([low, *values, high]), *SUPPORTS[family])

    def misses(parameters: Mapping[str, float]) -> Floats:
        fitted = quick_cut_cdf(family, parameters, points)
        return np.where(np.isnan(fitted), NOTHING_THERE, fitted) - probabilities

    def missed(parameters: Mapping[str, float]) -> float:
        return math.sqrt(np.mean(misses(parameters) ** 2))

    best: dict[str, float] = {}
    residual = np.inf
    for start in islice(_starts(family, values, probabilities, df, missed), SEARCHES):
        end = _search(family, start, misses)
        if missed(end) < residual:
            best, residual = end, missed(end)
        if residual < SETTLED:
            break
    if family == "uniform":  # beyond the bounds it is the same law
        best = {"low": max(low, best["low"]), "high": min(high, best["high"])}
    return best, residual


def _search(
    family: PriorFamily,
    start: Mapping[str, float],
    misses: Callable[[Mapping[str, float]], Floats],
) -> dict[str, float]:
    """The law with the least sum of squares in the valley of another one."""
    found = least_squares(
        lambda step: misses(moved(family, start, *step.tolist())),
        np.zeros(2),
        method="lm",
        xtol=TOLERANCE,
        ftol=TOLERANCE,
        gtol=TOLERANCE,
    )
    return moved(family, start, *found.x.tolist())


def _starts(
    family: PriorFamily,
    values: Floats,
    probabilities: Floats,
    df: float,
    missed: Callable[[Mapping[str, float]], float],
) -> Iterator[dict[str, float]]:
    """Laws to search from: through all values, then others from the best on."""
    inner = (probabilities > 0) & (probabilities < 1)
    x, p = values[inner], probabilities[inner]
    guess = _guess(family, x, p, df)
    yield guess
    pairs = [slice(i, i + 2) for i in range(len(x) - 1) if p[i] < p[i + 1]]
    others = [_guess(family, x[pair], p[pair], df) for pair in pairs]
    others += [law for near in (guess, *others) for law in neighbours(family, near)]
    yield from sorted(others, key=missed)


def _guess(family: PriorFamily, x: Floats, p: Floats, df: float) -> dict[str, float]:
    """A law of the family without bounds, from a line through its transformed quantiles."""
    match family:
        case "normal":
            sd, mean = _line(special.ndtri(p), x)
            return {"mean": mean, "sd": sd}
        case "student_t":
            scale, location = _line(special.stdtrit(df, p), x)
            return {"df": df, "location": location, "scale": scale}
        case "lognormal":
            log_sd, log_mean = _line(special.ndtri(p), np.log(x))
            return {"log_mean": log_mean, "log_sd": log_sd}
        case "uniform":
            width, low = _line(p, x)
            return {"low": low, "high": low + width}
        case "gamma":  # the logarithm has variance of about 1 / shape + 1 / shape**2
            log_sd, _ = _line(special.ndtri(p), np.log(x))
            shape = (1 + math.sqrt(1 + 4 * log_sd**2)) / (2 * log_sd**2)
            return {"shape": shape, "rate": float(special.gammaincinv(shape, p[-1]) / x[-1])}
        case "beta":  # the logit has variance of about 1 / alpha + 1 / beta
            sd, mean = _line(special.ndtri(p), special.logit(x))
            middle = float(special.expit(mean))
            return {"alpha": 1 / sd**2 / (1 - middle), "beta": 1 / sd**2 / middle}


def _line(x: Floats, y: Floats) -> tuple[float, float]:
    """Slope and intercept by least squares."""
    slope, intercept = np.polyfit(x, y, 1).tolist()
    return slope, intercept
