"""Stage 2 on draws made by hand: size of tau, range of effects, weight of the prior."""

import numpy as np
import pytest
from scipy import stats

from tasks.inference.comparison.draws import Draws
from tasks.inference.comparison.plausibility import prior_finding, range_finding, tau_findings
from tasks.inference.comparison.record import ModelName, Status
from tasks.inference.comparison.settings import ComparisonSettings, Priors
from tasks.inference.comparison.units import Units

from .conftest import Floats, made_draws

NORMAL = stats.norm.ppf((np.arange(2000) + 0.5) / 2000).reshape(2, 1000)
"""Draws that stand at the quantiles of the standard normal distribution."""


@pytest.fixture(scope="module")
def priors(schools: Units) -> Priors:
    return ComparisonSettings().priors(schools)


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
