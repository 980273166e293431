"""How often data as surprising as these come under a belief: prior-predictive probabilities."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.optimize import elementwise
from scipy.special import ndtr

from tasks.beliefs.belief import Belief
from tasks.beliefs.conflict_record import Number
from tasks.beliefs.cut_law import Floats
from tasks.beliefs.data_side import LANDMARKS, DataSide
from tasks.beliefs.jackknife import log_sum, number
from tasks.beliefs.marginal_likelihood import MarginalLikelihood

REACH = 9.0
"""Standard errors beyond which a normal density is left out: less than 1e-18 lies there."""
CUTS = np.array([-REACH, -6.0, -4.0, -2.0, 0.0, 2.0, 4.0, 6.0, REACH])
NODES, WEIGHTS = np.polynomial.legendre.leggauss(10)
LEVELS = 1 / (1 + np.exp(-np.linspace(-24.0, 24.0, 65)))
SHAPE_POINTS = 200
LOWEST = -1e100
"""In place of the log of 0."""
TIE = 1e-9
BESIDE = 1e-4
STEP = 1e-3
"""Of a numerical derivative, in standard errors."""

Score = Callable[[Floats], Floats]


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
        log_weights = np.maximum(np.where(half > 0, log_weights, LOWEST), LOWEST)
        return values.reshape(len(t), -1), log_weights.reshape(len(t), -1)

    @property
    def _marks(self) -> int:
        return len(self.belief.laws) * len(LANDMARKS)


def tail_probability(predictive: Predictive, score: Score, observed: float) -> float:
    """Probability of an estimate whose score is no higher than that of the observed one.

    Parameters
    ----------
    predictive
        Law of the estimate.
    score
        Estimates (T,) -> scores (T,) in nats, continuous; differences below 1e-9 (of the score
        itself where it is larger than 1) are none.
    observed
        The estimate at hand.
    """
    t = np.union1d(predictive.grid(), [observed])
    place = int(np.searchsorted(t, observed))
    gap = np.diff(t[max(place - 1, 0) : place + 2]).min()
    # Scores rise on one side of the estimate: so the other end of what is higher is bracketed.
    t = np.union1d(t, observed + BESIDE * gap * np.array([-1.0, 1.0]))
    at_observed = max(float(score(np.array([observed]))[0]), LOWEST)
    tie = TIE * (1 + abs(at_observed))

    def higher(x: Floats) -> Floats:
        difference = np.maximum(score(x), LOWEST) - at_observed
        return np.where(np.abs(difference) < tie, 0.0, difference)

    signs = np.sign(higher(t))
    (crossed,) = np.nonzero(signs[:-1] * signs[1:] < 0)
    roots = elementwise.find_root(higher, (t[crossed], t[crossed + 1])).x if len(crossed) else []
    ends = np.append(t, roots)
    order = np.argsort(ends)
    ends, counts = ends[order], np.append(signs <= 0, np.ones(len(roots), dtype=bool))[order]
    below = predictive.below(ends)
    inside = np.diff(below)[counts[:-1] & counts[1:]].sum()
    outside = below[0] * counts[0] + predictive.above(ends[-1:])[0] * counts[-1]
    return float(np.clip(inside + outside, 0.0, 1.0))


def prior_predictive_tail(likelihood: MarginalLikelihood, client: Belief) -> Number:
    """Prior-predictive probability of an estimate that is as surprising as this one or more.

    The estimate is normal around the quantity with its standard error, also of a share or of the
    mean of a boolean (which is so from some ten cases of either kind on). Surprising is what has a
    low prior-predictive density, so an estimate between the two modes of a mixture is too. For a
    normal belief it is the two-sided tail probability of
    ``(estimate - mean) / sqrt(sd**2 + se**2)``.

    References
    ----------
    Evans & Moshonov (2006), Checking for Prior-Data Conflict, Bayesian Analysis 1, 893-914.
    """

    def tail(estimate: float, se: float) -> float:
        predictive = Predictive(client, se)
        return tail_probability(predictive, predictive.log_density, estimate)

    return _with_error_of(tail, *likelihood.estimate())


def kl_tail(side: DataSide, likelihood: MarginalLikelihood, client: Belief) -> Number:
    """Prior-predictive probability of a Kullback-Leibler divergence at least as large as this one.

    Under the belief another estimate comes, and the posterior under the reference prior keeps its
    shape around it; what would lie beyond the bounds of the quantity is reflected there. A
    divergence grows with the data even without a conflict; this probability does not.

    References
    ----------
    Nott, Wang, Evans & Englert (2020), Checking for Prior-Data Conflict Using Prior-to-Posterior
    Divergences, Statistical Science 35, 234-253.
    """
    centres, errors = likelihood.estimate()
    points, weights = _shape(side)
    low, high = side.reference.support()

    def tail(estimate: float, se: float) -> float:
        offsets = (points - centres[0]) * (se / errors[0])

        def agreement(t: Floats) -> Floats:
            moved = t[:, None] + offsets
            moved = moved if np.isinf(low) else low + np.abs(moved - low)
            moved = moved if np.isinf(high) else high - np.abs(high - moved)
            return np.maximum(client.log_density(moved), LOWEST) @ weights

        return tail_probability(Predictive(client, se), agreement, estimate)

    return _with_error_of(tail, centres, errors)


def _shape(side: DataSide) -> tuple[Floats, Floats]:
    """Posterior under the reference prior as few weighted points: nodes, or means of draws."""
    weights = np.exp(side.log_weights)
    if side.is_quadrature:
        counts = weights > 1e-12
        return side.values[counts], weights[counts] / weights[counts].sum()
    groups = np.array_split(np.sort(side.values), SHAPE_POINTS)
    shares = np.array([len(group) for group in groups]) / len(side.values)
    return np.array([group.mean() for group in groups]), shares


def _with_error_of(
    tail: Callable[[float, float], float], estimates: Floats, errors: Floats
) -> Number:
    """A tail probability, its Monte Carlo error from those of the estimate and standard error."""
    value = tail(estimates[0], errors[0])
    if len(estimates) == 1:
        return Number(value=value)
    step = STEP * errors[0]
    by_estimate = tail(estimates[0] + step, errors[0]) - tail(estimates[0] - step, errors[0])
    by_error = tail(estimates[0], errors[0] + step) - tail(estimates[0], errors[0] - step)
    changes = by_estimate * (estimates - estimates[0]) + by_error * (errors - errors[0])
    return number(value + changes / (2 * step))
