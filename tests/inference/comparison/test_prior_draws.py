"""Draws from the priors follow them: in the groups that ArviZ has for them, and in records."""

import numpy as np
import pytest
from scipy import stats

from tasks.inference.comparison.candidates import CANDIDATES, COMPETING
from tasks.inference.comparison.fitting import Fit, fits_of, with_prior
from tasks.inference.comparison.predictive_checks import covered
from tasks.inference.comparison.record import ModelName
from tasks.inference.comparison.units import Units

from .conftest import Compared, Floats

MOST_STANDARD_ERRORS = 4.5


def share_below(draws: Floats, at: float) -> tuple[float, float]:
    """Share of draws, shape (C, S), below a number, with its standard error between chains."""
    parts = np.array_split(draws, 5, axis=1) if draws.ndim == 2 else [draws]
    means = np.concatenate([(part < at).mean(axis=1) for part in parts])
    return float(means.mean()), float(means.std(ddof=1) / np.sqrt(means.size))


PRIORS = {
    "hierarchical_noncentered": (stats.norm(0, 20), stats.halfcauchy(scale=10)),
    "hierarchical_skeptical": (stats.norm(8, 5), stats.halfnorm(scale=5)),
    "hierarchical_adaptive": (stats.norm(0, 20), stats.halfcauchy(scale=10)),
}


@pytest.mark.parametrize("name", COMPETING)
@pytest.mark.parametrize("chance", [0.05, 0.25, 0.5, 0.75, 0.95])
def test_mu_and_tau_have_the_quantiles_of_their_priors(
    name: ModelName, chance: float, schools_compared: Compared
) -> None:
    prior = schools_compared[1][name].prior
    for variable, distribution in zip(("mu", "tau"), PRIORS[name], strict=True):
        share, error = share_below(prior[variable].values, distribution.ppf(chance))
        assert abs(share - chance) < MOST_STANDARD_ERRORS * error, variable


def test_three_tenths_of_the_first_prior_of_tau_lie_below_5(schools_compared: Compared) -> None:
    """2 / pi * arctan(1 / 2) = 0.295, not one half."""
    tau = schools_compared[1]["hierarchical_noncentered"].prior["tau"].values
    share, error = share_below(tau, 5.0)
    assert abs(share - 0.2952) < MOST_STANDARD_ERRORS * error
    assert error < 0.02
    assert abs(share - 0.5) > 2 * MOST_STANDARD_ERRORS * error


@pytest.mark.parametrize("name", COMPETING)
def test_effects_and_replicates_follow_from_them(
    name: ModelName, schools_compared: Compared, schools: Units
) -> None:
    fit = schools_compared[1][name]
    theta, mu = fit.prior["theta"].values, fit.prior["mu"].values
    tau = fit.prior[CANDIDATES[name].tau].values
    for scores in (
        (theta - mu[..., None]) / tau[..., None],
        (fit.prior_predictive["y_rep"].values - theta) / schools.sigma,
    ):
        assert np.all(np.abs(scores.mean(axis=(0, 1))) < 0.15)
        np.testing.assert_allclose(scores.std(axis=(0, 1)), 1, atol=0.12)


def test_draws_from_the_prior_do_not_know_the_estimates(schools_compared: Compared) -> None:
    fit = schools_compared[1]["hierarchical_noncentered"]
    assert fit.posterior["mu"].values.std() < 6
    assert fit.prior["mu"].values.std() > 15


def test_records_hold_the_prior_as_drawn(schools_compared: Compared, schools: Units) -> None:
    comparison, fits = schools_compared
    for model in comparison.models:
        prior = fits[model.name].prior_predictive["y_rep"].values
        assert model.prior_covered == covered(prior, schools.y)
    medians = {model.name: model.prior_tau for model in comparison.models}
    assert medians["hierarchical_noncentered"] == pytest.approx(10, rel=0.2)
    assert medians["hierarchical_skeptical"] == pytest.approx(5 * stats.norm.ppf(0.75), rel=0.2)
    assert medians["complete_pooling"] is None


def test_every_model_but_empirical_bayes_has_a_prior_to_draw_from() -> None:
    for name in CANDIDATES:
        expected = (Fit(name), Fit(name, likelihood=False))
        assert fits_of(name) == (expected[:1] if name == "empirical_bayes" else expected)


def test_a_fit_keeps_its_groups_when_it_is_given_those_of_the_prior(
    schools_compared: Compared,
) -> None:
    whole = schools_compared[1]["hierarchical_noncentered"]
    posterior, prior = whole.copy(), whole.copy()
    for group in ("prior", "prior_predictive"):
        delattr(posterior, group)
    name: ModelName = "hierarchical_noncentered"
    fits = {Fit(name): posterior, Fit(name, likelihood=False): prior}
    joined = with_prior(name, fits)
    assert "prior" not in posterior.groups()
    np.testing.assert_array_equal(joined.prior["mu"].values, prior.posterior["mu"].values)
    alone = with_prior(name, {Fit(name): posterior})
    assert "prior" not in alone.groups()
