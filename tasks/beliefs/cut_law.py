"""A law cut to an interval and normalised there, exact in both of its tails."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tasks.beliefs.families import scipy_law
from tasks.domain import PriorFamily

Floats = npt.NDArray[np.float64]


def _tail_rule() -> tuple[Floats, Floats]:
    """Gauss-Legendre rule over minus the log of a tail's probability, from 1/2 to 1e-304."""
    nodes, weights = np.polynomial.legendre.leggauss(16)
    edges = np.concatenate([[0, 0.5], 2.0 ** np.arange(10), [699.0]]) + np.log(2)
    half = np.diff(edges)[:, None] / 2
    return (edges[:-1, None] + half * (nodes + 1)).ravel(), (half * weights).ravel()


TAIL_LOGS, TAIL_WEIGHTS = _tail_rule()


@dataclass(frozen=True)
class CutLaw:
    """A law between bounds; `cut_law` makes one.

    Attributes
    ----------
    law
        A frozen distribution of SciPy.
    low, high
        Bounds, infinite where there is none.
    mass
        How much of the law lies between them; the rest is left out.
    """

    law: Any
    low: float
    high: float
    mass: float

    def support(self) -> tuple[float, float]:
        """Ends of the interval on which the density is above 0."""
        low, high = self.law.support()
        return max(low, self.low), min(high, self.high)

    def log_density(self, x: Floats) -> Floats:
        """Log density in nats, -inf outside of the bounds; the shape of `x`."""
        inside = (x >= self.low) & (x <= self.high)
        return np.where(inside, self.law.logpdf(x) - math.log(self.mass), -np.inf)

    def cdf(self, x: Floats) -> Floats:
        """Probability of no more than each value; the shape of `x`."""
        below = _mass_between(self.law, self.low, np.clip(x, self.low, self.high))
        return np.clip(below / self.mass, 0.0, 1.0)

    def quantile(self, p: Floats) -> Floats:
        """Value with each probability below it; the shape of `p`."""
        if self.law.cdf(self.low) > 0.5:
            values = self.law.isf(self.law.sf(self.low) - p * self.mass)
        else:
            values = self.law.ppf(self.law.cdf(self.low) + p * self.mass)
        return np.clip(np.asarray(values, dtype=np.float64), self.low, self.high)

    def upper_quantile(self, p: Floats) -> Floats:
        """Value with each probability above it, however small; the shape of `p`."""
        if self.law.sf(self.high) > 0.5:
            values = self.law.ppf(self.law.cdf(self.high) - p * self.mass)
        else:
            values = self.law.isf(self.law.sf(self.high) + p * self.mass)
        return np.clip(np.asarray(values, dtype=np.float64), self.low, self.high)

    def moments(self) -> tuple[float, float]:
        """Mean and mean square; infinite or NaN where there is none."""
        mean, variance = self.mean_and_variance()
        return mean, variance + mean**2

    def mean_and_variance(self) -> tuple[float, float]:
        """Mean and variance; infinite or NaN where there is none.

        In closed form where nothing is cut off, else by quadrature of the quantile function over
        the log of either tail's probability, so that a heavy tail is not lost.
        """
        uncut, spread = map(float, self.law.stats("mv"))
        if self.mass >= 1.0:
            return uncut, spread
        is_bounded = bool(np.isfinite(self.low) and np.isfinite(self.high))
        if not (is_bounded or np.isfinite(uncut)):
            return np.nan, np.nan
        p = np.exp(-TAIL_LOGS)
        lower, upper = self.quantile(p), self.upper_quantile(p)
        middle = float(self.quantile(np.asarray(0.5)))
        weights = TAIL_WEIGHTS * p
        mean = middle + float(weights @ (lower - middle) + weights @ (upper - middle))
        if not (is_bounded or np.isfinite(spread)):
            return mean, np.inf
        return mean, float(weights @ (lower - mean) ** 2 + weights @ (upper - mean) ** 2)


def cut_law(
    family: PriorFamily, parameters: Mapping[str, float], low: float, high: float
) -> CutLaw:
    """Cut a law to an interval.

    Parameters
    ----------
    family, parameters
        As of `tasks.domain.Prior`.
    low, high
        Ends of the interval, infinite where there is none.

    Examples
    --------
    >>> half = cut_law("normal", {"mean": 0.0, "sd": 1.0}, 0.0, np.inf)
    >>> half.mass, round(half.moments()[0] - math.sqrt(2 / math.pi), 6)
    (0.5, 0.0)
    """
    law = scipy_law(family, parameters)
    return CutLaw(law, low, high, float(_mass_between(law, low, np.asarray(high))))


def _mass_between(law: Any, low: float, high: Floats) -> Floats:
    """Probability between two values, from the tail that is the smaller."""
    if law.cdf(low) > 0.5:
        return np.asarray(law.sf(low) - law.sf(high))
    return np.asarray(law.cdf(high) - law.cdf(low))
