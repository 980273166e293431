"""Priors, data and joined data of the models that vary the hierarchical normal one."""

import math
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pytest
from scipy import stats

from tasks.calibration.simulator import Values
from tasks.calibration.simulators.complete_pooling import CompletePooling
from tasks.calibration.simulators.hierarchical_adaptive import HierarchicalAdaptive
from tasks.calibration.simulators.hierarchical_covariates import HierarchicalCovariates
from tasks.calibration.simulators.hierarchical_normal import HierarchicalNormal
from tasks.calibration.simulators.hierarchical_student_t import HierarchicalStudentT
from tasks.calibration.simulators.precision_regression import PrecisionRegression
from tasks.inference.comparison.marginal_normal import effective_tau

Floats = npt.NDArray[np.float64]

DRAWS = 20_000
MOST_STANDARD_ERRORS = 4.0
LEAST_P = 1e-3
POOLED = HierarchicalAdaptive, HierarchicalCovariates, HierarchicalStudentT, PrecisionRegression
NOT_STANDARD: dict[str, Any] = {
    "sigma": (1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0),
    "mu_mean": 3.0,
    "mu_sd": 2.0,
}


class Generator(Protocol):
    def draw_parameters(self, rng: np.random.Generator) -> dict[str, Floats]: ...

    def draw_data(self, parameters: Values, rng: np.random.Generator) -> dict[str, Any]: ...


def prior(model: Generator, draws: int = DRAWS) -> dict[str, Floats]:
    rng = np.random.default_rng(1)
    rows = [model.draw_parameters(rng) for _ in range(draws)]
    return {name: np.array([row[name] for row in rows]) for name in rows[0]}


def has_law(drawn: Floats, law: Any) -> bool:
    return bool(stats.kstest(drawn, law.cdf).pvalue > LEAST_P)


def largest_correlation(columns: Floats) -> float:
    return float(np.abs(np.corrcoef(columns.T) - np.eye(columns.shape[1])).max())


@pytest.mark.parametrize("generator", POOLED)
def test_mu_and_tau_have_the_priors_of_the_design(generator: Any) -> None:
    drawn = prior(generator(**NOT_STANDARD, tau_family="half-normal", tau_scale=5.0), 5000)
    assert has_law(drawn["mu"], stats.norm(3.0, 2.0))
    assert has_law(drawn["tau"], stats.halfnorm(scale=5.0))
    assert has_law(prior(generator(tau_scale=7.0), 5000)["tau"], stats.halfcauchy(scale=7.0))


@pytest.mark.parametrize("generator", [CompletePooling, *POOLED])
def test_each_estimate_is_of_its_own_effect_with_its_own_error(generator: Any) -> None:
    model, rng = generator(**NOT_STANDARD), np.random.default_rng(2)
    theta = 50.0 if generator is CompletePooling else np.linspace(-90, 90, 8)
    truth = {"mu": np.array(50.0), "theta": theta}
    y = np.array([model.draw_data(truth, rng)["y"] for _ in range(5000)])
    z = (y - theta) / np.array(model.sigma)
    assert all(has_law(z[:, j], stats.norm) for j in range(8))
    assert largest_correlation(z) < MOST_STANDARD_ERRORS / math.sqrt(5000)


def test_the_spread_of_adaptive_effects_is_tau_above_and_a_part_of_it_below() -> None:
    model = HierarchicalAdaptive(threshold=3.0, sigma_pooled=6.0, steepness=20.0)
    drawn = prior(model)
    tau, spread = drawn["tau"], drawn["tau_effective"]
    np.testing.assert_allclose(spread[tau > 5.0], tau[tau > 5.0], rtol=1e-12)
    np.testing.assert_allclose(spread[tau < 1.0], 2.0 * tau[tau < 1.0], rtol=1e-12)
    assert min((tau > 5.0).sum(), (tau < 1.0).sum()) > 1000
    at_threshold, far = effective_tau(np.array([3.0, 1e300]), 3.0, 6.0, 20.0)
    assert (at_threshold, far) == ((3.0 + 6.0) / 2, 1e300)  # nothing overflows
    mu = drawn["mu"][:, None]
    np.testing.assert_allclose(drawn["theta"], mu + spread[:, None] * drawn["eta"], rtol=1e-12)
    assert has_law(drawn["eta"].ravel(), stats.norm)


def test_the_spread_at_the_threshold_seen_from_below_is_the_pooled_one() -> None:
    """With a change as steep as a step: its value just below, and tau just above."""
    beside = effective_tau(3.0 + 1e-6 * np.array([-1, 1]), 3.0, 4.0, 1e9)
    assert beside == pytest.approx([4.0, 3.0], rel=1e-5)


def test_student_t_effects_have_gamma_degrees_of_freedom() -> None:
    drawn = prior(HierarchicalStudentT())
    assert has_law(drawn["nu"], stats.gamma(2.0, scale=10.0))


def test_the_weights_of_student_t_effects_are_gamma_of_half_the_degrees_of_freedom() -> None:
    drawn = prior(HierarchicalStudentT())
    half = drawn["nu"][:, None] / 2
    probability = stats.gamma.cdf(drawn["lambda"], half, scale=1 / half)
    assert all(has_law(probability[:, j], stats.uniform) for j in range(8))
    assert largest_correlation(probability) < MOST_STANDARD_ERRORS / math.sqrt(DRAWS)
    of_another = stats.gamma.cdf(drawn["lambda"], 2 * half, scale=0.5 / half)
    assert not has_law(of_another[:, 0], stats.uniform)


def test_student_t_effects_are_normal_given_their_weights() -> None:
    drawn = prior(HierarchicalStudentT())
    spread = drawn["tau"][:, None] / np.sqrt(drawn["lambda"])
    z = (drawn["theta"] - drawn["mu"][:, None]) / spread
    assert all(has_law(z[:, j], stats.norm) for j in range(8))
    assert largest_correlation(z) < MOST_STANDARD_ERRORS / math.sqrt(DRAWS)


def test_student_t_effects_have_the_tails_of_their_own_degrees_of_freedom() -> None:
    drawn = prior(HierarchicalStudentT())
    z = (drawn["theta"] - drawn["mu"][:, None]) / drawn["tau"][:, None]
    probability = stats.t.cdf(z, drawn["nu"][:, None])
    assert all(has_law(probability[:, j], stats.uniform) for j in range(8))
    assert largest_correlation(probability) < MOST_STANDARD_ERRORS / math.sqrt(DRAWS)
    of_few_degrees = probability[drawn["nu"] < 5.0].ravel()
    far_out = np.abs(of_few_degrees - 0.5) > 0.495
    standard_error = math.sqrt(0.01 * 0.99 / far_out.size)
    assert abs(far_out.mean() - 0.01) < MOST_STANDARD_ERRORS * standard_error


def test_complete_pooling_draws_one_effect_of_all_units() -> None:
    drawn = prior(CompletePooling(**NOT_STANDARD))
    assert set(drawn) == {"mu"}
    assert has_law(drawn["mu"], stats.norm(3.0, 2.0))


def test_the_likelihood_of_a_common_effect_is_known_by_hand() -> None:
    model = CompletePooling(sigma=(1.0, 2.0))
    data = {"y": np.array([1.0, 6.0]), "sigma": np.array(model.sigma)}
    draws = {"mu": np.array([0.0, 2.0])}
    np.testing.assert_allclose(model.log_likelihood(draws, data), [-(1 + 9) / 2, -(1 + 4) / 2])
    assert model.quantities(draws, data)["product of mu and y"].tolist() == [0.0, 2 * (1.0 + 1.5)]


@pytest.mark.parametrize("generator", [PrecisionRegression, HierarchicalCovariates])
def test_coefficients_are_normal_and_effects_spread_around_the_regression(generator: Any) -> None:
    model = generator(beta_sd=4.0)
    drawn = prior(model)
    beta, x = drawn["beta"].reshape(DRAWS, -1), model.covariates().reshape(8, -1)
    assert all(has_law(coefficient, stats.norm(0, 4.0)) for coefficient in beta.T)
    assert np.abs(np.corrcoef(beta.T, drawn["mu"])).min() < MOST_STANDARD_ERRORS / math.sqrt(DRAWS)
    location = drawn["mu"][:, None] + beta @ x.T
    z = (drawn["theta"] - location) / drawn["tau"][:, None]
    assert all(has_law(z[:, j], stats.norm) for j in range(8))
    assert largest_correlation(z) < MOST_STANDARD_ERRORS / math.sqrt(DRAWS)


def test_the_covariate_of_the_precision_is_larger_for_smaller_errors() -> None:
    """Known by hand: log precisions 2 log 2 apart have the sample sd 2 log 2."""
    model = PrecisionRegression(sigma=(2.0, 1.0, 4.0))
    np.testing.assert_allclose(model.covariates(), [0.0, 1.0, -1.0], atol=1e-12)
    assert prior(model, 10)["beta"].shape == (10,)


def test_the_covariates_of_the_default_are_standardised_as_stan_does() -> None:
    x = HierarchicalCovariates().covariates()
    np.testing.assert_allclose(x.mean(axis=0), 0.0, atol=1e-12)
    np.testing.assert_allclose(x.std(axis=0, ddof=1), 1.0)
    assert (np.diff(x[:, 0]) > 0).all()
    assert (np.diff(np.sign(x[:, 1])) != 0).all()
    assert np.linalg.matrix_rank(np.column_stack([np.ones(8), x])) == 3


def test_given_covariates_are_those_of_the_data() -> None:
    x = ((1.0, 2.0, 3.0), (4.0, 5.0, 6.0))
    model = HierarchicalCovariates(sigma=(1.0, 2.0), x=x)
    rng = np.random.default_rng(3)
    data = model.draw_data(model.draw_parameters(rng), rng)
    assert (data["J"], data["K"]) == (2, 3)
    assert data["x"].tolist() == [list(row) for row in x]
    assert HierarchicalCovariates.from_data(data) == model


@pytest.mark.parametrize("generator", [HierarchicalNormal, HierarchicalAdaptive])
def test_effects_that_are_integrated_out_have_no_deviations_but_the_same_law(
    generator: type[HierarchicalNormal | HierarchicalAdaptive],
) -> None:
    sampled, integrated = prior(generator(), 100), prior(generator(integrated=True), 100)
    assert set(sampled) - set(integrated) == {"eta"}
    for name, values in integrated.items():
        np.testing.assert_array_equal(values, sampled[name])
    for is_integrated in (False, True):
        assert generator(integrated=is_integrated).design()["integrated"] == is_integrated


def test_without_what_they_add_the_models_are_the_hierarchical_normal_one() -> None:
    """Where sigma_pooled is the threshold, the adaptive scale is tau: the same draws again."""
    same = HierarchicalAdaptive(threshold=3.0, sigma_pooled=3.0)
    adaptive, normal = prior(same, 100), prior(HierarchicalNormal(), 100)
    for name, values in normal.items():
        np.testing.assert_allclose(adaptive[name], values, rtol=1e-12)
    assert not np.allclose(prior(HierarchicalAdaptive(), 100)["theta"], normal["theta"])
