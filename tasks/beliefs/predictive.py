"""Law of an estimate before the data are seen: a belief blurred by a normal error."""

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from tasks.beliefs.belief import Belief
from tasks.beliefs.cut_law import Floats
from tasks.beliefs.data_side import LANDMARKS
from tasks.beliefs.jackknife import log_sum

REACH = 9.0
"""Standard errors beyond which a normal density is left out: less than 1e-18 lies there."""
CUTS = np.array([-REACH, -6.0, -4.0, -2.0, 0.0, 2.0, 4.0, 6.0, REACH])
NODES, WEIGHTS = np.polynomial.legendre.leggauss(10)
LEVELS = 1 / (1 + np.exp(-np.linspace(-24.0, 24.0, 65)))
LOWEST = -1e100
"""In place of the log of 0."""


@dataclass(frozen=True)
class Predictive:
    """Law of an estimate before the data are seen: a belief blurred by a normal error.

    Attributes
    ----------
    belief
        Of the quantity.
    se
        Standard error of its estimate.
    """

    belief: Belief
    se: float

    def log_density(self, t: Floats) -> Floats:
        """Log density at each estimate, shape (T,); `LOWEST` where the belief is out of reach."""
        values, log_weights = self._nodes(t)
        z = (t[:, None] - values) / self.se
        return log_sum(log_weights - 0.5 * z**2) - math.log(self.se * math.sqrt(2 * math.pi))

    def below(self, t: Floats) -> Floats:
        """Probability of no more than each estimate, shape (T,)."""
        values, log_weights = self._nodes(t)
        near = (np.exp(log_weights) * ndtr((t[:, None] - values) / self.se)).sum(axis=1)
        return np.asarray(self.belief.cdf(t - REACH * self.se) + near)

    def above(self, t: Floats) -> Floats:
        """Probability of more than each estimate, shape (T,)."""
        values, log_weights = self._nodes(t)
        near = (np.exp(log_weights) * ndtr((values - t[:, None]) / self.se)).sum(axis=1)
        return np.asarray(1 - self.belief.cdf(t + REACH * self.se) + near)

    def grid(self) -> Floats:
        """Estimates at which the density is told apart: quantiles of each law, blurred; (T,)."""
        quantiles = self.belief.law_quantiles(LEVELS)
        middle = quantiles[:, [len(LEVELS) // 2]]
        errors = self.se * np.linspace(-8.0, 8.0, len(LEVELS))
        blurred = np.hypot(quantiles - middle, errors)
        return np.unique(middle + np.sign(errors) * blurred)

    def _nodes(self, t: Floats) -> tuple[Floats, Floats]:
        """Quadrature over the quantity within reach of each estimate, both shapes (T, N).

        The log weights hold the belief's density. Panels end at quantiles of the belief and at
        whole standard errors, so whichever of the two is the narrower is resolved.
        """
        low, high = self.belief.support()
        around = t[:, None] + self.se * CUTS
        marks = np.broadcast_to(self.belief.law_quantiles(LANDMARKS).ravel(), (len(t), self._marks))
        ends = np.concatenate([around, marks], axis=1)
        edges = np.sort(np.clip(np.clip(ends, around[:, :1], around[:, -1:]), low, high), axis=1)
        half = np.diff(edges, axis=1)[:, :, None] / 2
        values = edges[:, :-1, None] + half * (NODES + 1)
        with np.errstate(divide="ignore", invalid="ignore"):
            log_weights = np.log(half * WEIGHTS) + self.belief.log_density(values)
        # A node may be rounded to a bound where the density has a pole.
        log_weights = np.where(np.isfinite(log_weights), log_weights, LOWEST)
        return values.reshape(len(t), -1), log_weights.reshape(len(t), -1)

    @property
    def _marks(self) -> int:
        return len(self.belief.laws) * len(LANDMARKS)
