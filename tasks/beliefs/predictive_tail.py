"""How often data as surprising as these come under a belief: prior-predictive probabilities."""

from collections.abc import Callable

import numpy as np
from scipy.optimize import elementwise

from tasks.beliefs.belief import Belief
from tasks.beliefs.conflict_record import Number
from tasks.beliefs.cumulative import moments
from tasks.beliefs.cut_law import Floats
from tasks.beliefs.data_side import DataSide
from tasks.beliefs.jackknife import number
from tasks.beliefs.marginal_likelihood import MarginalLikelihood
from tasks.beliefs.predictive import LOWEST, Predictive

SHAPE_POINTS = 200
TIE = 1e-9
BESIDE = 1e-4
"""Of the gap to the next estimate: how near it is looked on which side scores rise."""
STEP = 1e-3
"""Of a numerical derivative, in standard errors."""

Score = Callable[[Floats], Floats]


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
    shape around it, as 200 of its quantiles; what would lie beyond the bounds of the quantity is
    reflected there, and one quantile where the belief rules everything out makes the divergence
    infinite. A divergence grows with the data even without a conflict; this probability does not.
    Near such a sharp end its Monte Carlo error is told too small.

    References
    ----------
    Nott, Wang, Evans & Englert (2020), Checking for Prior-Data Conflict Using Prior-to-Posterior
    Divergences, Statistical Science 35, 234-253.
    """
    centres, errors = likelihood.estimate()
    points = _shape(side)
    low, high = side.reference.support()

    def tail(estimate: float, se: float) -> float:
        offsets = (points - centres[0]) * (se / errors[0])

        def agreement(t: Floats) -> Floats:
            moved = t[:, None] + offsets
            moved = moved if np.isinf(low) else low + np.abs(moved - low)
            moved = moved if np.isinf(high) else high - np.abs(high - moved)
            return np.asarray(np.maximum(client.log_density(moved), LOWEST).mean(axis=1))

        return tail_probability(Predictive(client, se), agreement, estimate)

    return _with_error_of(tail, centres, errors)


def _shape(side: DataSide) -> Floats:
    """Posterior under the reference prior as quantiles in equal steps of probability.

    They are moved and stretched by what little it takes to have its mean and standard deviation.
    """
    order = np.argsort(side.values)
    weights = np.exp(side.log_weights[order])
    levels = (np.arange(SHAPE_POINTS) + 0.5) / SHAPE_POINTS
    points = np.interp(levels, np.cumsum(weights) - weights / 2, side.values[order])
    mean, sd = moments(side.values[order], weights[None])
    return np.asarray(mean + (points - points.mean()) * sd / points.std())


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
