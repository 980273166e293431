"""New priors against closed forms, when a belief stands, and what changes with it."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from tasks.beliefs.bayes_factor import Bridged, log_bayes_factor
from tasks.beliefs.belief import Belief, Law
from tasks.beliefs.conflict_record import Decision, Number, Strategy, Update
from tasks.beliefs.data_side import DataSide, from_draws, from_log_likelihood
from tasks.beliefs.families import tempered
from tasks.beliefs.new_priors import client_probability, evidence_weighted, power_prior
from tasks.beliefs.update import update
from tasks.errors import InputError

FLAT = Belief.of("uniform", {"low": 0.0, "high": 1.0}, 0, 1)
SHARE = Belief.of("normal", {"mean": 0.5, "sd": 0.1}, 0, 1)
DECISION = Decision(threshold=0.2, worth=1e6, action="buy")
STRATEGIES: tuple[Strategy, ...] = ("evidence_weighted", "power_prior", "replace", "keep")


def normal(mean: float, sd: float) -> Belief:
    return Belief.of("normal", {"mean": mean, "sd": sd})


def exact_side(estimate: float, se: float, reference: Belief, *covering: Belief) -> DataSide:
    return from_log_likelihood(
        lambda x: -0.5 * ((x - estimate) / se) ** 2, reference, list(covering)
    )


def drawn_side(estimate: float, se: float, reference: Belief = FLAT) -> DataSide:
    draws = np.clip(np.random.default_rng(2).normal(estimate, se, size=(4, 1000)), 1e-9, 1)
    return from_draws(draws, -0.5 * ((draws - estimate) / se) ** 2, reference)


def recommend(strategy: Strategy, estimate: float = 0.15, least: float = 10.0) -> Update:
    side = exact_side(estimate, 0.05, FLAT, SHARE)
    return update("share[tv]", side, SHARE, 0.7, strategy, least, decision=DECISION)


def test_mixture_weighs_the_belief_by_its_posterior_probability() -> None:
    found = recommend("evidence_weighted")
    factor = math.exp(found.log_bayes_factor.value)
    weight = 1 / (1 + factor * 0.3 / 0.7)
    assert found.client_probability == pytest.approx(weight)
    assert [law.weight for law in found.new.laws] == pytest.approx([weight, 1 - weight])
    assert [law.family for law in found.new.laws] == ["normal", "uniform"]
    x = np.array([0.1, 0.4, 0.8])
    expected = weight * np.exp(SHARE.log_density(x)) + (1 - weight)
    np.testing.assert_allclose(np.exp(found.new.log_density(x)), expected)


def test_posterior_after_is_that_under_the_mixture() -> None:
    found = recommend("evidence_weighted")
    side = exact_side(0.15, 0.05, FLAT, SHARE)
    weights = np.exp(side.log_rule + side.log_likelihood + found.new.log_density(side.values))
    weights /= weights.sum()
    assert found.after.mean.value == pytest.approx(weights @ side.values, abs=1e-9)
    assert found.before.mean.value == pytest.approx(0.22, abs=1e-6)


@settings(max_examples=60)
@given(st.floats(-50, 800), st.floats(0.01, 0.99))
def test_weight_of_a_belief_is_a_probability(log_bf: float, confidence: float) -> None:
    weight = client_probability(log_bf, confidence)
    assert 0 <= weight <= 1
    mixed = evidence_weighted(SHARE, FLAT, weight)
    assert sum(law.weight for law in mixed.laws) == pytest.approx(1, abs=1e-12)
    assert all(0 < law.weight <= 1 for law in mixed.laws)
    if log_bf > 40:
        assert mixed == FLAT


def test_no_evidence_leaves_the_confidence_as_it_was() -> None:
    assert client_probability(0.0, 0.7) == pytest.approx(0.7)


def test_laws_of_mixtures_are_flattened() -> None:
    first = evidence_weighted(SHARE, FLAT, 0.5)
    again = evidence_weighted(first, FLAT, 0.5)
    assert [law.weight for law in again.laws] == pytest.approx([0.25, 0.25, 0.5])
    with pytest.raises(InputError, match="same bounds"):
        evidence_weighted(normal(0, 1), FLAT, 0.5)


@settings(max_examples=10, deadline=None)
@given(st.floats(-6, 6), st.floats(0.1, 2), st.floats(0.2, 2))
def test_power_of_a_normal_belief_has_its_closed_form(
    estimate: float, se: float, sd: float
) -> None:
    client = normal(0.0, sd)
    side = exact_side(estimate, se, normal(estimate, 20.0), client)
    new, power = power_prior(side, client)
    assert power == pytest.approx(sd**2 / max(sd**2, estimate**2 - se**2), rel=1e-3)
    assert new.sd() == pytest.approx(sd / math.sqrt(power))
    assert new.mean() == pytest.approx(0)


@pytest.mark.parametrize(
    "client",
    [
        Belief.of("beta", {"alpha": 60.0, "beta": 20.0}, 0, 1),
        Belief.of("student_t", {"df": 4.0, "location": 0.8, "scale": 0.02}, 0, 1),
        Belief.of("gamma", {"shape": 80.0, "rate": 100.0}, 0, 1),
    ],
    ids=str,
)
def test_no_other_power_makes_the_data_more_probable(client: Belief) -> None:
    side = exact_side(0.3, 0.05, FLAT, client)
    new, power = power_prior(side, client)
    (law,) = client.laws
    best = log_bayes_factor(exact_side(0.3, 0.05, FLAT, new), new).value
    assert 0 < power < 1
    for factor in (0.5, 0.9, 1.1, 2.0):
        parameters = tempered(law.family, law.parameters, power * factor)
        if parameters is None or power * factor > 1:
            continue
        other = Belief.of(law.family, parameters, 0, 1)
        assert log_bayes_factor(exact_side(0.3, 0.05, FLAT, other), other).value >= best - 1e-6


def test_power_of_a_mixture_is_refused() -> None:
    laws = tuple(
        Law(family="normal", parameters={"mean": mean, "sd": 0.05}, weight=0.5)
        for mean in (0.7, 0.9)
    )
    client = Belief(laws=laws, low=0.0, high=1.0)
    side = exact_side(0.2, 0.05, FLAT, client)
    with pytest.raises(InputError, match="power of a mixture"):
        update("share[tv]", side, client, 0.7, "power_prior")
    replaced = update("share[tv]", side, client, 0.7, "replace")
    assert [law.family for law in replaced.new.laws] == ["normal"]


@pytest.mark.parametrize(
    ("client", "family"),
    [
        (Belief.of("beta", {"alpha": 60.0, "beta": 20.0}, 0, 1), "beta"),
        (Belief.of("student_t", {"df": 6.0, "location": 0.8, "scale": 0.02}, 0, 1), "student_t"),
        (Belief.of("gamma", {"shape": 800.0, "rate": 1000.0}, 0, 1), "gamma"),
        (Belief.of("uniform", {"low": 0.6, "high": 0.9}, 0, 1), "uniform"),
    ],
    ids=str,
)
def test_replacement_has_the_moments_of_the_data(client: Belief, family: str) -> None:
    side = exact_side(0.3, 0.03, FLAT, client)
    found = update("share[tv]", side, client, 0.7, "replace")
    assert [law.family for law in found.new.laws] == [family]
    assert (found.new.mean(), found.new.sd()) == pytest.approx((0.3, 0.03), rel=2e-3)
    if family == "student_t":
        assert found.new.laws[0].parameters["df"] == 6


def test_a_family_without_such_a_law_gives_way_to_a_normal_one() -> None:
    client = Belief.of("gamma", {"shape": 90.0, "rate": 30.0})
    reference = normal(-1.0, 5.0)
    with pytest.raises(InputError, match="reaches beyond"):
        update("x", exact_side(-1.0, 0.2, FLAT), client, 0.7, "replace")
    found = update("x", exact_side(-1.0, 0.2, reference, client), client, 0.7, "replace")
    assert found.new.laws[0].family == "normal"
    assert found.new.mean() == pytest.approx(-1, abs=0.01)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_weak_evidence_changes_nothing(strategy: Strategy) -> None:
    found = recommend(strategy, estimate=0.25)
    assert found.log_bayes_factor.value == pytest.approx(math.log(3.414), abs=1e-3)
    assert not found.is_change
    assert found.new == found.old == SHARE
    assert found.before == found.after
    assert found.expected_gain == 0
    assert "the belief" in found.reason
    assert "has seen these data" not in found.reason


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_strong_evidence_changes_what_was_asked(strategy: Strategy) -> None:
    found = recommend(strategy)
    assert found.old == SHARE
    assert found.is_change is (strategy != "keep")
    assert (found.power is not None) is (strategy == "power_prior")
    assert ("has seen these data" in found.reason) is found.is_change
    assert Update.model_validate_json(found.model_dump_json()) == found
    x = np.array(found.x)
    for density in (found.old_density, found.data_density, found.new_density):
        assert np.trapezoid(density, x) == pytest.approx(1, abs=0.02)


def test_the_least_evidence_is_a_setting() -> None:
    assert recommend("replace", estimate=0.25, least=3.0).is_change
    assert not recommend("replace", estimate=0.25, least=3.5).is_change
    with pytest.raises(InputError, match="at least 1"):
        recommend("replace", least=0.5)


def test_gain_is_what_the_new_action_is_more_often_right() -> None:
    found = recommend("evidence_weighted")
    assert found.before.above
    assert found.after.above
    assert found.before.above.value > 0.5 > found.after.above.value
    gain = 1e6 * (1 - 2 * found.after.above.value)
    assert found.expected_gain == pytest.approx(gain)
    assert found.decision_change.startswith("The decision changes from 'buy' to 'do not buy'")


def test_a_decision_that_stays_gains_nothing() -> None:
    side = exact_side(0.15, 0.05, FLAT, SHARE)
    decision = Decision(threshold=0.9, worth=5.0)
    found = update("share[tv]", side, SHARE, 0.7, "replace", decision=decision)
    assert found.expected_gain == 0
    assert found.decision_change.startswith("The decision stays the same: do not act")
    unpriced = update("share[tv]", side, SHARE, 0.7, "replace", decision=Decision(threshold=0.9))
    assert unpriced.expected_gain is None
    silent = update("share[tv]", side, SHARE, 0.7, "replace")
    assert (silent.expected_gain, silent.after.above) == (None, None)
    assert silent.decision_change == "No decision was told that hangs on this quantity."


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_draws_agree_with_quadrature(strategy: Strategy) -> None:
    exact = recommend(strategy)
    side = drawn_side(0.15, 0.05)
    found = update("share[tv]", side, SHARE, 0.7, strategy, decision=DECISION)
    assert found.is_change is exact.is_change
    for name in ("before", "after"):
        known, estimate = getattr(exact, name), getattr(found, name)
        assert abs(known.mean.value - estimate.mean.value) < 4 * estimate.mean.mcse
        assert abs(known.above.value - estimate.above.value) < 4 * estimate.above.mcse


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_bridged_fit_serves_beliefs_out_of_reach(strategy: Strategy) -> None:
    client = Belief.of("normal", {"mean": 0.8, "sd": 0.03}, 0, 1)
    exact = update("q", exact_side(0.25, 0.05, FLAT, client), client, 0.7, strategy)
    side = drawn_side(0.25, 0.05)
    with pytest.raises(InputError, match="bridge the two fits"):
        update("q", side, client, 0.7, strategy)
    precision = 1 / 0.05**2 + 1 / 0.03**2
    mean = (0.25 / 0.05**2 + 0.8 / 0.03**2) / precision
    draws = np.random.default_rng(3).normal(mean, 1 / math.sqrt(precision), size=(4, 1000))
    second = from_draws(draws, -0.5 * ((draws - 0.25) / 0.05) ** 2, client)
    bridged = Bridged(Number(value=exact.log_bayes_factor.value, mcse=0.05), second)
    found = update("q", side, client, 0.7, strategy, bridged=bridged)
    for name in ("before", "after"):
        known, estimate = getattr(exact, name), getattr(found, name)
        assert abs(known.mean.value - estimate.mean.value) < 4 * estimate.mean.mcse


def test_a_bridged_mixture_holds_both_posteriors() -> None:
    # Draws of either posterior weigh by w / (w + (1 - w) * BF), the mixture's own evidence.
    client = Belief.of("normal", {"mean": 0.6, "sd": 0.05}, 0, 1)
    side = drawn_side(0.3, 0.1)
    exact = exact_side(0.3, 0.1, FLAT, client)
    factor = log_bayes_factor(exact, client)
    precision = 1 / 0.1**2 + 1 / 0.05**2
    mean = (0.3 / 0.1**2 + 0.6 / 0.05**2) / precision
    draws = np.random.default_rng(4).normal(mean, 1 / math.sqrt(precision), size=(4, 1000))
    bridged = Bridged(factor, from_draws(draws, -0.5 * ((draws - 0.3) / 0.1) ** 2, client))
    known, found = (
        update("q", one, client, 0.9, "evidence_weighted", 1.0, bridged=bridge)
        for one, bridge in ((exact, None), (side, bridged))
    )
    assert 0.05 < known.client_probability < 0.95
    assert found.new == known.new
    assert abs(found.after.mean.value - known.after.mean.value) < 4 * found.after.mean.mcse
    assert abs(found.after.sd.value - known.after.sd.value) < 4 * found.after.sd.mcse


def test_a_new_prior_expects_the_data_better_than_the_old_one() -> None:
    for strategy in STRATEGIES[:3]:
        new = recommend(strategy).new
        side = exact_side(0.15, 0.05, FLAT, SHARE, new)
        assert log_bayes_factor(side, new).value < log_bayes_factor(side, SHARE).value


def test_the_normal_law_after_a_replacement_is_the_known_one() -> None:
    reference = normal(0.0, 1e4)
    client = normal(30.0, 1.0)
    found = update("x", exact_side(0.0, 2.0, reference, client), client, 0.5, "replace")
    law = stats.norm(0, math.sqrt(2))  # the same data twice
    assert (found.after.mean.value, found.after.sd.value) == pytest.approx(
        (law.mean(), law.std()), abs=1e-5
    )
