"""Partial pooling without a chain: closed forms, exact moments by quadrature, coverage."""

import arviz as az
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from tasks.inference.comparison.computation import computation_of
from tasks.inference.comparison.empirical_bayes import empirical_bayes
from tasks.inference.comparison.marginal_normal import (
    effects_given,
    precision_weighted,
    restricted_log_likelihood,
)
from tasks.inference.comparison.settings import ComparisonSettings
from tasks.inference.comparison.units import Units

from .conftest import SCHOOLS_SIGMA, SCHOOLS_Y, Exact, Floats, exactly, units_of

MOST_STANDARD_ERRORS = 4


@pytest.fixture(scope="module")
def fit(schools: Units) -> az.InferenceData:
    return empirical_bayes(schools, np.random.default_rng(1))


@pytest.fixture(scope="module")
def exact(schools: Units) -> Exact:
    priors = ComparisonSettings().priors(schools)
    return exactly("empirical_bayes", SCHOOLS_Y, SCHOOLS_SIGMA, priors)


def errors_away(draws: Floats, expected: float) -> float:
    """Distance of the mean of independent draws from a number, in standard errors."""
    return float(abs(draws.mean() - expected) / (draws.std(ddof=1) / np.sqrt(draws.size)))


def test_mu_and_tau_have_their_exact_moments(fit: az.InferenceData, exact: Exact) -> None:
    mu, tau = fit.posterior["mu"].values, fit.posterior["tau"].values
    for power in (1, 2):
        assert errors_away(mu**power, exact.of_mu(power)) < MOST_STANDARD_ERRORS
        assert errors_away(tau**power, exact.of_tau(power)) < MOST_STANDARD_ERRORS


def test_effects_have_their_exact_moments(fit: az.InferenceData, exact: Exact) -> None:
    theta = fit.posterior["theta"].values
    for j, (y, sigma) in enumerate(zip(SCHOOLS_Y, SCHOOLS_SIGMA, strict=True)):
        for power in (1, 2):
            expected = exact.of_theta(power, float(y), float(sigma))
            assert errors_away(theta[..., j] ** power, expected) < MOST_STANDARD_ERRORS


def p_value(draws: Floats, exact: Exact) -> float:
    """Of Kolmogorov and Smirnov's test of independent draws of tau."""
    order = np.argsort(exact.tau)
    cumulative = np.cumsum(exact.weight[order]) - exact.weight[order] / 2
    tested = stats.kstest(draws.ravel(), lambda at: np.interp(at, exact.tau[order], cumulative))
    return float(tested.pvalue)


def test_tau_has_its_exact_distribution(fit: az.InferenceData, exact: Exact) -> None:
    tau = fit.posterior["tau"].values
    assert p_value(tau, exact) > 0.001
    assert p_value(1.1 * tau, exact) < 0.001


def test_the_long_tail_of_tau_over_four_units_is_drawn_from(schools: Units) -> None:
    y, sigma = np.array([-20.0, 10.0, 0.0, 30.0]), np.array([4.0, 6.0, 5.0, 3.0])
    fit = empirical_bayes(units_of(y, sigma), np.random.default_rng(3))
    exact = exactly("empirical_bayes", y, sigma, ComparisonSettings().priors(schools))
    tau = fit.posterior["tau"].values
    assert p_value(tau, exact) > 0.001
    assert p_value(tau[tau < 50], exact) < 0.001
    assert tau.max() > 200


def test_it_looks_like_the_fit_of_a_program_but_for_its_chains(
    fit: az.InferenceData, schools: Units
) -> None:
    theta, y_rep = fit.posterior["theta"].values, fit.posterior_predictive["y_rep"].values
    assert theta.shape == (4, 1000, 8)
    np.testing.assert_allclose(
        fit.log_likelihood["log_lik"].values, stats.norm.logpdf(schools.y, theta, schools.sigma)
    )
    scores = ((y_rep - theta) / schools.sigma).ravel()
    assert stats.kstest(scores, "norm").pvalue > 0.001
    np.testing.assert_array_equal(fit.observed_data["y"].values, schools.y)
    assert computation_of("empirical_bayes", fit) is None


def test_the_same_seed_gives_the_same_draws_and_leaves_the_units(
    fit: az.InferenceData, schools: Units
) -> None:
    again = empirical_bayes(schools, np.random.default_rng(1))
    np.testing.assert_array_equal(again.posterior["theta"].values, fit.posterior["theta"].values)
    other = empirical_bayes(schools, np.random.default_rng(2))
    assert not np.array_equal(other.posterior["theta"].values, fit.posterior["theta"].values)
    np.testing.assert_array_equal(schools.y, SCHOOLS_Y)
    np.testing.assert_array_equal(schools.sigma, SCHOOLS_SIGMA)


@pytest.mark.parametrize("widest", [0.0, 4.0, 30.0])
def test_intervals_of_effects_cover(widest: float) -> None:
    """Data sets with a tau from 0 to `widest`, errors of about 10."""
    rng = np.random.default_rng(7)
    inside = []
    for _ in range(150):
        sigma, tau = rng.uniform(5, 15, 8), rng.uniform(0, widest)
        theta = rng.normal(3, tau, 8)
        drawn = empirical_bayes(units_of(rng.normal(theta, sigma), sigma), rng)
        low, high = np.quantile(drawn.posterior["theta"].values, [0.025, 0.975], axis=(0, 1))
        inside.append((low <= theta) & (theta <= high))
    assert np.mean(inside) >= 0.92


@given(
    st.lists(st.tuples(st.floats(-20, 20), st.floats(0.5, 9)), min_size=3, max_size=6),
    st.floats(0, 30),
)
def test_mu_given_tau_is_the_generalised_least_squares_mean(
    pairs: list[tuple[float, float]], tau: float
) -> None:
    y, sigma = (np.array(values) for values in zip(*pairs, strict=True))
    inverse = np.linalg.inv(np.diag(tau**2 + sigma**2))
    mean, variance = precision_weighted(np.array(tau), y, sigma)
    assert variance == pytest.approx(1 / inverse.sum())
    assert mean == pytest.approx(inverse.sum(axis=0) @ y / inverse.sum(), abs=1e-9)


def test_the_restricted_likelihood_is_that_of_the_contrasts() -> None:
    """Density of differences to the first estimate, from which mu is gone: up to a constant."""
    y, sigma = np.array([3.0, -1.0, 8.0, 2.0]), np.array([2.0, 1.0, 3.0, 2.5])
    contrasts = np.hstack([-np.ones((3, 1)), np.eye(3)])
    taus = np.array([0.0, 0.5, 3.0, 20.0])
    expected = [
        stats.multivariate_normal.logpdf(
            contrasts @ y, cov=contrasts @ np.diag(tau**2 + sigma**2) @ contrasts.T
        )
        for tau in taus
    ]
    found = restricted_log_likelihood(taus, y, sigma)
    np.testing.assert_allclose(np.diff(found), np.diff(expected))


def test_an_effect_given_mu_and_tau_is_a_product_of_two_normals() -> None:
    mu, tau = np.array([[1.0, 2.0]]), np.array([[0.5, 4.0]])
    y, sigma = np.array([9.0, -3.0, 0.0]), np.array([1.0, 2.0, 3.0])
    mean, sd = effects_given(mu, tau, y, sigma)
    precision = sigma**-2 + tau[..., None] ** -2
    np.testing.assert_allclose(sd, precision**-0.5)
    np.testing.assert_allclose(
        mean, (y * sigma**-2 + mu[..., None] * tau[..., None] ** -2) / precision
    )


def test_effects_are_equal_without_tau() -> None:
    mean, sd = effects_given(np.array([2.0]), np.array([0.0]), np.array([9.0]), np.array([1.0]))
    np.testing.assert_array_equal(mean, [[2]])
    np.testing.assert_array_equal(sd, [[0]])
