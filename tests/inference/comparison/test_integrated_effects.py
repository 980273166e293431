"""Effects that are integrated out of a program: the same posterior, drawn in another way."""

import arviz as az
import numpy as np
import pytest
from scipy import stats

from tasks.inference.comparison.candidates import CANDIDATES, COMPETING
from tasks.inference.comparison.computation import computation_of
from tasks.inference.comparison.fitting import Fit, Problem, fit_all
from tasks.inference.comparison.record import ModelName
from tasks.inference.comparison.settings import ComparisonSettings, Priors
from tasks.inference.comparison.units import Units

from .conftest import (
    SCHOOLS_SIGMA,
    SCHOOLS_Y,
    Compared,
    Floats,
    exactly,
    log_marginal,
    log_prior_mu,
    log_prior_tau,
    units_of,
    worst_moment,
)

MOST_STANDARD_ERRORS = 4
LEAST_P = 1e-4
ALWAYS_INTEGRATED: tuple[ModelName, ...] = (
    "precision_regression",
    "hierarchical_covariates",
    "hierarchical_student_t",
)
Fits = dict[Fit, az.InferenceData]


@pytest.fixture(scope="module")
def priors(schools: Units) -> Priors:
    return ComparisonSettings().priors(schools)


@pytest.fixture(scope="module")
def fits(priors: Priors) -> Fits:
    """All models of the eight schools, integrated from the start, with their priors."""
    units = units_of(SCHOOLS_Y, SCHOOLS_SIGMA, size=np.array([3.0, 1, 4, 1, 5, 9, 2, 6]))
    problem = Problem(units, priors, ComparisonSettings(), True, seed=3, workers=2)
    models = (*COMPETING, *ALWAYS_INTEGRATED)
    return fit_all(problem, [Fit(name, likelihood=of) for name in models for of in (True, False)])


@pytest.mark.parametrize("name", COMPETING)
def test_the_posterior_is_the_exact_one(name: ModelName, fits: Fits, priors: Priors) -> None:
    exact = exactly(name, SCHOOLS_Y, SCHOOLS_SIGMA, priors)
    assert worst_moment(name, fits[Fit(name)], exact) < MOST_STANDARD_ERRORS


@pytest.mark.parametrize(
    ("name", "other"),
    [(COMPETING[0], COMPETING[1]), (COMPETING[1], COMPETING[0]), (COMPETING[2], COMPETING[1])],
)
def test_the_posterior_is_not_that_of_another_model(
    name: ModelName, other: ModelName, fits: Fits, priors: Priors
) -> None:
    """Control: the comparison of moments has the power to fail."""
    exact = exactly(other, SCHOOLS_Y, SCHOOLS_SIGMA, priors)
    assert worst_moment(name, fits[Fit(name)], exact) > 2 * MOST_STANDARD_ERRORS


@pytest.mark.parametrize("name", COMPETING)
def test_only_where_effects_are_sampled_are_there_deviations(
    name: ModelName, fits: Fits, schools_compared: Compared
) -> None:
    integrated, sampled = fits[Fit(name)], schools_compared[1][name]
    assert "eta" not in integrated.posterior
    assert "eta" in sampled.posterior
    assert set(sampled.posterior) - set(integrated.posterior) == {"eta"}
    for fit, expected in ((integrated, True), (sampled, False)):
        computed = computation_of(name, fit)
        assert computed is not None
        assert computed.integrated is expected


@pytest.mark.parametrize("name", ALWAYS_INTEGRATED)
def test_the_other_programs_have_no_deviations(name: ModelName, fits: Fits) -> None:
    assert "eta" not in fits[Fit(name)].posterior
    computed = computation_of(name, fits[Fit(name)])
    assert computed is not None
    assert computed.integrated


@pytest.mark.parametrize("name", COMPETING)
def test_no_constant_is_dropped_from_the_marginal_density(
    name: ModelName, fits: Fits, priors: Priors
) -> None:
    posterior = fits[Fit(name)].posterior
    mu, tau = posterior["mu"].values, posterior["tau"].values
    expected = log_prior_mu(name, mu, priors) + log_prior_tau(name, tau, priors) + np.log(tau)
    spread = posterior[CANDIDATES[name].tau].values
    expected += log_marginal(mu, spread, SCHOOLS_Y, SCHOOLS_SIGMA)
    np.testing.assert_allclose(fits[Fit(name)].sample_stats["lp"].values, expected, atol=1e-8)


def scores(name: ModelName, fit: az.InferenceData, *, likelihood: bool) -> Floats:
    """Of each draw of theta in its normal law given the draw's location and spread."""
    posterior = fit.posterior
    location = posterior["location"] if "location" in posterior else posterior["mu"]
    spread = posterior["spread"] if "spread" in posterior else posterior[CANDIDATES[name].tau]
    shape = posterior["theta"].shape
    at, sd = (of.values.reshape(*shape[:2], -1) for of in (location, spread))
    precision = sd**-2.0 + likelihood * SCHOOLS_SIGMA**-2.0
    mean = (at * sd**-2.0 + likelihood * SCHOOLS_Y * SCHOOLS_SIGMA**-2.0) / precision
    return np.asarray((posterior["theta"].values - mean) * np.sqrt(precision))


@pytest.mark.parametrize("likelihood", [True, False])
@pytest.mark.parametrize("name", [*COMPETING, *ALWAYS_INTEGRATED])
def test_effects_are_drawn_from_their_exact_law(
    name: ModelName, likelihood: bool, fits: Fits
) -> None:
    """Normal ones combined with their estimates, and without the likelihood the prior's own."""
    fit = fits[Fit(name, likelihood=likelihood)]
    for z in np.moveaxis(scores(name, fit, likelihood=likelihood), -1, 0):
        assert stats.kstest(z.ravel(), "norm").pvalue > LEAST_P
    other = scores(name, fit, likelihood=not likelihood)
    assert stats.kstest(other[..., 0].ravel(), "norm").pvalue < LEAST_P


def test_every_parameter_of_every_program_moves(fits: Fits) -> None:
    """So that one that does not is a fault of the chain."""
    for fit in fits.values():
        for name, values in fit.posterior.items():
            assert (values.values.std(axis=(0, 1)) > 0).all(), name
