"""Fits of the eight schools against quadrature: moments, effects, marginal likelihood."""

import arviz as az
import numpy as np
import pytest
from scipy import special, stats

from tasks.inference.comparison.candidates import CANDIDATES
from tasks.inference.comparison.draws import draws_of
from tasks.inference.comparison.record import ModelName
from tasks.inference.comparison.settings import ComparisonSettings, Priors
from tasks.inference.comparison.units import Units

from .conftest import (
    SCHOOLS_SIGMA,
    SCHOOLS_Y,
    Compared,
    Exact,
    Floats,
    errors_away,
    exactly,
    log_marginal,
    log_prior_mu,
    log_prior_tau,
    worst_moment,
)

MOST_STANDARD_ERRORS = 4
COMPETING: tuple[ModelName, ...] = (
    "hierarchical_noncentered",
    "hierarchical_skeptical",
    "hierarchical_adaptive",
)


@pytest.fixture(scope="module")
def priors(schools: Units) -> Priors:
    return ComparisonSettings().priors(schools)


def exact_schools(name: ModelName, priors: Priors) -> Exact:
    return exactly(name, SCHOOLS_Y, SCHOOLS_SIGMA, priors)


def sd_of(second: float, mean: float) -> float:
    return float(np.sqrt(second - mean**2))


def test_the_quadrature_gives_the_published_values_of_the_first_model(priors: Priors) -> None:
    exact = exact_schools("hierarchical_noncentered", priors)
    assert exact.of_mu(1) == pytest.approx(7.4467, abs=5e-5)
    assert exact.of_tau(1) == pytest.approx(4.7073, abs=5e-5)
    assert exact.log_z == pytest.approx(-32.1715, abs=5e-5)


def test_the_quadrature_gives_the_published_values_under_narrower_priors(priors: Priors) -> None:
    narrow = priors.model_copy(update={"mu_sd": 5.0, "tau_scale": 5.0})
    exact = exact_schools("hierarchical_noncentered", narrow)
    assert exact.of_mu(1) == pytest.approx(4.3968, abs=5e-5)
    assert sd_of(exact.of_mu(2), exact.of_mu(1)) == pytest.approx(3.3177, abs=5e-5)
    assert exact.of_tau(1) == pytest.approx(3.5977, abs=5e-5)
    assert sd_of(exact.of_tau(2), exact.of_tau(1)) == pytest.approx(3.2200, abs=5e-5)
    assert exact.of_theta(1, 28, 15) == pytest.approx(6.2119, abs=5e-5)


def test_the_quadrature_gives_the_published_values_of_the_skeptical_model(priors: Priors) -> None:
    exact = exact_schools("hierarchical_skeptical", priors)
    assert exact.of_mu(1) == pytest.approx(7.8720, abs=5e-5)
    assert sd_of(exact.of_mu(2), exact.of_mu(1)) == pytest.approx(3.2719, abs=5e-5)
    assert exact.of_tau(1) == pytest.approx(3.2286, abs=5e-5)
    assert sd_of(exact.of_tau(2), exact.of_tau(1)) == pytest.approx(2.4436, abs=5e-5)
    assert exact.log_z == pytest.approx(-30.3455, abs=5e-5)


@pytest.mark.parametrize("name", COMPETING)
def test_fits_have_the_exact_means_and_second_moments(
    name: ModelName, schools_compared: Compared, priors: Priors
) -> None:
    exact = exact_schools(name, priors)
    assert worst_moment(name, schools_compared[1][name], exact) < MOST_STANDARD_ERRORS


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("hierarchical_noncentered", "hierarchical_skeptical"),
        ("hierarchical_skeptical", "hierarchical_noncentered"),
        ("hierarchical_adaptive", "hierarchical_skeptical"),
    ],
)
def test_fits_of_other_models_are_told_apart(
    name: ModelName, other: ModelName, schools_compared: Compared, priors: Priors
) -> None:
    """Control: the comparison of moments has the power to fail."""
    exact = exact_schools(other, priors)
    assert worst_moment(name, schools_compared[1][name], exact) > 2 * MOST_STANDARD_ERRORS


def test_the_adaptive_scale_changes_from_four_thirds_of_tau_to_tau_at_the_threshold(
    schools_compared: Compared,
) -> None:
    draws = draws_of("hierarchical_adaptive", schools_compared[1]["hierarchical_adaptive"])
    share = 1 / (1 + np.exp(-2 * (draws.raw_tau - 3)))
    np.testing.assert_allclose(draws.tau, draws.raw_tau * (share + (1 - share) * 4 / 3))
    assert draws.raw_tau.min() < 1
    assert draws.raw_tau.max() > 5


def test_every_point_of_the_sensitivity_grids_is_exact(
    schools_compared: Compared, priors: Priors
) -> None:
    for row in schools_compared[0].sensitivity:
        is_skeptical = row.model == "hierarchical_skeptical"
        varied = "skeptical_tau_scale" if is_skeptical else row.varied
        exact = exact_schools(row.model, priors.model_copy(update={varied: row.value}))
        for found, expected in ((row.mu, exact.of_mu(1)), (row.tau, exact.of_tau(1))):
            assert found.mean == pytest.approx(expected, abs=2e-5), row


def test_complete_pooling_has_the_exact_posterior(
    schools_compared: Compared, priors: Priors
) -> None:
    weights = np.append(SCHOOLS_SIGMA, priors.mu_sd) ** -2.0
    mean = weights @ np.append(SCHOOLS_Y, priors.mu_mean) / weights.sum()
    fit = schools_compared[1]["complete_pooling"]
    mu = draws_of("complete_pooling", fit).mu
    assert errors_away(mu, mean) < MOST_STANDARD_ERRORS
    assert errors_away(mu**2, mean**2 + 1 / weights.sum()) < MOST_STANDARD_ERRORS


@pytest.mark.parametrize("name", COMPETING)
def test_estimates_are_recorded_with_the_sd_and_the_quantiles_of_the_draws(
    name: ModelName, schools_compared: Compared
) -> None:
    comparison, fits = schools_compared
    record = next(model for model in comparison.models if model.name == name)
    draws = draws_of(name, fits[name])
    pairs = [(record.mu, draws.mu), (record.tau, draws.tau)]
    pairs += [(unit.theta, draws.theta[..., j]) for j, unit in enumerate(record.units)]
    for found, values in pairs:
        assert found is not None
        assert found.mean == pytest.approx(values.mean())
        assert found.sd == pytest.approx(values.std(ddof=1))
        ends = np.quantile(values, [0.025, 0.5, 0.975])
        assert (found.low, found.median, found.high) == pytest.approx(tuple(ends))
        assert found.mcse == pytest.approx(found.sd / az.ess(values, method="mean") ** 0.5)


@pytest.mark.parametrize("name", COMPETING)
def test_no_constant_is_dropped_from_the_joint_density(
    name: ModelName, schools_compared: Compared, priors: Priors
) -> None:
    fit = schools_compared[1][name]
    mu, theta = fit.posterior["mu"].values, fit.posterior["theta"].values
    tau, eta = fit.posterior["tau"].values, fit.posterior["eta"].values
    expected = log_prior_mu(name, mu, priors) + log_prior_tau(name, tau, priors) + np.log(tau)
    expected += stats.norm.logpdf(eta).sum(axis=-1)
    expected += stats.norm.logpdf(SCHOOLS_Y, theta, SCHOOLS_SIGMA).sum(axis=-1)
    np.testing.assert_allclose(fit.sample_stats["lp"].values, expected, atol=1e-8)
    scale = fit.posterior[CANDIDATES[name].tau].values
    np.testing.assert_allclose(theta, mu[..., None] + scale[..., None] * eta, atol=1e-9)


@pytest.mark.parametrize("name", COMPETING[:2])
def test_a_bridge_between_the_draws_and_a_normal_gives_the_exact_marginal_likelihood(
    name: ModelName, schools_compared: Compared, priors: Priors
) -> None:
    """Meng & Wong (1996), Simulating ratios of normalizing constants, Statistica Sinica 6."""
    draws = draws_of(name, schools_compared[1][name])
    drawn = np.stack([draws.mu.ravel(), np.log(draws.tau.ravel())], axis=-1)
    proposal = stats.multivariate_normal(drawn.mean(axis=0), np.cov(drawn.T))
    proposed = proposal.rvs(len(drawn), random_state=np.random.default_rng(1))

    def log_ratio(at: Floats) -> Floats:
        mu, tau = at[:, 0], np.exp(at[:, 1])
        log_prior = log_prior_mu(name, mu, priors) + log_prior_tau(name, tau, priors) + at[:, 1]
        joint = log_prior + log_marginal(mu, tau, SCHOOLS_Y, SCHOOLS_SIGMA)
        return np.asarray(joint - proposal.logpdf(at))

    ratios, log_z = (log_ratio(drawn), log_ratio(proposed)), 0.0
    for _ in range(50):
        above = special.logsumexp(ratios[1] - np.logaddexp(ratios[1], log_z))
        under = special.logsumexp(-np.logaddexp(ratios[0], log_z))
        log_z = float(above - under)
    assert log_z == pytest.approx(exact_schools(name, priors).log_z, abs=0.1)
