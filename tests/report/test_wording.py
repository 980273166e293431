"""Sentences name what is done, to how much, and where."""

from collections.abc import Callable

import pytest

from tasks.report.effect_record import Effect
from tasks.report.evidence import ModelCheck
from tasks.report.layout import LEAST, display_width
from tasks.report.wording import ACTIONS, action_sentence, model_check_sentences

EffectAt = Callable[..., Effect]
Checked = Callable[..., ModelCheck]


@pytest.mark.parametrize("intervention", [*ACTIONS, "some {new} one"])
def test_every_sentence_names_the_node_and_the_count(
    intervention: str, effect_at: EffectAt
) -> None:
    effect = effect_at("a {b}.c", -1, intervention=intervention, changed=1234)
    sentence = action_sentence(effect)
    assert "a {b}.c" in sentence
    assert "1,234 " in sentence


def test_an_unknown_intervention_is_named(effect_at: EffectAt) -> None:
    effect = effect_at("a.c", -1, intervention="some {new} one", changed=1)
    assert action_sentence(effect) == "some {new} one on 1 cell of a.c"


def test_where_room_is_short_the_name_is_cut_and_not_the_words(effect_at: EffectAt) -> None:
    effect = effect_at("생산계획_실적.a_very_long_name_indeed", -1)
    cut = action_sentence(effect, 50)
    assert display_width(cut) in (49, 50)
    assert cut.startswith("fill the 80 missing cells of 생산")
    assert cut.endswith("indeed")
    least = action_sentence(effect, 10)
    name = least.removeprefix("fill the 80 missing cells of ")
    assert display_width(name) in (LEAST - 1, LEAST)


@pytest.mark.parametrize(
    ("need", "said"),
    [
        ("not needed", "; for this design that is not needed."),
        (
            "recommended",
            ", although that is recommended for this design: run again with "
            "--set check_model=always.",
        ),
        (
            "essential",
            ", although that is essential for this design: run again with "
            "--set check_model=always.",
        ),
    ],
)
def test_a_check_that_was_skipped_says_whether_it_is_needed(
    checked: Checked, need: str, said: str
) -> None:
    first, why = model_check_sentences(checked("skipped", need=need))
    assert first == f"The effects model was not tested by simulation{said}"
    assert why == f"Simulation-based calibration is {need}: so it was decided."


def test_a_check_that_was_passed_says_by_how_many_simulations(checked: Checked) -> None:
    first, why, *reasons = model_check_sentences(checked("calibrated", "The p-value.", "A note."))
    assert first == (
        "The effects model is calibrated: 1,200 simulated data sets of this design show no "
        "deviation."
    )
    assert why.startswith("Simulation-based calibration is recommended")
    assert reasons == ["The p-value.", "A note."]


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (
            "not calibrated",
            "The effects model is NOT calibrated for this design: do not trust its intervals.",
        ),
        (
            "not assessable",
            "Whether the effects model is calibrated for this design is not assessable.",
        ),
    ],
)
def test_a_check_that_was_not_passed_says_why_at_once_and_once(
    checked: Checked, status: str, said: str
) -> None:
    first, why, *others = model_check_sentences(checked(status, "The first.", "The second."))
    assert first == f"{said} Reason: The first."
    assert why.startswith("Simulation-based calibration is recommended")
    assert others == ["The second."]
