"""Bayes factors against closed forms; importance weights that say when they fail."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special, stats

from tasks.beliefs.bayes_factor import (
    Bridged,
    log_bayes_factor,
    log_point_bayes_factor,
    severity,
    severity_is_certain,
    under_belief,
)
from tasks.beliefs.belief import Belief, Law
from tasks.beliefs.conflict_record import Number
from tasks.beliefs.cut_law import Floats
from tasks.beliefs.data_side import DataSide, from_draws, from_log_likelihood
from tasks.beliefs.importance import importance_is_reliable, reweighted
from tasks.beliefs.marginal_likelihood import marginal_likelihood
from tasks.beliefs.statistics import Moments, log_likelihood_of, reference_prior
from tasks.errors import InputError

FLAT = Belief.of("uniform", {"low": 0.0, "high": 1.0}, 0, 1)
SHARE = Belief.of("normal", {"mean": 0.5, "sd": 0.1}, 0, 1)


def normal(mean: float, sd: float) -> Belief:
    return Belief.of("normal", {"mean": mean, "sd": sd})


def normal_side(estimate: float, se: float, reference: Belief, *covering: Belief) -> DataSide:
    return from_log_likelihood(
        lambda x: -0.5 * ((x - estimate) / se) ** 2, reference, list(covering)
    )


def point(side: DataSide, client: Belief) -> Number:
    likelihood = marginal_likelihood(side)
    return log_point_bayes_factor(likelihood, under_belief(side, client))


def spread_draws(mean: float, sd: float, size: int = 4000) -> Floats:
    """Independent draws of a normal law, shape (4, size / 4)."""
    return np.random.default_rng(3).normal(mean, sd, size=(4, size // 4))


def test_worked_case_of_the_method() -> None:
    side = normal_side(0.25, 0.05, FLAT, SHARE)
    found = log_bayes_factor(side, SHARE)
    assert math.exp(found.value) == pytest.approx(3.41, abs=0.005)
    assert math.exp(point(side, SHARE).value) == pytest.approx(27.2, abs=0.05)
    assert (found.mcse, severity(found.value)) == (0, "moderate")


def test_a_cut_prior_is_normalised() -> None:
    cut = Belief.of("normal", {"mean": 0.05, "sd": 0.1}, 0, 1)
    side = normal_side(0.1, 0.05, FLAT, cut)
    law = stats.norm(0.05, 0.1)
    grid = np.linspace(0, 1, 200_001)
    likelihood = stats.norm.pdf(0.1, grid, 0.05)
    prior = law.pdf(grid) / (law.cdf(1) - law.cdf(0))
    exact = np.trapezoid(likelihood, grid) / np.trapezoid(likelihood * prior, grid)
    assert math.exp(log_bayes_factor(side, cut).value) == pytest.approx(exact, rel=1e-7)
    uncut = exact * (law.cdf(1) - law.cdf(0)) ** -1
    assert math.exp(log_bayes_factor(side, cut).value) != pytest.approx(uncut, rel=0.1)


@settings(max_examples=20, deadline=None)
@given(st.floats(-5, 5), st.floats(0.01, 3), st.floats(-5, 5), st.floats(0.01, 3))
def test_normal_estimate_against_normal_priors(
    estimate: float, se: float, mean: float, sd: float
) -> None:
    reference, client = normal(estimate, 4.0), normal(mean, sd)
    side = normal_side(estimate, se, reference, client)
    evidence = [
        stats.norm.logpdf(estimate, m, math.hypot(s, se)) for m, s in ((estimate, 4.0), (mean, sd))
    ]
    exact = evidence[0] - evidence[1]
    assert log_bayes_factor(side, client).value == pytest.approx(exact, rel=1e-8, abs=1e-8)
    peak = stats.norm.logpdf(0, 0, se) - evidence[1]
    assert point(side, client).value == pytest.approx(peak, rel=1e-6, abs=1e-6)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 60), st.integers(1, 60), st.floats(0.5, 30), st.floats(0.5, 30))
def test_counts_against_a_beta_prior(true: int, false: int, alpha: float, beta: float) -> None:
    n = true + false
    client = Belief.of("beta", {"alpha": alpha, "beta": beta}, 0, 1)
    moments = Moments(n=n + 1, missing=0, mean=true / (n + 1), variance=0.1, kind="boolean")
    side = from_log_likelihood(log_likelihood_of(moments), FLAT, [client])
    exact = special.betaln(true + 1, false + 2) - (
        special.betaln(true + alpha, false + 1 + beta) - special.betaln(alpha, beta)
    )
    assert log_bayes_factor(side, client).value == pytest.approx(exact, rel=1e-7, abs=1e-7)


def test_unit_information_prior_weighs_like_the_schwarz_criterion() -> None:
    n, estimate, sd = 400, 1.3, 2.0
    se = sd / math.sqrt(n)
    reference = reference_prior((estimate, sd))
    side = normal_side(estimate, se, reference)
    # log p(data | highest likelihood) - log p(data | unit information) = log(1 + n) / 2
    likelihood = marginal_likelihood(side)
    assert likelihood.log_peaks()[0] == pytest.approx(math.log(1 + n) / 2, abs=1e-9)


@settings(max_examples=12, deadline=None)
@given(st.floats(0.01, 100), st.floats(-100, 100), st.booleans())
def test_units_change_nothing(scale: float, shift: float, is_flipped: bool) -> None:
    factor = -scale if is_flipped else scale

    def bayes_factor(change: float, by: float) -> float:
        client = Belief(
            laws=(
                Law(
                    family="student_t",
                    parameters={
                        "df": 4.0,
                        "location": 2.0 * change + by,
                        "scale": abs(0.3 * change),
                    },
                    weight=0.5,
                ),
                Law(
                    family="normal",
                    parameters={"mean": 1.0 * change + by, "sd": abs(change)},
                    weight=0.5,
                ),
            )
        )
        reference = normal(1.2 * change + by, abs(5 * change))
        side = normal_side(1.2 * change + by, abs(0.2 * change), reference, client)
        return log_bayes_factor(side, client).value

    assert bayes_factor(factor, shift) == pytest.approx(bayes_factor(1.0, 0.0), abs=1e-6)


@pytest.mark.parametrize("distance", [0.0, 30.0, 900.0])
def test_narrow_belief_at_any_distance(distance: float) -> None:
    client = Belief.of("normal", {"mean": 0.05 + 0.001 * distance, "sd": 0.001}, 0, 1)
    side = normal_side(0.05, 0.001, FLAT, client)
    exact = -stats.norm.logpdf(0.05, 0.05 + 0.001 * distance, 0.001 * math.sqrt(2))
    assert log_bayes_factor(side, client).value == pytest.approx(exact, rel=1e-8, abs=1e-8)


@pytest.mark.parametrize(
    ("client", "is_reliable"),
    [
        (normal(0, 1), True),
        (normal(3, 1), True),
        (normal(6, 3), True),
        (Belief.of("uniform", {"low": -0.2, "high": 0.3}), True),
        (normal(6, 0.5), False),
        (normal(0, 1e-4), False),
        (Belief.of("uniform", {"low": 8.0, "high": 9.0}), False),
    ],
    ids=str,
)
def test_importance_weights_say_when_they_fail(client: Belief, is_reliable: bool) -> None:
    reference = normal(0, 50)
    draws = spread_draws(0, 1)
    side = from_draws(draws, -0.5 * draws**2, reference)
    assert importance_is_reliable(side, client) is is_reliable
    if not is_reliable:
        with pytest.raises(InputError, match="bridge the two fits"):
            log_bayes_factor(side, client)
        return
    exact = log_bayes_factor(
        from_log_likelihood(lambda x: -0.5 * x**2, reference, [client]), client
    )
    found = log_bayes_factor(side, client)
    assert found.mcse > 0
    assert abs(found.value - exact.value) < 4 * found.mcse


def test_evidence_of_a_law_that_no_draw_shows_is_not_overlooked() -> None:
    laws = (
        Law(family="normal", parameters={"mean": -60.0, "sd": 20.0}, weight=0.5),
        Law(family="normal", parameters={"mean": 4.2, "sd": 0.002}, weight=0.5),
    )
    client, reference = Belief(laws=laws), normal(0, 33)
    draws = spread_draws(0, 1)
    side = from_draws(draws, -0.5 * draws**2, reference)
    exact = log_bayes_factor(
        from_log_likelihood(lambda x: -0.5 * x**2, reference, [client]), client
    )
    seen = reweighted(side, client)
    assert seen.effective > 1000
    assert -seen.log_mean_ratio[0] > exact.value + 0.2
    assert not seen.is_reliable


def test_few_independent_draws_are_not_enough() -> None:
    steps = np.repeat(np.random.default_rng(1).normal(size=(4, 20)), 50, axis=1)
    side = from_draws(steps, -0.5 * steps**2, normal(0, 50))
    assert not importance_is_reliable(side, normal(0, 1))


def test_bounded_ratios_need_no_smoothing() -> None:
    draws = spread_draws(0.5, 0.1)
    side = from_draws(draws, draws, FLAT)
    same = reweighted(side, FLAT)
    assert same.pareto_k == -math.inf
    np.testing.assert_allclose(same.log_mean_ratio, 0, atol=1e-12)
    np.testing.assert_allclose(same.log_weights, side.log_weights)


def test_a_bridged_fit_takes_the_place_of_importance_weights() -> None:
    client = normal(6, 0.5)
    draws = spread_draws(0, 1)
    side = from_draws(draws, -0.5 * draws**2, normal(0, 50))
    mean, sd = 6 * 0.8, math.sqrt(0.2)
    second = spread_draws(mean, sd)
    bridged = Bridged(Number(value=10.0, mcse=0.2), from_draws(second, -0.5 * second**2, client))
    against = under_belief(side, client, bridged)
    assert against.log_bayes_factor == Number(value=10.0, mcse=0.2)
    assert (against.method, against.side) == ("bridge", bridged.draws)
    likelihood = marginal_likelihood(side)
    found = log_point_bayes_factor(likelihood, against)
    assert found.mcse > 0.2
    assert found.value == pytest.approx(10 + math.log(50), abs=0.1)
    other = Bridged(bridged.log_bayes_factor, from_draws(second, -second, normal(6, 0.6)))
    with pytest.raises(InputError, match="not under the belief"):
        under_belief(side, client, other)


@pytest.mark.parametrize(
    ("side", "client", "what"),
    [
        (normal_side(0.25, 0.05, FLAT), normal(0.5, 0.1), "reaches beyond"),
        (
            normal_side(0.25, 0.05, FLAT),
            Belief.of("normal", {"mean": 0.7123, "sd": 1e-5}, 0, 1),
            "among those it covers",
        ),
    ],
)
def test_beliefs_that_do_not_fit_the_side_are_refused(
    side: DataSide, client: Belief, what: str
) -> None:
    with pytest.raises(InputError, match=what):
        log_bayes_factor(side, client)


@pytest.mark.parametrize(
    ("bayes_factor", "name"),
    [
        (0.0, "none"),
        (math.nextafter(1, 0), "none"),
        (1.0, "weak"),
        (2.999, "weak"),
        (3.0, "moderate"),
        (9.999, "moderate"),
        (10.0, "strong"),
        (100.0, "strong"),
        (100.001, "very strong"),
        (math.inf, "very strong"),
    ],
)
def test_classes_of_evidence(bayes_factor: float, name: str) -> None:
    assert severity(math.log(bayes_factor) if bayes_factor else -math.inf) == name


@pytest.mark.parametrize(("mcse", "is_certain"), [(0.0, True), (0.04, True), (0.06, False)])
def test_class_is_certain_two_errors_from_its_bounds(mcse: float, is_certain: bool) -> None:
    assert severity_is_certain(Number(value=math.log(10) - 0.1, mcse=mcse)) is is_certain
