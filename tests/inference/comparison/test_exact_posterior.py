"""Posteriors by quadrature over log tau: against another rule, chains, and closed forms."""

import numpy as np
import pytest
from scipy import stats

from tasks.inference.comparison.candidates import COMPETING
from tasks.inference.comparison.draws import draws_of, estimate
from tasks.inference.comparison.exact_posterior import exact_posterior
from tasks.inference.comparison.record import ModelName
from tasks.inference.comparison.settings import ComparisonSettings, Priors
from tasks.inference.comparison.units import Units

from .conftest import Compared, exactly, units_of

MOST_ERRORS = 4.5


def priors_of(units: Units, **settings: float) -> Priors:
    return ComparisonSettings.model_validate(settings).priors(units)


@pytest.mark.parametrize("name", COMPETING)
def test_moments_are_those_of_another_quadrature(name: ModelName, schools: Units) -> None:
    """Here trapezoids over log tau, there Gauss and Legendre's rule over the prior."""
    priors = priors_of(schools)
    mu, tau = exact_posterior(name, schools, priors)
    other = exactly(name, schools.y, schools.sigma, priors)
    for found, moment in ((mu, other.of_mu), (tau, other.of_tau)):
        assert found.mean == pytest.approx(moment(1), abs=2e-5)
        assert found.sd == pytest.approx(np.sqrt(moment(2) - moment(1) ** 2), abs=2e-5)
        assert found.mcse == 0


def test_published_moments_of_the_eight_schools(schools: Units) -> None:
    """Model 1 and, of a prior half as wide, the values by quadrature that others report."""
    mu, tau = exact_posterior("hierarchical_noncentered", schools, priors_of(schools))
    assert (mu.mean, tau.mean) == pytest.approx((7.4467, 4.7073), abs=5e-5)
    priors = priors_of(schools, mu_sd=5, tau_scale=5)
    mu, tau = exact_posterior("hierarchical_noncentered", schools, priors)
    found = mu.mean, mu.sd, tau.mean, tau.sd
    assert found == pytest.approx((4.3968, 3.3177, 3.5977, 3.2200), abs=5e-5)


@pytest.mark.parametrize("name", COMPETING)
def test_intervals_are_those_of_the_chains(
    name: ModelName, schools: Units, schools_compared: Compared
) -> None:
    found, fits = schools_compared
    draws = draws_of(name, fits[name])
    for exact, sampled in zip(
        exact_posterior(name, schools, found.priors), (draws.mu, draws.tau), strict=True
    ):
        seen = estimate(sampled)
        assert seen.mcse
        assert abs(seen.mean - exact.mean) < MOST_ERRORS * seen.mcse
        for chance, quantile in ((0.025, exact.low), (0.5, exact.median), (0.975, exact.high)):
            assert (sampled < quantile).mean() == pytest.approx(chance, abs=0.025)


def test_known_spread_gives_the_conjugate_posterior() -> None:
    """A prior of tau that is all but 0 leaves a normal mean with a normal prior."""
    units = units_of([3.0, 5.0, 10.0], [1.0, 2.0, 3.0])
    priors = priors_of(units, tau_scale=1e-4, mu_mean=1.0, mu_sd=2.0)
    mu, _ = exact_posterior("hierarchical_noncentered", units, priors)
    precision = (1 / units.sigma**2).sum() + 1 / 4
    mean = ((units.y / units.sigma**2).sum() + 1 / 4) / precision
    law = stats.norm(mean, precision**-0.5)
    expected = (law.mean(), law.std(), *law.ppf([0.025, 0.5, 0.975]))
    found = (mu.mean, mu.sd, mu.low, mu.median, mu.high)
    assert found == pytest.approx(expected, abs=2e-3)


def test_many_units_leave_no_doubt_of_their_spread() -> None:
    rng = np.random.default_rng(1)
    theta = rng.normal(3, 2, 1000)
    units = units_of(theta + 1e-3 * rng.normal(size=1000), np.full(1000, 1e-3))
    _, tau = exact_posterior("hierarchical_noncentered", units, priors_of(units))
    spread = theta.std(ddof=1)
    assert tau.mean == pytest.approx(spread, rel=2e-3)
    assert tau.sd == pytest.approx(spread / np.sqrt(2 * 999), rel=0.02)
    assert (tau.high - tau.low) / (2 * 1.96) == pytest.approx(tau.sd, rel=0.03)
