"""Coverage, outliers, trends and heterogeneity on draws and scores made by hand."""

import arviz as az
import numpy as np
import pytest
from scipy import stats

from tasks.inference.comparison.exploration import explore
from tasks.inference.comparison.heterogeneity import heterogeneity_finding, unit_intervals_finding
from tasks.inference.comparison.predictive import LeftOut
from tasks.inference.comparison.predictive_checks import (
    coverage_finding,
    covered,
    outlier_finding,
    trend_finding,
)
from tasks.inference.comparison.record import Status
from tasks.inference.comparison.settings import ComparisonSettings
from tasks.inference.comparison.units import Units, standardised

from .conftest import Floats, made_draws, units_of

SETTINGS = ComparisonSettings()


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
    [
        (0.0, {}, "pass"),
        (3.0, {}, "fail"),
        (-3.0, {}, "fail"),
        (1.2, {}, "pass"),
        (1.2, {"alpha": 0.2}, "fail"),
    ],
)
def test_a_trend_is_a_correlation_of_what_is_missed(
    slope: float, settings: dict[str, float], status: Status
) -> None:
    x = np.linspace(-1, 1, 8)
    z = slope * x + np.array([1, -1, -1, 1, 1, -1, -1, 1])
    finding = trend_finding("x", x, left_out(z), ComparisonSettings.model_validate(settings))
    assert (finding.check, finding.status) == ("trend:x", status)
    assert finding.value == pytest.approx(stats.linregress(x, z).pvalue)


@pytest.mark.parametrize(
    ("scale", "settings", "status"),
    [
        (0.01, {}, "not assessable"),
        (0.40, {}, "not assessable"),
        (0.43, {}, "fail"),
        (0.43, {"alpha": 0.02}, "not assessable"),
        (1.00, {}, "fail"),
    ],
)
def test_scores_that_differ_less_than_chance_would_have_it_show_no_trend(
    scale: float, settings: dict[str, float], status: Status
) -> None:
    """Of chi-square with seven degrees of freedom 1 % lies below 1.239, that is 7 * 0.4207^2."""
    x = np.linspace(-1, 1, 8)
    z = 3 + scale * standardised(x + 0.1 * np.cos(7 * x))
    finding = trend_finding("x", x, left_out(z), ComparisonSettings.model_validate(settings))
    assert finding.status == status


def test_no_trend_is_told_of_scores_that_are_all_equal() -> None:
    finding = trend_finding("x", np.arange(8.0), left_out(np.full(8, 2.0)), SETTINGS)
    assert finding.status == "not assessable"


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
