"""Verdicts on beliefs: the worked case, both kinds of sides, words and refusals."""

import math

import numpy as np
import pytest

from tasks.beliefs.bayes_factor import Bridged
from tasks.beliefs.belief import Belief
from tasks.beliefs.conflict import conflict
from tasks.beliefs.conflict_record import Conflict, Decision, Number
from tasks.beliefs.data_side import DataSide, from_draws, from_log_likelihood
from tasks.errors import InputError

FLAT = Belief.of("uniform", {"low": 0.0, "high": 1.0}, 0, 1)
SHARE = Belief.of("normal", {"mean": 0.5, "sd": 0.1}, 0, 1)
MEASURES = (
    *("log_bayes_factor", "log_point_bayes_factor", "kl", "kl_tail", "wasserstein", "tail"),
    *("prior_sensitivity", "likelihood_sensitivity"),
)


def exact_side(estimate: float, se: float, *covering: Belief) -> DataSide:
    return from_log_likelihood(lambda x: -0.5 * ((x - estimate) / se) ** 2, FLAT, list(covering))


def drawn_side(estimate: float, se: float, reference: Belief = FLAT) -> DataSide:
    draws = np.clip(np.random.default_rng(2).normal(estimate, se, size=(4, 1000)), 1e-9, 1)
    return from_draws(draws, -0.5 * ((draws - estimate) / se) ** 2, reference)


@pytest.fixture(scope="module")
def worked() -> Conflict:
    decision = Decision(threshold=0.3)
    return conflict("share[tv]", exact_side(0.25, 0.05, SHARE), SHARE, 0.7, decision=decision)


def test_worked_case(worked: Conflict) -> None:
    assert math.exp(worked.log_bayes_factor.value) == pytest.approx(3.414, abs=1e-3)
    assert math.exp(worked.log_point_bayes_factor.value) == pytest.approx(27.24, abs=1e-2)
    assert (worked.severity, worked.severity_is_certain) == ("moderate", True)
    assert worked.tail.value == pytest.approx(0.0253, abs=1e-4)
    assert (worked.method, worked.sensitivity) == ("quadrature", "prior-data conflict")
    assert worked.is_conflict
    assert worked.from_client.mean.value == pytest.approx(0.3, abs=1e-6)
    assert worked.from_client.above
    assert worked.from_client.above.value == pytest.approx(0.5, abs=1e-6)


def test_worked_case_in_words(worked: Conflict) -> None:
    assert worked.sentence == (
        "The belief says 50 % (30.4 % to 69.6 %); the data say 25 % (15.2 % to 34.8 %). They are "
        "3.4 times as probable under the reference prior as under the belief: moderate conflict; "
        "data so far from the belief come with probability 0.025."
    )


def test_where_belief_and_reference_are_alike_nothing_is_told_against_either() -> None:
    side = exact_side(0.25, 0.05, FLAT)
    found = conflict("share[tv]", side, FLAT, 0.7)
    assert found.log_bayes_factor.value == pytest.approx(0, abs=1e-9)
    assert (
        "They are as probable under the belief as under the reference prior: no evidence either "
        "way; data" in found.sentence
    )


def test_no_number_of_a_quadrature_has_an_error(worked: Conflict) -> None:
    assert all(getattr(worked, name).mcse == 0 for name in MEASURES)


def test_a_verdict_survives_json(worked: Conflict) -> None:
    assert Conflict.model_validate_json(worked.model_dump_json()) == worked


def test_draws_agree_with_quadrature(worked: Conflict) -> None:
    found = conflict("share[tv]", drawn_side(0.25, 0.05), SHARE, 0.7)
    assert found.method == "importance"
    for name in MEASURES:
        exact, estimate = getattr(worked, name), getattr(found, name)
        assert estimate.mcse > 0, name
        assert abs(estimate.value - exact.value) < 4 * estimate.mcse, name
    for side in ("from_reference", "from_client"):
        exact, estimate = getattr(worked, side), getattr(found, side)
        assert (estimate.low, estimate.high) == pytest.approx((exact.low, exact.high), abs=0.006)
    assert found.from_client.above is None


def test_a_belief_that_the_data_bear_out_stands() -> None:
    client = Belief.of("beta", {"alpha": 25.0, "beta": 75.0}, 0, 1)
    found = conflict("share[tv]", exact_side(0.25, 0.05, client), client, 0.9)
    assert (found.severity, found.is_conflict) == ("none", False)
    assert "as probable under the belief as under the reference prior" in found.sentence
    assert "the belief stands" in found.sentence


def test_a_level_decides_what_is_a_conflict(worked: Conflict) -> None:
    side = exact_side(0.25, 0.05, SHARE)
    strict = conflict("share[tv]", side, SHARE, 0.7, level=0.98)
    assert not strict.is_conflict
    assert strict.from_reference.low < worked.from_reference.low
    assert strict.log_bayes_factor == worked.log_bayes_factor


def test_numbers_are_told_with_their_unit() -> None:
    client = Belief.of("normal", {"mean": 15_000.0, "sd": 1000.0})
    reference = Belief.of("normal", {"mean": 12_000.0, "sd": 50_000.0})
    side = from_log_likelihood(lambda x: -0.5 * ((x - 12_000) / 500) ** 2, reference, [client])
    found = conflict("mean[orders.price]", side, client, 0.7, unit="EUR")
    assert found.sentence.startswith("The belief says 15,000 EUR (13,040 EUR to 16,960 EUR); ")


@pytest.mark.parametrize(
    ("sd", "bayes_factor", "is_certain"), [(0.1045, 3.0, False), (0.108, 2.73, True)]
)
def test_an_uncertain_class_is_told(sd: float, bayes_factor: float, is_certain: bool) -> None:
    client = Belief.of("normal", {"mean": 0.5, "sd": sd}, 0, 1)
    found = conflict("share[tv]", drawn_side(0.25, 0.05), client, 0.7)
    assert math.exp(found.log_bayes_factor.value) == pytest.approx(bayes_factor, abs=0.03)
    assert found.severity_is_certain == is_certain
    assert ("its class is not certain" in found.sentence) == (not is_certain)


def test_what_the_belief_rules_out_has_no_finite_divergence() -> None:
    client = Belief.of("uniform", {"low": 0.3, "high": 0.6}, 0, 1)
    found = conflict("share[tv]", exact_side(0.25, 0.05, client), client, 0.7)
    assert (found.kl, found.kl_tail) == (None, None)
    assert found.log_bayes_factor.value == pytest.approx(-math.log((1 - 0.8413447) / 0.3), abs=1e-5)


def test_a_belief_without_moments_is_held_against_data_too() -> None:
    client = Belief.of("student_t", {"df": 1.0, "location": 5.0, "scale": 1.0})
    reference = Belief.of("normal", {"mean": 0.0, "sd": 10.0})
    side = from_log_likelihood(lambda x: -0.5 * x**2, reference, [client])
    found = conflict("effect[a]", side, client, 0.7)
    assert found.wasserstein is None
    assert found.kl
    assert 0 < found.tail.value < 1


@pytest.mark.parametrize(
    ("alpha", "beta"), [(77.65, 0.6647), (0.5, 0.5), (3.6, 0.4)], ids=["right", "both", "steep"]
)
@pytest.mark.parametrize("low", [0.0, None])
def test_a_pole_at_a_bound_does_no_harm(alpha: float, beta: float, low: float | None) -> None:
    client = Belief.of("beta", {"alpha": alpha, "beta": beta}, low, None if low is None else 1)
    reference = FLAT if low is not None else Belief.of("normal", {"mean": 0.8, "sd": 150.0})
    side = from_log_likelihood(lambda x: -0.5 * ((x - 0.8) / 0.1) ** 2, reference, [client])
    found = conflict("share[tv]", side, client, 0.7)
    assert 0 < found.tail.value <= 1
    grid = client.quantile((np.arange(20_000) + 0.5) / 20_000)
    evidence = np.mean(np.exp(-0.5 * ((grid - 0.8) / 0.1) ** 2))
    width = 0.1 * math.sqrt(2 * math.pi)
    known = width * 0.9772499 / evidence if low is not None else 0.1 / 150 / evidence
    assert found.log_bayes_factor.value == pytest.approx(math.log(known), abs=1e-3)


@pytest.mark.parametrize("client", [SHARE, Belief.of("normal", {"mean": 0.7, "sd": 0.001}, 0, 1)])
def test_curves_show_all_three_densities(client: Belief) -> None:
    curves = conflict("share[tv]", exact_side(0.25, 0.05, client), client, 0.7).curves
    x = np.array(curves.x)
    assert 250 < len(x) < 350
    assert (np.diff(x) > 0).all()
    for density in (curves.client, curves.reference_posterior, curves.client_posterior):
        assert np.trapezoid(density, x) == pytest.approx(1, abs=0.01)


def test_curves_of_draws_are_those_of_the_quadrature(worked: Conflict) -> None:
    curves = conflict("share[tv]", drawn_side(0.25, 0.05), SHARE, 0.7).curves
    for name in ("reference_posterior", "client_posterior"):
        exact = np.interp(curves.x, worked.curves.x, getattr(worked.curves, name))
        np.testing.assert_allclose(getattr(curves, name), exact, atol=0.6)  # of a height of 8


def test_far_beliefs_need_a_bridge() -> None:
    client = Belief.of("normal", {"mean": 0.8, "sd": 0.03}, 0, 1)
    side = drawn_side(0.25, 0.05)
    with pytest.raises(InputError, match="bridge the two fits"):
        conflict("share[tv]", side, client, 0.7)
    exact = conflict("share[tv]", exact_side(0.25, 0.05, client), client, 0.7)
    precision = 1 / 0.05**2 + 1 / 0.03**2
    mean, sd = (0.25 / 0.05**2 + 0.8 / 0.03**2) / precision, 1 / math.sqrt(precision)
    draws = np.random.default_rng(3).normal(mean, sd, size=(4, 1000))
    second = from_draws(draws, -0.5 * ((draws - 0.25) / 0.05) ** 2, client)
    bridged = Bridged(exact.log_bayes_factor.model_copy(update={"mcse": 0.05}), second)
    found = conflict("share[tv]", side, client, 0.7, bridged=bridged)
    assert (found.method, found.severity) == ("bridge", "very strong")
    assert found.log_bayes_factor == Number(value=exact.log_bayes_factor.value, mcse=0.05)
    for name in MEASURES:
        known, estimate = getattr(exact, name), getattr(found, name)
        assert abs(estimate.value - known.value) < 4 * estimate.mcse + 1e-9, name
    assert found.from_client.mean.value == pytest.approx(mean, abs=0.003)
    assert np.trapezoid(found.curves.client_posterior, found.curves.x) == pytest.approx(1, abs=0.02)


@pytest.mark.parametrize(
    ("confidence", "level", "what"),
    [(0.0, 0.95, "confidence"), (1.0, 0.95, "confidence"), (0.5, 1.0, "level")],
)
def test_what_is_no_probability_is_refused(confidence: float, level: float, what: str) -> None:
    with pytest.raises(InputError, match=what):
        conflict("share[tv]", exact_side(0.25, 0.05, SHARE), SHARE, confidence, level)


def test_inputs_stay_as_they_are() -> None:
    side = drawn_side(0.25, 0.05)
    arrays = {
        name: getattr(side, name) for name in ("values", "log_weights", "log_likelihood", "chain")
    }
    copies = {name: array.copy() for name, array in arrays.items()}
    conflict("share[tv]", side, SHARE, 0.7)
    for name, array in arrays.items():
        np.testing.assert_array_equal(array, copies[name])
