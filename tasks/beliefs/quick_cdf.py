"""Distribution functions without the cost of a frozen distribution of SciPy.

The search for a law calls them thousands of times. They equal those of
`tasks.beliefs.cut_law`, which is what a belief itself is computed with.
"""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
from scipy import special

from tasks.domain import PriorFamily

Floats = npt.NDArray[np.float64]

LEAST_MASS = 1e-200
"""Of a law between bounds; with less, its digits run out."""


def quick_cut_cdf(family: PriorFamily, parameters: Mapping[str, float], points: Floats) -> Floats:
    """Distribution function, at the inner points, of a law cut to the interval of the outer ones.

    Parameters
    ----------
    family, parameters
        As of `tasks.domain.Prior`.
    points
        Shape (n + 2,), increasing, inside of the closed support of the family.

    Returns
    -------
    array, shape (n,)
        NaN where the law holds next to nothing between the outer points.

    Examples
    --------
    >>> quick_cut_cdf("gamma", {"shape": 1.0, "rate": 1.0}, np.array([0, np.log(2), np.inf]))
    array([0.5])
    """
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        below, above = _tails(family, parameters, points)
        smaller = below if below[0] <= 0.5 else -above
        mass = smaller[-1] - smaller[0]
        cut: Floats = (smaller[1:-1] - smaller[0]) / (mass if mass > LEAST_MASS else np.nan)
    return cut


def _tails(
    family: PriorFamily, parameters: Mapping[str, float], x: Floats
) -> tuple[Floats, Floats]:
    """Probability of no more than each value, and of more."""
    p = parameters
    match family:
        case "normal":
            z = (x - p["mean"]) / p["sd"]
            return special.ndtr(z), special.ndtr(-z)
        case "student_t":
            z = (x - p["location"]) / p["scale"]
            return special.stdtr(p["df"], z), special.stdtr(p["df"], -z)
        case "lognormal":
            z = (np.log(x) - p["log_mean"]) / p["log_sd"]
            return special.ndtr(z), special.ndtr(-z)
        case "beta":
            alpha, beta = p["alpha"], p["beta"]
            return special.betainc(alpha, beta, x), special.betaincc(alpha, beta, x)
        case "gamma":
            z = p["rate"] * x
            return special.gammainc(p["shape"], z), special.gammaincc(p["shape"], z)
        case "uniform":
            below = np.clip((x - p["low"]) / (p["high"] - p["low"]), 0.0, 1.0)
            return below, 1 - below
