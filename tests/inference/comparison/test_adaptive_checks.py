"""Criteria of the adaptive model: gain, two modes, and the threshold's influence."""

from typing import Any

import numpy as np
import pytest
from scipy import stats

from tasks.inference.comparison.adaptive_checks import (
    CHECKS,
    adaptive_findings,
    largest_change,
    valley_depth,
)
from tasks.inference.comparison.computation import Computation
from tasks.inference.comparison.record import Estimate, SensitivityRow, Status
from tasks.inference.comparison.settings import ComparisonSettings, Priors
from tasks.inference.comparison.units import Units

from .conftest import Floats, made_draws

CHANCES = (np.arange(4000) + 0.5) / 4000
THRESHOLD = 3.0


def two_modes(first: float, second: float, sd: float = 0.4) -> Floats:
    half = CHANCES[::2]
    parts = [stats.norm.ppf(half, centre, sd) for centre in (first, second)]
    return np.asarray(np.abs(np.concatenate(parts)))


UNIMODAL = {
    "half-normal": stats.halfnorm.ppf(CHANCES, scale=4),
    "half-Cauchy": stats.halfcauchy.ppf(CHANCES, scale=3)[:-40],
    "gamma": stats.gamma.ppf(CHANCES, 3, scale=1.5),
    "normal": stats.norm.ppf(CHANCES, 6, 1),
}


@pytest.mark.parametrize("name", UNIMODAL)
def test_a_sample_of_one_mode_has_no_valley(name: str) -> None:
    assert valley_depth(UNIMODAL[name], THRESHOLD) == pytest.approx(0, abs=0.02)


def test_two_modes_about_the_threshold_have_a_valley() -> None:
    assert valley_depth(two_modes(1.5, 4.5), THRESHOLD) > 0.7


def test_a_valley_is_measured_against_the_lower_of_its_modes() -> None:
    """The higher mode is about ten times as high as the valley, the lower one about twice."""
    rng = np.random.default_rng(1)
    parts = rng.normal(1.5, 0.4, 12_000), rng.normal(5.5, 0.4, 2000), rng.uniform(2, 5, 3000)
    tau = np.abs(np.concatenate(parts))
    assert 0.2 < valley_depth(tau, THRESHOLD) < 0.7


def test_a_valley_far_from_the_threshold_is_none_of_its_doing() -> None:
    assert valley_depth(two_modes(9.0, 18.0), THRESHOLD) < 0.02
    assert valley_depth(two_modes(9.0, 18.0), 12.0) > 0.5


def test_the_depth_of_a_valley_does_not_depend_on_the_unit() -> None:
    tau = two_modes(1.2, 4.8, 0.9)
    assert valley_depth(tau, THRESHOLD) == pytest.approx(valley_depth(100 * tau, 300), abs=1e-6)
    assert 0.1 < valley_depth(tau, THRESHOLD) < 0.9


def estimate(mean: float, sd: float) -> Estimate:
    return Estimate(mean=mean, mcse=0.0, sd=sd, low=mean, median=mean, high=mean)


def row(value: float, tau: float, mu: float = 0.0, mu_sd: float = 4.0) -> SensitivityRow:
    return SensitivityRow(
        model="hierarchical_adaptive",
        varied="threshold",
        value=value,
        mu=estimate(mu, mu_sd),
        tau=estimate(tau, 1.0),
    )


@pytest.fixture
def priors(schools: Units) -> Priors:
    return ComparisonSettings().priors(schools)


def test_tau_counts_relative_to_its_mean_at_the_threshold_of_the_design(priors: Priors) -> None:
    grid = [row(2, 4.0), row(3, 5.0), row(4, 5.5)]
    assert largest_change(grid, priors) == pytest.approx(1.5 / 5)


def test_mu_counts_relative_to_the_larger_of_mean_and_sd(priors: Priors) -> None:
    near_0 = [row(2, 5, mu=0.0), row(3, 5, mu=1.0), row(4, 5, mu=-1.0)]
    assert largest_change(near_0, priors) == pytest.approx(2 / 4)
    far = [row(2, 5, mu=-99.0), row(3, 5, mu=-100.0), row(4, 5, mu=-101.0)]
    assert largest_change(far, priors) == pytest.approx(2 / 100)


def test_only_the_thresholds_from_2_to_4_units_count(priors: Priors) -> None:
    near = [row(2, 5), row(3, 5), row(4, 5)]
    other = row(3, 50).model_copy(update={"varied": "tau_scale"})
    assert largest_change([*near, row(1, 50), row(5, 50), other], priors) == 0
    assert largest_change([row(2, 6), *near[1:]], priors) == pytest.approx(1 / 5)
    assert largest_change([*near[:2], row(4, 6)], priors) == pytest.approx(1 / 5)
    scaled = priors.model_copy(update={"unit": 0.1, "threshold": 0.3})
    assert largest_change([row(0.2, 6), row(0.3, 5), row(0.4, 5)], scaled) == pytest.approx(0.2)


GRID = [row(2, 5.0), row(3, 5.0), row(4, 5.25)]
REFERENCE = Computation(0.0, 1.0, 1000.0, 10_000, 0.9)


@pytest.mark.parametrize(
    ("check", "computed", "settings", "status", "value"),
    [
        ("ess_gain", (1101.0, 10_000), {}, "pass", 0.101),
        ("ess_gain", (1099.0, 10_000), {}, "fail", 0.099),
        ("ess_gain", (1099.0, 10_000), {"least_gain": 0.05}, "pass", 0.099),
        ("time_gain", (1200.0, 10_000), {}, "pass", 0.2),
        ("time_gain", (1200.0, 12_000), {}, "fail", 0.0),
        ("time_gain", (1000.0, 8_000), {}, "pass", 0.25),
        ("time_gain", (1000.0, 8_000), {"least_gain": 0.3}, "fail", 0.25),
        ("threshold_change", (1000.0, 1), {}, "pass", 0.05),
        ("threshold_change", (1000.0, 1), {"most_change": 0.04}, "fail", 0.05),
    ],
)
def test_gain_and_change_are_judged_by_their_thresholds(
    check: str,
    computed: tuple[float, int],
    settings: dict[str, float],
    status: Status,
    value: float,
    priors: Priors,
) -> None:
    finding = findings(priors, settings, Computation(0.0, 1.0, *computed, 0.9))[check]
    assert finding.status == status
    assert finding.value == pytest.approx(value)


def findings(
    priors: Priors,
    settings: dict[str, float],
    computed: Computation | None = REFERENCE,
    tau: Floats = UNIMODAL["gamma"],
    **change: Any,
) -> dict[str, Any]:
    draws = made_draws(np.zeros((1, tau.size, 3)), raw_tau=tau[None], tau=np.ones((1, tau.size)))
    given: dict[str, Any] = {"name": "hierarchical_adaptive", "reference": REFERENCE} | change
    found = adaptive_findings(
        draws=draws,
        computed=computed,
        grid=GRID,
        priors=priors,
        settings=ComparisonSettings.model_validate(settings),
        **given,
    )
    assert tuple(of.check for of in found) == CHECKS
    return {of.check: of for of in found}


def test_two_modes_of_the_parameter_fail(priors: Priors) -> None:
    tau = two_modes(1.5, 4.5)
    assert findings(priors, {})["bimodal_tau"].status == "pass"
    assert findings(priors, {}, tau=tau)["bimodal_tau"].status == "fail"
    assert findings(priors, {"most_valley": 1.0}, tau=tau)["bimodal_tau"].status == "pass"


@pytest.mark.parametrize(
    "change", [{"name": "hierarchical_noncentered"}, {"computed": None}, {"reference": None}]
)
def test_nothing_is_assessable_of_other_models_or_without_chains(
    change: dict[str, Any], priors: Priors
) -> None:
    assert {of.status for of in findings(priors, {}, **change).values()} == {"not assessable"}
