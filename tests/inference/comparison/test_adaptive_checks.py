"""Criteria of the adaptive model: gain, two modes, and the threshold's influence."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy import stats

from tasks.inference.comparison.adaptive_checks import (
    CHECKS,
    adaptive_findings,
    largest_change,
)
from tasks.inference.comparison.computation import Computation
from tasks.inference.comparison.record import Estimate, SensitivityRow, Status
from tasks.inference.comparison.settings import ComparisonSettings, Priors
from tasks.inference.comparison.units import Units

from .conftest import Floats, made_draws

SMOOTH = stats.gamma.ppf((np.arange(4000) + 0.5) / 4000, 3, scale=1.5)


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
REFERENCE = Computation(0.0, 1.0, 1000.0, 10_000, 0.9, integrated=False)


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
    ess, gradients = computed
    adaptive = replace(REFERENCE, ess_tau=ess, gradients=gradients)
    finding = findings(priors, settings, adaptive)[check]
    assert finding.status == status
    assert finding.value == pytest.approx(value)


def findings(
    priors: Priors,
    settings: dict[str, float],
    computed: Computation | None = REFERENCE,
    tau: Floats = SMOOTH,
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


@pytest.mark.parametrize("change", [{"integrated": True}, {"adapt_delta": 0.99}])
def test_a_gain_over_a_model_sampled_otherwise_is_none_of_the_scale(
    change: dict[str, Any], priors: Priors
) -> None:
    better = replace(REFERENCE, ess_tau=2000.0)
    otherwise = replace(REFERENCE, **change)
    for computed, reference in (
        (replace(better, **change), REFERENCE),
        (better, otherwise),
    ):
        found = findings(priors, {}, computed, reference=reference)
        assert [found[of].status for of in CHECKS[:2]] == ["not assessable"] * 2
        assert "sampled in another way" in found["ess_gain"].sentence
        assert [found[of].status for of in CHECKS[2:]] == ["pass"] * 2
    both = findings(priors, {}, replace(better, **change), reference=otherwise)
    assert [both[of].status for of in CHECKS[:2]] == ["pass"] * 2


def test_two_modes_of_the_parameter_fail(priors: Priors) -> None:
    half = stats.norm.ppf((np.arange(2000) + 0.5) / 2000)
    tau = np.abs(np.concatenate([1.5 + 0.4 * half, 4.5 + 0.4 * half]))
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
