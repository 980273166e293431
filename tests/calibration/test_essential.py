"""Triggers of simulation-based calibration: each alone, together, at the boundary, not known."""

from dataclasses import replace

import pytest

from tasks.calibration.essential import Evidence, is_essential
from tasks.domain import CheckThresholds
from tasks.errors import InputError

QUIET = Evidence(parameters=10, bayes_factor=10, decision_worth=1e6, client_confidence=0.6)


def test_nothing_fires_at_the_boundaries() -> None:
    decision = is_essential(QUIET)
    assert (decision.level, decision.fired, decision.unknown) == ("not needed", (), ())
    assert str(decision) == "Simulation-based calibration is not needed: no trigger fires."


@pytest.mark.parametrize(
    ("evidence", "sentence"),
    [
        (replace(QUIET, parameters=11), "the model has 11 parameters, more than 10"),
        (replace(QUIET, bayes_factor=10.5), "the Bayes factor is 10.5, more than 10"),
        (
            replace(QUIET, decision_worth=2.5e6),
            "the decision is worth 2,500,000, more than 1,000,000",
        ),
        (replace(QUIET, client_confidence=0.59), "the client's confidence is 0.59, less than 0.6"),
    ],
)
def test_one_trigger_alone_recommends(evidence: Evidence, sentence: str) -> None:
    decision = is_essential(evidence)
    assert decision.level == "recommended"
    assert decision.fired == (sentence,)


def test_two_triggers_and_more_are_essential() -> None:
    two = is_essential(replace(QUIET, parameters=81, client_confidence=0.2))
    four = is_essential(Evidence(81, float("inf"), 1e9, 0.0))
    assert two.level == four.level == "essential"
    assert len(four.fired) == 4
    assert str(two) == (
        "Simulation-based calibration is essential: the model has 81 parameters, more than 10 and "
        "the client's confidence is 0.2, less than 0.6."
    )


def test_what_is_not_known_cannot_fire_and_is_listed() -> None:
    decision = is_essential(Evidence(bayes_factor=50))
    assert decision.level == "recommended"
    assert decision.unknown == (
        "number of parameters",
        "worth of the decision",
        "client's confidence",
    )
    assert str(decision).endswith(
        "; not known: number of parameters, worth of the decision, client's confidence."
    )
    assert is_essential(Evidence()).level == "not needed"


def test_zero_is_known() -> None:
    decision = is_essential(Evidence(0, 0.0, 0.0, 0.0))
    assert decision.unknown == ()
    assert decision.fired == ("the client's confidence is 0, less than 0.6",)


def test_thresholds_are_settings() -> None:
    low = CheckThresholds(parameters=5, bayes_factor=5, decision_worth=5, client_confidence=0.9)
    assert is_essential(QUIET, low).level == "essential"
    loud = Evidence(81, 50, 1e9, 0.1)
    high = CheckThresholds(
        parameters=100, bayes_factor=100, decision_worth=1e10, client_confidence=0.05
    )
    assert is_essential(loud, high).level == "not needed"


@pytest.mark.parametrize(
    "wrong",
    [
        {"parameters": -1},
        {"bayes_factor": float("nan")},
        {"decision_worth": -5.0},
        {"client_confidence": 1.1},
    ],
)
def test_a_number_out_of_range_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(InputError, match=next(iter(wrong))):
        replace(QUIET, **wrong)  # type: ignore[arg-type]
