"""Posterior of mu and tau of a competing model by quadrature: no chain, no Monte Carlo error."""

import numpy as np
from scipy import integrate, optimize, special, stats

from tasks.inference.comparison.candidates import HALF_CAUCHY, program_data
from tasks.inference.comparison.marginal_normal import (
    effective_tau,
    precision_weighted,
    restricted_log_likelihood,
)
from tasks.inference.comparison.record import Estimate, ModelName
from tasks.inference.comparison.settings import Priors
from tasks.inference.comparison.units import FloatArray, Units

NODES = 4001
"""Three to a posterior standard deviation of log tau with 1000 units."""
FAR = 1e6
"""From the scale of tau's prior to the ends of the grid, as a factor."""
CHANCES = {"low": 0.025, "median": 0.5, "high": 0.975}


def exact_posterior(
    name: ModelName,
    units: Units,
    priors: Priors,
    *,
    tau_scale: float | None = None,
    threshold: float | None = None,
) -> tuple[Estimate, Estimate]:
    """Posterior of mu, and of tau (of the adaptive model the effective one).

    Given tau mu is normal, so that one integral over the logarithm of tau is left; the trapezoidal
    rule converges on it faster than any power of the step.

    Parameters
    ----------
    name
        One of the competing models.
    units, priors
        Units and priors.
    tau_scale, threshold
        In place of those of the priors.

    References
    ----------
    Trefethen & Weideman (2014), The exponentially convergent trapezoidal rule, SIAM Review 56,
    385-458.
    """
    data = program_data(name, units, priors, tau_scale=tau_scale, threshold=threshold)
    scale, prior_mean, prior_sd = data["tau_scale"], data["mu_mean"], data["mu_sd"]
    parameter = scale * np.geomspace(1 / FAR, FAR, NODES)
    tau = parameter
    if "threshold" in data:
        tau = effective_tau(parameter, data["threshold"], data["sigma_pooled"], data["steepness"])
    mean, variance = precision_weighted(tau, units.y, units.sigma)
    prior = stats.halfcauchy if data["tau_family"] == HALF_CAUCHY else stats.halfnorm
    log_weight = (
        prior.logpdf(parameter, scale=scale)
        + np.log(parameter)
        + restricted_log_likelihood(tau, units.y, units.sigma)
        + stats.norm.logpdf(mean, prior_mean, np.sqrt(variance + prior_sd**2))
    )
    weight = np.exp(log_weight - special.logsumexp(log_weight))
    mu_variance = 1 / (1 / variance + prior_sd**-2)
    mu_mean = mu_variance * (mean / variance + prior_mean * prior_sd**-2)
    return _mixture(weight, mu_mean, np.sqrt(mu_variance)), _on_grid(weight, tau)


def _mixture(weight: FloatArray, mean: FloatArray, sd: FloatArray) -> Estimate:
    """A mixture of normals."""
    centre = float(weight @ mean)
    spread = float(np.sqrt(weight @ (np.square(sd) + np.square(mean - centre))))
    far = np.array([-1, 1]) * (10 * sd.max() + np.ptp(mean)) + centre

    def quantile(chance: float) -> float:
        return float(
            optimize.brentq(
                lambda mu: float(weight @ special.ndtr((mu - mean) / sd)) - chance, *far
            )
        )

    return Estimate(
        mean=centre,
        mcse=0.0,
        sd=spread,
        **{name: quantile(chance) for name, chance in CHANCES.items()},
    )


def _on_grid(weight: FloatArray, tau: FloatArray) -> Estimate:
    """A density over the logarithm of tau at evenly spaced nodes."""
    centre = float(weight @ tau)
    below = integrate.cumulative_trapezoid(weight, initial=0)
    quantiles = np.interp(list(CHANCES.values()), below / below[-1], tau)
    return Estimate(
        mean=centre,
        mcse=0.0,
        sd=float(np.sqrt(weight @ np.square(tau - centre))),
        **dict(zip(CHANCES, map(float, quantiles), strict=True)),
    )
