"""Marginal likelihoods by bridge sampling, from posterior draws and the log density alone."""

from dataclasses import dataclass
from typing import Literal

import arviz as az
import numpy as np
import numpy.typing as npt
from scipy.special import expit, logsumexp

from tasks.bayes.arguments import Floats, finite
from tasks.bayes.warp import LogDensity, fit_warp
from tasks.errors import InputError, RunError

Method = Literal["normal", "warp3"]
MOST_ITERATIONS = 1000
TOLERANCE = 1e-10
LEAST_DRAWS = 8
"""Draws of a chain: a half fits the proposal, and of the other an autocorrelation is estimated."""


@dataclass(frozen=True)
class LogEvidence:
    """Log of a density's integral: for a posterior, its log marginal likelihood.

    Attributes
    ----------
    value
        Natural logarithm.
    mcse
        Monte Carlo standard error of `value`, autocorrelation of the draws included.
    ess
        Effective sample size of the draws that the estimate rests on: the median over dimensions,
        after their correlations are taken out.
    iterations
        That the optimal bridge took.
    """

    value: float
    mcse: float
    ess: float
    iterations: int

    @property
    def relative_error(self) -> float:
        """Standard error of the integral itself, divided by the integral."""
        return float(np.sqrt(np.expm1(self.mcse**2)))


def bridge_sampling(
    log_density: LogDensity,
    draws: npt.ArrayLike,
    *,
    method: Method = "warp3",
    rng: np.random.Generator,
) -> LogEvidence:
    """Integrate a density of which draws are at hand.

    The first half of each chain gives mean and covariance of a normal proposal; the second half
    and as many proposals give the estimate, by the optimal bridge of Meng & Wong.

    Parameters
    ----------
    log_density
        Natural logarithm of the density at points (S, D), not normalised and with no constant
        dropped; -inf outside its support. Called once.
    draws
        From the normalised density, shape (chains, draws, D), on a scale without bounds.
    method
        ``"normal"`` shifts and scales; ``"warp3"`` takes off skewness too, at twice the number of
        densities.
    rng
        Draws the proposals.

    Raises
    ------
    InputError
        If the draws are not of that shape, not finite, fewer than 8 a chain or do not span all
        dimensions; if the density at a draw is not finite; or if at another point it is NaN or
        infinite.
    RunError
        If no proposal meets the posterior, or the bridge has not converged after 1000 iterations.

    References
    ----------
    Meng & Wong (1996), Simulating ratios of normalizing constants via a simple identity,
    Statistica Sinica 6, 831-860.
    Frühwirth-Schnatter (2004), Estimating marginal likelihoods for mixture and Markov switching
    models using bridge sampling techniques, Econometrics Journal 7, 143-167.
    Overstall & Forster (2010), Default Bayesian model determination methods for generalised
    linear mixed models, Computational Statistics & Data Analysis 54, 3269-3288.
    Gronau, Singmann & Wagenmakers (2020), bridgesampling: An R package for estimating normalizing
    constants, Journal of Statistical Software 92(10).
    """
    used = _check_draws(draws)
    half = used.shape[1] // 2
    first, second = used[:, :half], used[:, half:]
    dimensions = used.shape[2]
    warp = fit_warp(first.reshape(-1, dimensions), symmetric=method == "warp3")
    posterior = warp.standardize(second.reshape(-1, dimensions))
    proposals = rng.standard_normal(posterior.shape)
    standardized = np.concatenate([posterior, proposals])

    points = warp.place(standardized)
    densities = log_density(points.reshape(-1, dimensions)).reshape(points.shape[:2])
    _check_densities(densities, len(posterior))
    ratios = warp.log_ratio(densities, standardized)
    at_draws, at_proposals = ratios[: len(posterior)], ratios[len(posterior) :]

    chains = posterior.T.reshape(dimensions, *second.shape[:2])
    ess = float(np.median([az.ess(of_one, method="mean") for of_one in chains]))
    log_odds = float(np.log(ess / len(at_proposals)))
    value, iterations = _optimal_bridge(at_draws, at_proposals, log_odds)
    weight_at_draws, weight_at_proposals = _weights(at_draws, at_proposals, log_odds, value)
    independent = az.ess(weight_at_draws.reshape(second.shape[:2]), method="mean")
    of_draws = _relative_error(weight_at_draws, independent)
    of_proposals = _relative_error(weight_at_proposals, len(proposals))
    return LogEvidence(value, float(np.hypot(of_draws, of_proposals)), ess, iterations)


def _weights(
    at_draws: Floats, at_proposals: Floats, log_odds: float, log_evidence: float
) -> tuple[Floats, Floats]:
    """Probability that a draw came from the proposal, and that a proposal came from the posterior.

    `log_odds` are those of draws against proposals; the bridge equates the two sums.
    """
    shift = log_odds - log_evidence
    return expit(-at_draws - shift), expit(at_proposals + shift)


def _relative_error(weights: Floats, independent: float) -> float:
    """Standard error of the mean weight, divided by it."""
    return float(weights.std(ddof=1) / (weights.mean() * np.sqrt(independent)))


def _optimal_bridge(at_draws: Floats, at_proposals: Floats, log_odds: float) -> tuple[float, int]:
    """Log of the integral, and the number of iterations of Meng and Wong's recursion."""
    if np.isneginf(at_proposals).all():
        raise RunError(
            f"Bridge sampling found no density at any of its {len(at_proposals)} proposals: the "
            "posterior is too far from normal; parameterise the model anew."
        )
    value = float(np.median(at_draws))
    for iteration in range(1, MOST_ITERATIONS + 1):
        shift = log_odds - value
        numerator = logsumexp(at_proposals - np.logaddexp(0, at_proposals + shift))
        denominator = logsumexp(-np.logaddexp(0, at_draws + shift))
        before, value = (
            value,
            float(numerator - np.log(len(at_proposals)) - denominator + np.log(len(at_draws))),
        )
        if abs(value - before) < TOLERANCE:
            return value, iteration
    raise RunError(
        f"Bridge sampling has not converged after {MOST_ITERATIONS} iterations: its normal "
        "proposal hardly meets the posterior; parameterise the model so that it is nearer normal."
    )


def _check_draws(draws: npt.ArrayLike) -> Floats:
    array = finite("draws", draws)
    if array.ndim != 3 or 0 in array.shape:
        raise InputError(
            f"Argument draws must have the shape (chains, draws, dimensions), got {array.shape}."
        )
    if array.shape[1] < LEAST_DRAWS:
        raise InputError(
            f"Bridge sampling needs at least {LEAST_DRAWS} draws a chain, got {array.shape[1]}."
        )
    return array


def _check_densities(densities: Floats, drawn: int) -> None:
    """Refuse a density that is not finite at a draw, or is NaN or infinite anywhere."""
    at_draws = densities[0, :drawn]
    missing = int((~np.isfinite(at_draws)).sum())
    if missing:
        raise InputError(
            f"The log density must be finite at every draw, it is not at {missing} of {drawn}: "
            "are the draws from this density?"
        )
    wrong = int((np.isnan(densities) | (densities == np.inf)).sum())
    if wrong:
        raise InputError(
            "The log density must be a number or -inf at every point, it is NaN or infinite at "
            f"{wrong} of {densities.size}."
        )
