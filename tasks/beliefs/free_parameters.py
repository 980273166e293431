"""Laws as points in the plane, for searches: any two numbers give a law of the family."""

import math
from collections.abc import Mapping

import numpy as np

from tasks.domain import PriorFamily

SUPPORTS: dict[PriorFamily, tuple[float, float]] = {
    "normal": (-np.inf, np.inf),
    "beta": (0.0, 1.0),
    "gamma": (0.0, np.inf),
    "lognormal": (0.0, np.inf),
    "student_t": (-np.inf, np.inf),
    "uniform": (-np.inf, np.inf),
}
"""Between which the laws of a family lie, a uniform law's own ends aside; preferred ones first."""

FARTHEST = 12.0
"""Of a logarithm of a parameter from where the search starts."""
LARGEST_LOGARITHM = 300.0
"""Of a scale: a double holds it, and what is divided by it."""

FAR = ((0.0, 1.0), (0.0, -1.0), (-4.0, 1.5), (4.0, 1.5), (-20.0, 1.5), (20.0, 1.5))
"""Steps in location and scale: a cut law may be centred far outside of its bounds."""
NEAR = ((0.0, 0.5), (0.0, -0.5), (-0.5, 0.0), (0.5, 0.0), (-1.5, -1.5), (1.5, 1.5))
"""Steps for the other families."""


def candidates(low: float, high: float) -> tuple[PriorFamily, ...]:
    """Families whose laws can lie between two bounds without an end that nobody spoke of.

    A beta law needs bounds within 0 and 1, a gamma or lognormal law a lower one of at least 0. A
    uniform law has ends of its own, beyond which no data could ever move the belief (Lindley's
    Cromwell's rule): it is for those who ask for it. What is preferred among equals comes first.

    Examples
    --------
    >>> candidates(0.0, np.inf)
    ('normal', 'gamma', 'lognormal', 'student_t')

    References
    ----------
    Lindley, D. V. (1985). Making Decisions, 2nd edition. Wiley.
    """
    return tuple(
        family
        for family, (least, most) in SUPPORTS.items()
        if family != "uniform" and least <= low and high <= most
    )


def moved(
    family: PriorFamily, start: Mapping[str, float], first: float, second: float
) -> dict[str, float]:
    """A law so far from another one: location in its scales, all that is above 0 in logarithms.

    Parameters
    ----------
    family, start
        A law, as of `tasks.domain.Prior`.
    first, second
        Zeros give the law itself. The degrees of freedom of a Student-t stay as they are.

    Examples
    --------
    >>> moved("normal", {"mean": 1.0, "sd": 2.0}, 0.5, 0.0)
    {'mean': 2.0, 'sd': 2.0}
    >>> moved("uniform", {"low": 1.0, "high": 3.0}, 0.5, 0.0)
    {'low': 2.0, 'high': 3.0}
    """
    p, growth = start, _exp(second)
    match family:
        case "normal":
            return {"mean": p["mean"] + first * p["sd"], "sd": p["sd"] * growth}
        case "student_t":
            location = p["location"] + first * p["scale"]
            return {"df": p["df"], "location": location, "scale": p["scale"] * growth}
        case "lognormal":
            log_mean = p["log_mean"] + first * p["log_sd"]
            within = min(max(log_mean, -LARGEST_LOGARITHM), LARGEST_LOGARITHM)
            return {"log_mean": within, "log_sd": p["log_sd"] * growth}
        case "beta":
            return {"alpha": p["alpha"] * _exp(first), "beta": p["beta"] * growth}
        case "gamma":
            shape = p["shape"] * _exp(first)
            return {"shape": shape, "rate": p["rate"] * _exp(first) * growth}
        case "uniform":
            width = p["high"] - p["low"]
            return {"low": p["low"] + first * width, "high": p["high"] + second * width}


def neighbours(family: PriorFamily, law: Mapping[str, float]) -> list[dict[str, float]]:
    """Laws around another one from which a search may reach what it does not from there."""
    steps = NEAR if family in ("beta", "gamma", "uniform") else FAR
    return [moved(family, law, *step) for step in steps]


def _exp(logarithm: float) -> float:
    return math.exp(min(max(logarithm, -FARTHEST), FARTHEST))
