"""Posterior predictive checks: right models pass, wrong ones are told by their statistics."""

from collections.abc import Callable

import arviz as az
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import signal

from tasks.beliefs.predictive_checks import (
    PredictiveChecks,
    lag_1_autocorrelation,
    predictive_checks,
)

Floats = npt.NDArray[np.float64]
T = 120
CHAINS, DRAWS = 4, 500


def known_normal(y: Floats, seed: int = 1, draws: int = DRAWS) -> az.InferenceData:
    """A fit of y ~ normal(0, 1), which has no parameter: independent draws, all means 0."""
    rng = np.random.default_rng(seed)
    shape = (CHAINS, draws, len(y))
    return az.from_dict(
        posterior={"mu": np.zeros(shape)},
        posterior_predictive={"y_rep": rng.normal(size=shape)},
        observed_data={"y": y},
    )


def rejected(found: PredictiveChecks) -> set[str]:
    return {check.name for check in found.checks if check.is_rejected}


def noise(seed: int = 2) -> Floats:
    return np.random.default_rng(seed).normal(size=T)


def test_data_of_the_model_pass() -> None:
    found = predictive_checks(known_normal(noise()))
    assert found.is_adequate
    assert len(found.checks) == 5


def test_of_many_data_sets_of_the_model_about_a_twentieth_is_rejected() -> None:
    """With known parameters the p-values are uniform, and Holm's rule keeps the level."""
    found = [predictive_checks(known_normal(noise(seed), seed, draws=100)) for seed in range(150)]
    assert 0 < sum(not one.is_adequate for one in found) <= 17  # of 150 at 5 %: more have p < 1e-3
    spread = [check.p_value for one in found for check in one.checks if "sd" in check.name]
    assert 0.35 < np.mean(spread) < 0.65
    assert np.min(spread) < 0.1


@pytest.mark.parametrize(
    ("change", "name"),
    [
        (lambda y: 1.4 * y, "sd of residuals"),
        (lambda y: y / 1.4, "sd of residuals"),
        (lambda y: signal.lfilter([0.8], [1, -0.6], y), "lag-1 autocorrelation of residuals"),
        (lambda y: np.append(y[1:], 6.5), "largest absolute residual"),
        (lambda y: np.square(y) / np.sqrt(2) - np.sqrt(0.5), "skewness of residuals"),
        (lambda y: 1.6 * y, "coverage of 90 % intervals"),
    ],
)
def test_each_kind_of_wrong_data_is_told_by_its_statistic(
    change: Callable[[Floats], Floats], name: str
) -> None:
    found = predictive_checks(known_normal(np.asarray(change(noise()))))
    assert not found.is_adequate
    assert name in rejected(found)


def test_statistics_are_those_of_the_residuals() -> None:
    rise = np.linspace(0.0, 9.0, T)
    fit = known_normal(noise() + rise)
    fit.posterior["mu"] = fit.posterior["mu"] + rise
    fit.posterior_predictive["y_rep"] = fit.posterior_predictive["y_rep"] + rise
    found = {check.name: check for check in predictive_checks(fit).checks}
    assert found["sd of residuals"].observed == pytest.approx(noise().std())
    assert found["sd of residuals"].replicated == pytest.approx(1.0, abs=0.01)
    largest = found["largest absolute residual"]
    assert largest.observed == pytest.approx(np.abs(noise()).max())
    assert 2.3 < largest.replicated < 3.0
    assert found["coverage of 90 % intervals"].replicated == pytest.approx(0.9, abs=0.005)


def test_the_p_value_is_two_sided_with_the_error_of_its_draws() -> None:
    y = noise()
    replicated = known_normal(y).posterior_predictive["y_rep"].values.std(axis=-1)
    above = (replicated > y.std()).mean()
    check = predictive_checks(known_normal(y)).checks[0]
    assert check.p_value == pytest.approx(2 * min(above, 1 - above), abs=2 / (CHAINS * DRAWS))
    independent = 2 * np.sqrt(above * (1 - above) / (CHAINS * DRAWS))
    assert check.mcse == pytest.approx(independent, rel=0.25)


def test_no_p_value_is_zero_and_adjusted_ones_are_no_smaller() -> None:
    found = predictive_checks(known_normal(50 * noise()))
    for check in found.checks:
        assert 0 < check.p_value <= check.adjusted_p_value <= 1
    assert not found.is_adequate


def test_a_stricter_level_rejects_less() -> None:
    y = 1.2 * noise()
    lax, strict = (predictive_checks(known_normal(y), level) for level in (0.5, 1e-6))
    assert rejected(strict) < rejected(lax)


def test_the_fit_is_not_changed() -> None:
    fit = known_normal(noise())
    predictive_checks(fit)
    assert fit.posterior.equals(known_normal(noise()).posterior)
    assert fit.posterior_predictive.equals(known_normal(noise()).posterior_predictive)


@given(st.lists(st.floats(-1e3, 1e3), min_size=3, max_size=30).filter(lambda x: np.ptp(x) > 1e-3))
def test_an_autocorrelation_lies_between_minus_1_and_1_in_any_unit(values: list[float]) -> None:
    series = np.array(values)
    found = lag_1_autocorrelation(series)
    assert -1 <= found <= 1
    assert lag_1_autocorrelation(7 - 3 * series) == pytest.approx(float(found), abs=1e-6)
