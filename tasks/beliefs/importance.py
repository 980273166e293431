"""A data's side taken from its reference prior to another prior by importance weights."""

import math
from dataclasses import dataclass

import arviz as az
import numpy as np

from tasks.beliefs.belief import Belief
from tasks.beliefs.cumulative import moments
from tasks.beliefs.cut_law import Floats
from tasks.beliefs.data_side import DataSide
from tasks.beliefs.jackknife import log_sum, normalised, number, replicates
from tasks.beliefs.marginal_likelihood import MarginalLikelihood, marginal_likelihood
from tasks.errors import InputError

LARGEST_K = 0.7
LEAST_EFFECTIVE = 100.0
HIDDEN = 0.1
"""Share of the evidence that may lie where the draws do not reach."""
LEVELS = (np.arange(200) + 0.5) / 200


@dataclass(frozen=True)
class Reweighted:
    """Weights of a side's values in the posterior under another prior.

    Attributes
    ----------
    log_weights
        Logs of the weights, which sum to 1, shape (S,).
    log_mean_ratio
        Log of p(data | other) / p(data | reference), from all draws and with each block left out;
        shape (R,).
    pareto_k
        Shape of the tail of the importance ratios; -inf where they are bounded or exact.
    effective
        Effective number of draws; infinite of a quadrature.
    """

    log_weights: Floats
    log_mean_ratio: Floats
    pareto_k: float
    effective: float

    @property
    def is_reliable(self) -> bool:
        """Whether Pareto k is below its bound and enough effective draws are left."""
        return self.pareto_k < LARGEST_K and self.effective >= LEAST_EFFECTIVE


def reweighted(side: DataSide, prior: Belief) -> Reweighted:
    """Take a side to another prior.

    Of draws the weights are Pareto-smoothed. Their effective number is Kish's, times the share of
    independent draws among all of them. A prior of which a law has evidence that the draws do
    not show has an infinite k.

    References
    ----------
    Vehtari, Simpson, Gelman, Yao & Gabry (2024), Pareto Smoothed Importance Sampling, Journal of
    Machine Learning Research 25, 72.
    """
    base = replicates(side, side.log_weights)
    ratio = prior.log_density(side.values) - side.reference.log_density(side.values)
    log_weights, k, effective = side.log_weights + ratio, -math.inf, math.inf
    if not side.is_quadrature:
        share = _share_of_independent(side, base)
        log_weights, k = _pareto_smoothed(log_weights, share)
        if k == math.inf:
            return Reweighted(side.log_weights, np.full(len(base), -np.inf), k, 0.0)
        effective = share * math.exp(2 * log_sum(log_weights) - log_sum(2 * log_weights))
        if _is_hidden(side, prior, float(log_sum(log_weights))):
            k = math.inf
    log_mean_ratio = log_sum(base + (log_weights - side.log_weights))
    return Reweighted(normalised(log_weights), log_mean_ratio, k, effective)


def log_evidence(side: DataSide, prior: Belief) -> float:
    """Log of p(data | prior) / p(data | reference), in nats; not smoothed, without an error.

    For a search among priors; -inf where no draw is possible under the prior.
    """
    ratio = prior.log_density(side.values) - side.reference.log_density(side.values)
    terms = side.log_weights + ratio
    return float(log_sum(terms)) if np.isfinite(terms).any() else -math.inf


def importance_is_reliable(side: DataSide, prior: Belief) -> bool:
    """Whether a side can be taken to another prior without a fit of its own.

    That is so of every quadrature; of draws if Pareto's k of the importance ratios is below 0.7
    and at least 100 effective draws are left.
    """
    return reweighted(side, prior).is_reliable


def refuse_unreliable(to_prior: Reweighted, prior: Belief) -> None:
    """Raise an InputError if a side cannot be taken to a prior by importance weights."""
    if not to_prior.is_reliable:
        raise InputError(
            f"the draws hardly reach the prior {prior} (Pareto k {to_prior.pareto_k:.2f}, "
            f"{to_prior.effective:.0f} effective draws): fit the model under it and bridge the "
            "two fits"
        )


def _is_hidden(side: DataSide, prior: Belief, log_found: float) -> bool:
    """Whether a law of a prior has evidence that the draws do not show.

    A narrow law beyond the draws, or in a gap between them, leaves no trace in their weights. Its
    evidence there is the mean likelihood at its quantiles: at all of them, of a law that is by
    itself out of the draws' reach, and else at those beyond the outermost draws.
    """
    likelihood = marginal_likelihood(side)
    ends = side.values.min(), side.values.max()
    for law in prior.laws:
        alone = prior.model_copy(update={"laws": (law.model_copy(update={"weight": 1.0}),)})
        points = alone.quantile(LEVELS)
        if len(prior.laws) == 1 or reweighted(side, alone).is_reliable:
            points = points[(points < ends[0]) | (points > ends[1])]
        if not len(points):
            continue
        logs = _log_concave(likelihood, points, *ends)
        if log_sum(logs) - math.log(len(LEVELS) / law.weight) > log_found + math.log(HIDDEN):
            return True
    return False


def _log_concave(likelihood: MarginalLikelihood, points: Floats, low: float, high: float) -> Floats:
    """Log likelihood at points, (X,); outside of an interval as high as its slope there allows."""
    step = (high - low) / 20
    inside = np.clip(points, low, high)
    before = likelihood.at(np.where(points > high, high - step, low + step))[0]
    logs = likelihood.at(inside)[0]
    return np.asarray(logs + np.minimum(logs - before, 0.0) * np.abs(points - inside) / step)


def _share_of_independent(side: DataSide, base: Floats) -> float:
    """Effective number of draws of the mean over the number of draws, at most 1."""
    mean, sd = moments(side.values, np.exp(base))
    error = number(mean).mcse
    return 1.0 if error == 0 else min((float(sd[0]) / error) ** 2 / len(side.values), 1.0)


def _pareto_smoothed(log_weights: Floats, share: float) -> tuple[Floats, float]:
    """Log weights with a smoothed tail, and its shape: infinite where too few draws are left."""
    if not np.isfinite(log_weights).any():
        return log_weights, math.inf
    tail = min(len(log_weights) / 5, 3 * math.sqrt(len(log_weights) / share))
    if np.sum(log_weights == log_weights.max()) > tail:
        return log_weights, -math.inf  # the largest ratio is that of many draws: it is bounded
    with np.errstate(
        over="ignore", divide="ignore", invalid="ignore"
    ):  # inside of the search for k, where it does no harm
        smoothed, k = az.psislw(log_weights, reff=share, normalize=False)
    return np.asarray(smoothed), float(k)
