"""The law between bounds that has the mean and the standard deviation that a client said."""

import math

import numpy as np
import numpy.typing as npt
from scipy.optimize import root

from tasks.beliefs.cut_law import cut_law
from tasks.beliefs.families import DEFAULT_DF, from_moments
from tasks.beliefs.free_parameters import moved
from tasks.beliefs.quick_cdf import LEAST_MASS
from tasks.domain import PriorFamily

Floats = npt.NDArray[np.float64]

NEGLIGIBLE = 1e-11
"""Of a law outside of the bounds: its mean and standard deviation do not move."""
TOLERANCE = 1e-10
MOST_LAWS = 300
"""That a search looks at."""
MOST_MISSED = 1e-6
"""Largest error of mean and standard deviation, in standard deviations."""
NOTHING_THERE = 10.0
"""Stands for the error of a law that holds nothing between the bounds."""


def fit_moments(
    family: PriorFamily,
    mean: float,
    sd: float,
    low: float = -np.inf,
    high: float = np.inf,
    df: float = DEFAULT_DF,
) -> dict[str, float] | None:
    """Find the law that has a mean and a standard deviation once it is cut to the bounds.

    Parameters
    ----------
    family
        Of the law.
    mean, sd
        Of the cut law; the mean lies between the bounds, sd > 0.
    low, high
        Bounds of the quantity, infinite where a side is open.
    df
        Degrees of freedom of a Student-t, > 2.

    Returns
    -------
    dict of str to float or None
        Parameters as of `tasks.domain.Prior`, of the law before it is cut; None where no law of
        the family was found. Not every pair of mean and sd has one: between bounds a normal law is
        at its widest as a truncated exponential one.

    Examples
    --------
    >>> fit = fit_moments("normal", 0.1, 0.06, low=0.0, high=1.0)
    >>> mean, square = cut_law("normal", fit, 0.0, 1.0).moments()
    >>> round(mean, 6), round(math.sqrt(square - mean**2), 6)
    (0.1, 0.06)
    >>> fit_moments("normal", 0.1, 0.11, low=0.0, high=1.0) is None
    True
    """
    guess = from_moments(family, mean, sd, df)
    if guess is None:
        return None
    if family == "uniform":
        return guess if low <= guess["low"] and guess["high"] <= high else None

    def misses(step: Floats) -> Floats:
        law = cut_law(family, moved(family, guess, *step.tolist()), low, high)
        if not law.mass > LEAST_MASS:
            return np.full(2, NOTHING_THERE)
        first, second = law.moments()
        return np.array([first - mean, math.sqrt(max(second - first**2, 0.0)) - sd]) / sd

    if cut_law(family, guess, low, high).mass > 1 - NEGLIGIBLE:
        return guess
    found = root(misses, np.zeros(2), tol=TOLERANCE, options={"maxfev": MOST_LAWS})
    is_met = np.max(np.abs(found.fun)) < MOST_MISSED
    return moved(family, guess, *found.x.tolist()) if is_met else None
