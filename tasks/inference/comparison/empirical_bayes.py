"""Partial pooling without a Markov chain: what is left where every chain fails."""

import arviz as az
import numpy as np
from scipy import integrate, stats

from tasks.bayes.inference_data import group_dataset
from tasks.inference.comparison.marginal_normal import (
    effects_given,
    precision_weighted,
    restricted_log_likelihood,
)
from tasks.inference.comparison.units import FloatArray, Units

NODES = 4096
WIDEST = 50.0
"""Largest tau looked at, in spreads of the estimates or largest standard errors."""
CHAINS = 4
DRAWS = 1000


def empirical_bayes(units: Units, rng: np.random.Generator) -> az.InferenceData:
    """Draw from the posterior under flat priors of mu and tau, exactly but for a grid over tau.

    The priors hold nothing that the data do not tell, as those of a plug-in estimate; but tau's
    restricted likelihood is integrated over, so that intervals are not too narrow.

    Returns
    -------
    arviz.InferenceData
        Groups as those of a sampled program; the draws are independent.

    References
    ----------
    Morris (1983), Parametric Empirical Bayes Inference, JASA 78, 47-55.
    """
    tau = _draw_tau(units, rng, (CHAINS, DRAWS))
    mean, variance = precision_weighted(tau, units.y, units.sigma)
    mu = rng.normal(mean, np.sqrt(variance))
    theta = rng.normal(*effects_given(mu, tau, units.y, units.sigma))
    log_lik = stats.norm.logpdf(units.y, theta, units.sigma)
    attributes = {"program": "empirical_bayes"}
    return az.InferenceData(
        posterior=group_dataset({"mu": mu, "tau": tau, "theta": theta}, attributes),
        posterior_predictive=group_dataset({"y_rep": rng.normal(theta, units.sigma)}, attributes),
        log_likelihood=group_dataset({"log_lik": log_lik}, attributes),
        observed_data=group_dataset({"y": units.y}, attributes, leading=()),
    )


def _draw_tau(units: Units, rng: np.random.Generator, shape: tuple[int, ...]) -> FloatArray:
    """Draws from the restricted likelihood of tau by inversion on a grid."""
    widest = WIDEST * max(float(np.ptp(units.y)), float(units.sigma.max()))
    grid = widest * np.linspace(0, 1, NODES) ** 3  # finer towards 0
    log_density = restricted_log_likelihood(grid, units.y, units.sigma)
    density = np.exp(log_density - log_density.max())
    cumulative = integrate.cumulative_trapezoid(density, grid, initial=0)
    return np.asarray(np.interp(rng.uniform(size=shape), cumulative / cumulative[-1], grid))
