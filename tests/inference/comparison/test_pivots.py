"""The whole protocol on small data, with real fits: each way that the data may turn it."""

import numpy as np
import pytest

from tasks.inference.comparison import fitting
from tasks.inference.comparison.candidates import COMPETING
from tasks.inference.comparison.compare import compare_models
from tasks.inference.comparison.record import Comparison, ModelRecord
from tasks.inference.comparison.settings import ComparisonSettings
from tasks.inference.comparison.units import Units, standardised

from .conftest import SCHOOLS_SIGMA, SCHOOLS_Y, Compared, Floats, units_of

N_UNITS = 24
ANY_CHAIN = {"most_divergences": 0.2, "most_r_hat": 1.1}
"""No second fit: which model is turned to does not hang on it."""
MOST_GRADIENTS = 10
"""For a draw: few, as of two parameters that are hardly correlated."""


def compare(units: Units, **settings: float) -> Comparison:
    """Compare under settings."""
    given = ComparisonSettings.model_validate(ANY_CHAIN | settings)
    return compare_models(units, given, seed=1, workers=2)[0]


def errors(rng: np.random.Generator) -> Floats:
    return np.exp(rng.normal(np.log(11), 0.4, N_UNITS))


def raised(comparison: Comparison) -> dict[str, str]:
    return {flag.name: flag.pivot for flag in comparison.flags if flag.is_raised}


def model(comparison: Comparison, name: str) -> ModelRecord:
    return next(of for of in comparison.models if of.name == name)


def failures(of: ModelRecord) -> set[str]:
    return {finding.check for finding in of.failures}


def test_a_clear_outlier_turns_to_heavy_tails() -> None:
    rng = np.random.default_rng(1)
    sigma = errors(rng)
    theta = rng.normal(8, 3, N_UNITS)
    theta[5] += 90
    found = compare(units_of(rng.normal(theta, sigma), sigma))
    assert raised(found) == {"outliers": "hierarchical_student_t"}
    assert found.recommended == "hierarchical_student_t"
    assert model(found, "hierarchical_student_t").why == "outliers"
    for name in COMPETING:
        assert model(found, name).elpd_difference > 2
        assert "outliers" in failures(model(found, name))
        assert np.argmax([abs(unit.loo_z) for unit in model(found, name).units]) == 5


def test_a_trend_with_precision_turns_to_its_regression() -> None:
    rng = np.random.default_rng(1)
    sigma = errors(rng)
    theta = rng.normal(8 - 12 * standardised(-2 * np.log(sigma)), 3)
    found = compare(units_of(rng.normal(theta, sigma), sigma))
    assert raised(found) == {"effects change with precision": "precision_regression"}
    assert found.recommended == "precision_regression"
    slope = model(found, "precision_regression").beta["log precision"]
    assert slope.low < -12 < slope.high < 0
    assert len(found.models) == 4


def test_a_covariate_turns_to_its_regression() -> None:
    rng = np.random.default_rng(1)
    sigma, size = errors(rng), rng.normal(100, 20, N_UNITS)
    noise = rng.normal(size=N_UNITS)
    theta = rng.normal(8 + 12 * standardised(size), 3)
    found = compare(units_of(rng.normal(theta, sigma), sigma, size=size, noise=noise))
    assert raised(found) == {"effects change with size": "hierarchical_covariates"}
    assert found.recommended == "hierarchical_covariates"
    beta = model(found, "hierarchical_covariates").beta
    assert beta["size"].low < 12 < beta["size"].high
    assert beta["noise"].low < 0 < beta["noise"].high
    assert beta["size"].low > 0


@pytest.mark.parametrize(
    ("least_covered", "recommended"),
    [(0.8, "complete_pooling"), (0.95, "hierarchical_noncentered")],
)
def test_equal_estimates_turn_to_complete_pooling_where_it_is_honest(
    least_covered: float,
    recommended: str,
) -> None:
    units = units_of(np.full(12, 5.0), np.full(12, 30.0))
    found = compare(units, least_covered=least_covered, theta_low=-50, theta_high=50)
    assert raised(found) == {"units do not differ": "complete_pooling"}
    assert found.recommended == recommended
    is_rejected = recommended != "complete_pooling"
    pooled = model(found, "complete_pooling")
    assert failures(pooled) == ({"unit_intervals"} if is_rejected else set())
    assert pooled.tau is None


def test_without_any_chain_to_trust_empirical_bayes_is_fitted() -> None:
    found = compare(units_of(SCHOOLS_Y, SCHOOLS_SIGMA), least_ess=1e9)
    assert raised(found) == {"no chain can be trusted": "empirical_bayes"}
    assert found.recommended == "empirical_bayes"
    assert set(found.stages[0].rejected) == set(COMPETING)
    for name in COMPETING:
        assert (model(found, name).adapt_delta, model(found, name).integrated) == (0.99, True)
    record = model(found, "empirical_bayes")
    assert (record.divergences, record.r_hat, record.prior_covered) == (None, None, None)
    assert record.integrated is None


def test_precise_units_are_sampled_with_their_effects_integrated_out() -> None:
    """Errors of a hundredth of the spread, at the default settings: every chain can be trusted."""
    y = 8 + 10 * np.random.default_rng(1).normal(size=N_UNITS)
    found = compare(units_of(y, np.full(N_UNITS, 0.1)), most_divergences=0.01, most_r_hat=1.01)
    assert found.stages[0].rejected == {}
    assert "empirical_bayes" not in {of.name for of in found.models}
    assert found.exploration.i_squared > 0.99
    for name in COMPETING:
        record = model(found, name)
        assert (record.adapt_delta, record.integrated) == (0.9, True)
        assert record.gradients is not None
        assert record.gradients < MOST_GRADIENTS * 4 * fitting.ITERATIONS[0]
    gains = {of.check: of.status for of in model(found, "hierarchical_adaptive").findings}
    assert "not assessable" not in (gains["ess_gain"], gains["time_gain"])


@pytest.mark.parametrize("shift", [0.0, 0.1])
def test_estimates_more_alike_than_their_errors_show_no_trend(
    shift: float,
) -> None:
    """Equal ones differ from their prediction by the prior's pull, more where they are precise."""
    sigma = np.linspace(10, 40, 12)
    found = compare(units_of(np.full(12, 5.0) + shift * np.sin(np.arange(12)), sigma))
    for of in found.models:
        trend = next(f for f in of.findings if f.check == "trend:log precision")
        assert trend.status == "not assessable"
        assert "differ by less than their errors" in trend.sentence
    assert "precision_regression" not in raised(found).values()


def test_what_no_model_can_meet_leaves_none() -> None:
    found = compare(units_of(SCHOOLS_Y, SCHOOLS_SIGMA), theta_low=1000, theta_high=2000)
    assert found.recommended is None
    assert found.stages[-1].left == ()
    assert found.conclusion.startswith("No model is adequate")
    for of in found.models:
        assert "theta_range" in failures(of)
        assert f"{of.title} fails " in found.conclusion


def test_the_same_seed_gives_the_same_comparison_with_any_number_of_workers(schools: Units) -> None:
    first = compare(schools)
    settings = ComparisonSettings.model_validate(ANY_CHAIN)
    alone, _ = compare_models(schools, settings, seed=1, workers=1)
    other, _ = compare_models(schools, settings, seed=2, workers=2)
    assert alone == first
    assert other.models[0].mu != first.models[0].mu


def test_the_eight_schools_are_partly_pooled(schools_compared: Compared) -> None:
    """The data do not show that schools differ, but leave room for it: not pooled completely."""
    found = schools_compared[0]
    assert found.recommended == "hierarchical_noncentered"
    assert {of.integrated for of in found.models[:3]} == {False}
    assert raised(found) == {"units do not differ": "complete_pooling"}
    assert failures(model(found, "complete_pooling")) == {"unit_intervals"}
    assert [of.name for of in found.models] == [*COMPETING, "complete_pooling"]
    assert found.exploration.q == pytest.approx(4.71, abs=5e-3)


def test_the_grids_vary_what_the_design_names(schools_compared: Compared) -> None:
    rows = schools_compared[0].sensitivity
    values = {name: [row.value for row in rows if row.model == name] for name in COMPETING}
    assert values["hierarchical_noncentered"] == values["hierarchical_skeptical"] == [2, 5, 10]
    assert {1, 2, 3, 5, 10} <= set(values["hierarchical_adaptive"])
    for name in COMPETING[:2]:
        medians = [row.tau.median for row in rows if row.model == name]
        assert medians == sorted(medians)
    for row in rows:
        assert (row.varied == "threshold") is (row.model == "hierarchical_adaptive")


def test_the_ratio_of_taus_decides_whether_the_prior_is_critical(
    schools_compared: Compared,
) -> None:
    found = schools_compared[0]
    medians = [of.tau.median for of in found.models[:3] if of.tau]
    assert found.tau_ratio == pytest.approx(max(medians) / min(medians))
    assert found.sensitivity_is_critical is (found.tau_ratio > 2) is False


def test_a_ratio_beyond_its_threshold_is_critical(schools: Units) -> None:
    found = compare(schools, most_tau_ratio=1.01)
    assert found.sensitivity_is_critical
    assert "The prior of tau decides much of this" in found.conclusion
