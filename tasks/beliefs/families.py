"""The six families of laws that a belief can have, as distributions of SciPy."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import stats

from tasks.domain import PriorFamily

Floats = npt.NDArray[np.float64]
DEFAULT_DF = 3.0
"""Degrees of freedom of a Student-t law that nobody chose, as in SHELF."""


def scipy_law(family: PriorFamily, parameters: Mapping[str, float]) -> Any:
    """A law as a frozen distribution of SciPy.

    Parameters
    ----------
    family, parameters
        As of `tasks.domain.Prior`.

    Examples
    --------
    >>> float(scipy_law("gamma", {"shape": 2.0, "rate": 4.0}).mean())
    0.5
    """
    p = parameters
    match family:
        case "normal":
            return stats.norm(p["mean"], p["sd"])
        case "student_t":
            return stats.t(p["df"], p["location"], p["scale"])
        case "lognormal":
            return stats.lognorm(p["log_sd"], scale=math.exp(p["log_mean"]))
        case "beta":
            return stats.beta(p["alpha"], p["beta"])
        case "gamma":
            return stats.gamma(p["shape"], scale=1 / p["rate"])
        case "uniform":
            return stats.uniform(p["low"], p["high"] - p["low"])


def tempered(
    family: PriorFamily, parameters: Mapping[str, float], power: float
) -> dict[str, float] | None:
    """Parameters of the law whose density is proportional to a power of another one's.

    Parameters
    ----------
    family, parameters
        As of `tasks.domain.Prior`; each family is closed under powers.
    power
        In (0, 1].

    Returns
    -------
    dict of str to float or None
        None where the power has no finite mass: of a Student-t with too few degrees of freedom.

    Examples
    --------
    >>> tempered("normal", {"mean": 1.0, "sd": 2.0}, 0.25)
    {'mean': 1.0, 'sd': 4.0}
    >>> tempered("beta", {"alpha": 5.0, "beta": 3.0}, 0.5)
    {'alpha': 3.0, 'beta': 2.0}
    """
    p = dict(parameters)
    match family:
        case "normal":
            return {"mean": p["mean"], "sd": p["sd"] / math.sqrt(power)}
        case "student_t":
            df = power * (p["df"] + 1) - 1
            if df <= 0:
                return None
            return {
                "df": df,
                "location": p["location"],
                "scale": p["scale"] * math.sqrt(p["df"] / df),
            }
        case "lognormal":
            variance = p["log_sd"] ** 2 / power
            return {
                "log_mean": p["log_mean"] + (1 - power) * variance,
                "log_sd": math.sqrt(variance),
            }
        case "beta":
            return {
                "alpha": 1 + power * (p["alpha"] - 1),
                "beta": 1 + power * (p["beta"] - 1),
            }
        case "gamma":
            return {"shape": 1 + power * (p["shape"] - 1), "rate": power * p["rate"]}
        case "uniform":
            return p


def from_moments(
    family: PriorFamily, mean: float, sd: float, df: float = DEFAULT_DF
) -> dict[str, float] | None:
    """Parameters of the law of a family that has a mean and a standard deviation.

    Parameters
    ----------
    family
        Of the law.
    mean, sd
        Of the law, sd > 0.
    df
        Degrees of freedom of a Student-t, > 2.

    Returns
    -------
    dict of str to float or None
        None where no law of the family has them: a beta law's mean lies between 0 and 1 and its
        sd below ``sqrt(mean * (1 - mean))``; a lognormal's or gamma's mean is above 0.

    Examples
    --------
    >>> from_moments("beta", 0.5, 0.1)
    {'alpha': 12.0, 'beta': 12.0}
    >>> from_moments("gamma", -1.0, 0.1) is None
    True
    """
    if family in ("lognormal", "gamma", "beta") and mean <= 0:
        return None
    match family:
        case "normal":
            return {"mean": mean, "sd": sd}
        case "student_t":
            return {"df": df, "location": mean, "scale": sd * math.sqrt((df - 2) / df)}
        case "lognormal":
            variance = math.log1p((sd / mean) ** 2)
            return {"log_mean": math.log(mean) - variance / 2, "log_sd": math.sqrt(variance)}
        case "beta":
            size = round(mean * (1 - mean) / sd**2 - 1, 12)
            if mean >= 1 or size <= 0:
                return None
            return {"alpha": mean * size, "beta": (1 - mean) * size}
        case "gamma":
            return {"shape": (mean / sd) ** 2, "rate": mean / sd**2}
        case "uniform":
            half = math.sqrt(3) * sd
            return {"low": mean - half, "high": mean + half}
