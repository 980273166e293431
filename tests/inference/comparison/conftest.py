"""The eight schools, their comparison, exact posteriors by quadrature, and draws made by hand."""

from dataclasses import dataclass
from pathlib import Path

import arviz as az
import numpy as np
import numpy.typing as npt
import pytest
from scipy import special, stats

from tasks.inference.comparison.compare import compare_models
from tasks.inference.comparison.draws import Draws, draws_of
from tasks.inference.comparison.record import Comparison, ModelName
from tasks.inference.comparison.settings import ComparisonSettings, Priors
from tasks.inference.comparison.units import Units

Floats = npt.NDArray[np.float64]
Compared = tuple[Comparison, dict[ModelName, az.InferenceData]]

SCHOOLS_Y = np.array([28.0, 8, -3, 7, -1, 1, 18, 12])
SCHOOLS_SIGMA = np.array([15.0, 10, 16, 11, 9, 11, 10, 18])
NODES = 200
FLAT = 1e6
"""Sd of a prior of mu that is as good as flat."""


def units_of(y: npt.ArrayLike, sigma: npt.ArrayLike, **covariates: Floats) -> Units:
    estimates = np.asarray(y, dtype=np.float64)
    labels = tuple(f"unit {j}" for j in range(len(estimates)))
    return Units(labels, estimates, np.asarray(sigma, dtype=np.float64), covariates)


@dataclass(frozen=True)
class Exact:
    """A posterior of mu and theta that are normal given tau, and of tau on nodes, shape (N,)."""

    log_z: float
    tau: Floats
    weight: Floats
    mu_mean: Floats
    mu_variance: Floats

    def of_tau(self, power: int) -> float:
        return float(self.weight @ self.tau**power)

    def of_mu(self, power: int) -> float:
        moments = {1: self.mu_mean, 2: self.mu_mean**2 + self.mu_variance}
        return float(self.weight @ moments[power])

    def of_theta(self, power: int, y: float, sigma: float) -> float:
        kept = self.tau**2 / (self.tau**2 + sigma**2)
        mean = kept * y + (1 - kept) * self.mu_mean
        variance = kept * sigma**2 + (1 - kept) ** 2 * self.mu_variance
        return float(self.weight @ {1: mean, 2: mean**2 + variance}[power])

    def below(self, y: float, sigma: float) -> float:
        """Chance that the estimate of a new unit lies below `y`."""
        sd = np.sqrt(self.tau**2 + sigma**2 + self.mu_variance)
        return float(self.weight @ special.ndtr((y - self.mu_mean) / sd))


def log_marginal(mu: Floats, tau: Floats, y: Floats, sigma: Floats) -> Floats:
    """Log density of all estimates given mu and tau, each of shape (N,)."""
    sd = np.hypot(tau[..., None], sigma)
    return np.asarray(stats.norm.logpdf(y, mu[..., None], sd).sum(axis=-1))


def integrate(
    tau: Floats, prior_weight: Floats, y: Floats, sigma: Floats, mu_mean: float, mu_sd: float
) -> Exact:
    """Condition on mu in closed form at each node of tau: p(y | tau) = p(y, mu) / p(mu | y)."""
    precision = 1 / (tau[:, None] ** 2 + sigma**2)
    variance = 1 / (precision.sum(axis=1) + mu_sd**-2)
    mean = variance * (precision @ y + mu_mean * mu_sd**-2)
    log_joint = log_marginal(mean, tau, y, sigma) + stats.norm.logpdf(mean, mu_mean, mu_sd)
    log_density = log_joint + 0.5 * np.log(2 * np.pi * variance) + np.log(prior_weight)
    log_z = float(special.logsumexp(log_density))
    return Exact(log_z, tau, np.exp(log_density - log_z), mean, variance)


def exactly(name: ModelName, y: Floats, sigma: Floats, priors: Priors) -> Exact:
    """Posterior of one of the competing models, or under flat priors as empirical Bayes has it.

    Gauss and Legendre's rule over the prior's distribution function of tau.
    """
    nodes, weight = np.polynomial.legendre.leggauss(NODES)
    chance, weight = (nodes + 1) / 2, weight / 2
    if name == "hierarchical_skeptical":
        tau = stats.halfnorm.ppf(chance, scale=priors.skeptical_tau_scale)
        return integrate(tau, weight, y, sigma, priors.skeptical_mean, priors.skeptical_sd)
    tau = stats.halfcauchy.ppf(chance, scale=priors.tau_scale)
    if name == "empirical_bayes":
        flat = weight / stats.halfcauchy.pdf(tau, scale=priors.tau_scale)
        return integrate(tau, flat, y, sigma, 0.0, FLAT)
    if name == "hierarchical_adaptive":
        share = special.expit(2 / priors.unit * (tau - priors.threshold))
        tau = share * tau + (1 - share) * priors.sigma_pooled * tau / priors.threshold
    return integrate(tau, weight, y, sigma, priors.mu_mean, priors.mu_sd)


def log_prior_tau(name: ModelName, tau: Floats, priors: Priors) -> Floats:
    if name == "hierarchical_skeptical":
        return np.asarray(stats.halfnorm.logpdf(tau, scale=priors.skeptical_tau_scale))
    return np.asarray(stats.halfcauchy.logpdf(tau, scale=priors.tau_scale))


def log_prior_mu(name: ModelName, mu: Floats, priors: Priors) -> Floats:
    if name == "hierarchical_skeptical":
        return np.asarray(stats.norm.logpdf(mu, priors.skeptical_mean, priors.skeptical_sd))
    return np.asarray(stats.norm.logpdf(mu, priors.mu_mean, priors.mu_sd))


def errors_away(draws: Floats, expected: float) -> float:
    """Distance of the mean of draws, shape (C, S), from a number, in Monte Carlo errors."""
    error = draws.std(ddof=1) / np.sqrt(az.ess(draws, method="mean"))
    return float(abs(draws.mean() - expected) / error)


def worst_moment(name: ModelName, fit: az.InferenceData, exact: Exact) -> float:
    """Of the means and second moments of mu, tau and all effects of the eight schools."""
    draws = draws_of(name, fit)
    return max(
        error
        for power in (1, 2)
        for error in (
            errors_away(draws.mu**power, exact.of_mu(power)),
            errors_away(draws.tau**power, exact.of_tau(power)),
            *(
                errors_away(draws.theta[..., j] ** power, exact.of_theta(power, y, sigma))
                for j, (y, sigma) in enumerate(zip(SCHOOLS_Y, SCHOOLS_SIGMA, strict=True))
            ),
        )
    )


def made_draws(theta: Floats, **given: Floats | None) -> Draws:
    """Draws with these effects, shape (C, S, J); by default mu 0, tau 1 and estimates as theta."""
    parts: dict[str, Floats | None] = {
        "mu": np.zeros(theta.shape[:2]),
        "tau": np.ones(theta.shape[:2]),
        "nu": None,
        "location": np.zeros(theta.shape),
        "y_rep": theta,
    } | given
    return Draws(theta=theta, **{"raw_tau": parts["tau"], **parts})  # type: ignore[arg-type]


@pytest.fixture(scope="session")
def schools() -> Units:
    return units_of(SCHOOLS_Y, SCHOOLS_SIGMA)


@pytest.fixture(scope="session")
def schools_compared(schools: Units) -> Compared:
    return compare_models(schools, ComparisonSettings(), seed=1, workers=2)


@pytest.fixture
def units_file(tmp_path: Path) -> Path:
    return tmp_path / "units.csv"
