"""Sentences name what is done, to how much, and where."""

from collections.abc import Callable

import pytest

from tasks.report.layout import LEAST, display_width
from tasks.report.schema import Effect
from tasks.report.wording import ACTIONS, action_sentence

EffectAt = Callable[..., Effect]


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
