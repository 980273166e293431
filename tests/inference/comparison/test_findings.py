"""Every criterion on draws made by hand: passed, failed, not assessable, at its threshold."""

import math

import arviz as az
import numpy as np
import pytest
from scipy import stats

from tasks.inference.comparison.computation import Computation, computation_findings
from tasks.inference.comparison.draws import Draws
from tasks.inference.comparison.exploration import explore
from tasks.inference.comparison.findings import at_least, at_most, not_assessable
from tasks.inference.comparison.heterogeneity import heterogeneity_finding, unit_intervals_finding
from tasks.inference.comparison.plausibility import prior_finding, range_finding, tau_findings
from tasks.inference.comparison.predictive import LeftOut
from tasks.inference.comparison.predictive_checks import (
    coverage_finding,
    covered,
    outlier_finding,
    trend_finding,
)
from tasks.inference.comparison.record import Finding, ModelName, Status
from tasks.inference.comparison.settings import ComparisonSettings, Priors
from tasks.inference.comparison.units import Units

from .conftest import Floats, made_draws, units_of

NORMAL = stats.norm.ppf((np.arange(2000) + 0.5) / 2000).reshape(2, 1000)
"""Draws that stand at the quantiles of the standard normal distribution."""
SETTINGS = ComparisonSettings()


@pytest.fixture(scope="module")
def priors(schools: Units) -> Priors:
    return SETTINGS.priors(schools)


def test_numbers_pass_at_their_limit_and_fail_beyond() -> None:
    below, above = np.nextafter(2.0, 1), np.nextafter(2.0, 3)
    assert [at_most("c", 1, of, 2.0, "").status for of in (2.0, above)] == ["pass", "fail"]
    assert [at_least("c", 1, of, 2.0, "").status for of in (2.0, below)] == ["pass", "fail"]
    assert at_most("c", 2, 1.0, 2.0, "s") == Finding(
        check="c", stage=2, status="pass", value=1.0, rule="<= 2", sentence="s"
    )
    assert at_least("c", 2, 1.0, 2.0, "s").rule == ">= 2"


def test_a_number_that_cannot_be_computed_is_not_assessable() -> None:
    for finding in (at_most("c", 1, math.nan, 1, ""), at_least("c", 1, math.nan, 1, "")):
        assert (finding.status, finding.value) == ("not assessable", None)
    assert not_assessable("c", 3, "why").sentence == "why"


GOOD = {"divergences": 0.01, "r_hat": 1.01, "ess_tau": 100.0, "gradients": 9, "adapt_delta": 0.9}


@pytest.mark.parametrize(
    ("change", "settings", "failed"),
    [
        ({}, {}, set()),
        ({"divergences": 0.011}, {}, {"divergences"}),
        ({"divergences": 0.011}, {"most_divergences": 0.02}, set()),
        ({"r_hat": 1.011}, {}, {"r_hat"}),
        ({"r_hat": 1.011}, {"most_r_hat": 1.05}, set()),
        ({"ess_tau": 99.0}, {}, {"ess_tau"}),
        ({"ess_tau": 99.0}, {"least_ess": 50}, set()),
        ({"ess_tau": math.nan}, {}, set()),
    ],
)
def test_a_chain_is_judged_by_three_numbers(
    change: dict[str, float], settings: dict[str, float], failed: set[str]
) -> None:
    computed = Computation(**(GOOD | change))  # type: ignore[arg-type]
    found = computation_findings(computed, ComparisonSettings.model_validate(settings))
    assert [of.check for of in found] == ["divergences", "r_hat", "ess_tau"]
    assert {of.check for of in found if of.status == "fail"} == failed
    is_told = not math.isnan(computed.ess_tau)
    assert (found[2].status != "not assessable") is is_told
    assert {of.stage for of in found} == {1}


def test_the_target_of_the_effective_sample_size_is_told_but_rejects_nothing() -> None:
    for ess, word in ((399.0, "misses"), (400.0, "reaches")):
        computed = Computation(0.0, 1.0, ess, 9, 0.9)
        finding = computation_findings(computed, SETTINGS)[2]
        assert finding.status == "pass"
        assert f"{word} the target of 400" in finding.sentence


def test_without_a_chain_nothing_of_it_is_assessable() -> None:
    assert {of.status for of in computation_findings(None, SETTINGS)} == {"not assessable"}


def with_tau(tau: Floats) -> Draws:
    return made_draws(np.zeros((*tau.shape, 8)), tau=tau)


@pytest.mark.parametrize(
    ("check", "median", "settings", "status"),
    [
        ("tau_large", 15.0, {}, "pass"),
        ("tau_large", 15.1, {}, "fail"),
        ("tau_large", 15.1, {"most_tau": 16}, "pass"),
        ("tau_large", 0.0, {}, "not assessable"),
        ("tau_collapsed", 0.1, {}, "pass"),
        ("tau_collapsed", 0.09, {}, "fail"),
        ("tau_collapsed", 0.09, {"least_tau": 0.05}, "pass"),
        ("tau_collapsed", 0.0, {}, "not assessable"),
    ],
)
@pytest.mark.parametrize("unit", [1.0, 0.01])
def test_the_median_of_tau_is_neither_large_nor_collapsed(
    check: str,
    median: float,
    settings: dict[str, float],
    status: Status,
    unit: float,
    priors: Priors,
) -> None:
    tau = unit * np.array([[median / 2, median, 50 * median]])
    scaled = priors.model_copy(update={"unit": unit})
    given = ComparisonSettings.model_validate(settings)
    found = tau_findings("hierarchical_noncentered", with_tau(tau), scaled, given)
    assert next(of for of in found if of.check == check).status == status


@pytest.mark.parametrize(
    ("name", "upper", "settings", "status"),
    [
        ("hierarchical_skeptical", 9.9, {}, "pass"),
        ("hierarchical_skeptical", 10.1, {}, "fail"),
        ("hierarchical_skeptical", 10.1, {"most_skeptical_tau": 11}, "pass"),
        ("hierarchical_noncentered", 10.1, {}, "not assessable"),
    ],
)
def test_the_upper_quantile_of_tau_stays_small_under_the_skeptical_prior(
    name: ModelName, upper: float, settings: dict[str, float], status: Status, priors: Priors
) -> None:
    tau = np.linspace(0, 1, 1001)[None] * upper / 0.95
    given = ComparisonSettings.model_validate(settings)
    finding = tau_findings(name, with_tau(tau), priors, given)[2]
    assert finding.status == status
    assert finding.value is None or finding.value == pytest.approx(upper)


@pytest.mark.parametrize(
    ("theta", "settings", "status", "beyond"),
    [
        (35.75, {}, "pass", 0),
        (36.0, {}, "fail", 0.25),
        (-11.0, {}, "fail", 0.25),
        (36.0, {"theta_high": 40}, "pass", 0),
        (-11.0, {"theta_low": -12}, "pass", 0),
        (5.0, {"theta_low": 6, "theta_high": 7}, "fail", 6),
    ],
)
def test_a_mean_out_of_the_plausible_range_fails(
    theta: float, settings: dict[str, float], status: Status, beyond: float, schools: Units
) -> None:
    effects = np.zeros((1, 2, 8))
    effects[..., 3] = theta + np.array([-50, 50])
    finding = range_finding(
        made_draws(effects), schools, ComparisonSettings.model_validate(settings)
    )
    assert (finding.status, finding.value) == (status, beyond)


@pytest.mark.parametrize(
    ("name", "mean", "sd", "settings", "status"),
    [
        ("hierarchical_noncentered", 0.0, 20.0, {}, "fail"),
        ("hierarchical_noncentered", 0.0, 10.0, {}, "pass"),
        ("hierarchical_noncentered", 0.0, 10.0, {"least_divergence": 1}, "fail"),
        ("hierarchical_noncentered", 0.0, 20.0, {"least_divergence": 0}, "pass"),
        ("hierarchical_noncentered", 21.0, 20.0, {"least_divergence": 9}, "pass"),
        ("hierarchical_noncentered", -21.0, 20.0, {"least_divergence": 9}, "pass"),
        ("hierarchical_skeptical", 8.0, 5.0, {}, "fail"),
        ("hierarchical_skeptical", 8.0, 3.0, {}, "pass"),
        ("empirical_bayes", 0.0, 20.0, {}, "not assessable"),
    ],
)
def test_a_prior_dominates_that_neither_moved_nor_learnt(
    name: ModelName,
    mean: float,
    sd: float,
    settings: dict[str, float],
    status: Status,
    priors: Priors,
) -> None:
    draws = made_draws(np.zeros((2, 1000, 8)), mu=mean + sd * NORMAL)
    given = ComparisonSettings.model_validate(settings)
    assert prior_finding(name, draws, priors, given).status == status


def replicates(y: Floats, distance: float) -> Floats:
    """Replicates of which the 95 % interval ends `distance` below and above y."""
    return np.asarray(y + distance * np.linspace(-1, 1, 2001)[None, :, None] / 0.95)


@pytest.mark.parametrize(
    ("outside", "settings", "status"),
    [
        (1, {}, "pass"),
        (2, {}, "fail"),
        (2, {"least_covered": 0.8}, "pass"),
        (0, {"least_covered": 1}, "pass"),
    ],
)
def test_intervals_that_miss_too_many_estimates_fail(
    outside: int, settings: dict[str, float], status: Status
) -> None:
    y = np.arange(10.0)
    units = units_of(y, np.ones(10))
    moved = y + np.where(np.arange(10) < outside, 3.1, 2.9)
    y_rep = replicates(moved, 3.0)
    finding = coverage_finding(y_rep, units, ComparisonSettings.model_validate(settings))
    assert (finding.status, finding.value) == (status, 1 - outside / 10)
    assert covered(y_rep, y) == finding.value


def left_out(z: Floats) -> LeftOut:
    """With half of the normal tail at each score: another answer."""
    return LeftOut(az.ELPDData(dtype=object), z, stats.norm.sf(np.abs(z)) / 2)


@pytest.mark.parametrize(
    ("farthest", "settings", "status"),
    [
        (3.21, {}, "pass"),
        (3.24, {}, "fail"),
        (-3.24, {}, "fail"),
        (3.24, {"alpha": 0.005}, "pass"),
        (3.21, {"alpha": 0.05}, "fail"),
    ],
)
def test_the_worst_unit_counts_adjusted_for_their_number(
    farthest: float, settings: dict[str, float], status: Status, schools: Units
) -> None:
    """0.01 / 8 in two tails is 3.227 standard deviations out."""
    z = np.array([0.1, -1, 2, 0.5, farthest, 0, 1, -2])
    given = ComparisonSettings.model_validate(settings)
    found = outlier_finding(left_out(z), schools, given, heavy_tails=False)
    assert found.status == status
    assert found.value == pytest.approx(8 * 2 * stats.norm.cdf(-abs(farthest)))
    assert "the others predict is 'unit 4'" in found.sentence


@pytest.mark.parametrize(("farthest", "status"), [(3.0, "pass"), (3.05, "fail")])
def test_heavy_tails_are_asked_by_the_prediction_from_all_units(
    farthest: float, status: Status, schools: Units
) -> None:
    z = np.array([0.1, -1, 2, 0.5, farthest, 0, 1, -2])
    found = outlier_finding(left_out(z), schools, SETTINGS, heavy_tails=True)
    assert found.status == status
    assert found.value == pytest.approx(8 * stats.norm.cdf(-farthest))
    assert "all units predict is 'unit 4'" in found.sentence


@pytest.mark.parametrize("heavy_tails", [False, True])
def test_a_p_value_is_at_most_1(heavy_tails: bool, schools: Units) -> None:
    found = outlier_finding(left_out(np.zeros(8)), schools, SETTINGS, heavy_tails=heavy_tails)
    assert (found.status, found.value) == ("pass", 1)


@pytest.mark.parametrize(
    ("slope", "settings", "status"),
    [(0.0, {}, "pass"), (3.0, {}, "fail"), (-3.0, {}, "fail"), (0.6, {}, "pass")]
    + [(1.2, {}, "pass"), (1.2, {"alpha": 0.2}, "fail")],
)
def test_a_trend_is_a_correlation_of_what_is_missed(
    slope: float, settings: dict[str, float], status: Status
) -> None:
    x = np.linspace(-1, 1, 8)
    z = slope * x + np.array([1, -1, -1, 1, 1, -1, -1, 1])
    finding = trend_finding("x", x, left_out(z), ComparisonSettings.model_validate(settings))
    assert (finding.check, finding.status) == ("trend:x", status)
    assert finding.value == pytest.approx(stats.linregress(x, z).pvalue)


def test_no_trend_is_told_of_a_regressor_that_is_the_same_for_all() -> None:
    finding = trend_finding("log precision", None, left_out(np.zeros(3)), SETTINGS)
    assert finding.status == "not assessable"


@pytest.mark.parametrize(
    ("spread", "tau", "status"),
    [(4.08, 1.0, "pass"), (4.06, 1.0, "fail"), (4.06, 0.0, "not assessable")],
)
def test_effects_that_differ_less_than_the_pooled_mean_is_unsure_are_too_rich(
    spread: float, tau: float, status: Status, schools: Units
) -> None:
    pattern = np.arange(8.0) - 3.5
    scale = spread * np.array([0.1, 1.0, 7.0]) / pattern.std(ddof=1)
    draws = made_draws(scale[None, :, None] * pattern, tau=np.full((1, 3), tau))
    finding = heterogeneity_finding(draws, explore(schools))
    assert (finding.status, finding.stage) == (status, 3)


@pytest.mark.parametrize(
    ("half_width", "tau", "settings", "status"),
    [
        (1.0, 0.0, {}, "pass"),
        (1.2, 0.0, {}, "fail"),
        (1.2, 0.0, {"least_covered": 0.7}, "pass"),
        (1.0, 1.0, {}, "not assessable"),
    ],
)
def test_complete_pooling_must_hold_the_effects_that_partial_pooling_allows(
    half_width: float, tau: float, settings: dict[str, float], status: Status
) -> None:
    """The mean's 95 % interval ends at 0.95; effects are spread evenly over the half width."""
    mu = np.linspace(-1, 1, 2001)[None]
    theta = half_width * np.repeat(mu[..., None], 3, axis=-1)
    pooled = made_draws(np.zeros(theta.shape), mu=mu, tau=np.full(mu.shape, tau))
    given = ComparisonSettings.model_validate(settings)
    finding = unit_intervals_finding(pooled, made_draws(theta), given)
    assert finding.status == status
    if finding.value is not None:
        assert finding.value == pytest.approx(min(0.95 / half_width, 1), abs=0.01)
