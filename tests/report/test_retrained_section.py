"""What fitting anew changed is told action by action, with a verdict that the numbers bear out."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from tasks.bayes.interval import Interval
from tasks.report.effect_record import Change, Effect, Ranked, Retrained
from tasks.report.retrained_section import retrained_section, verdict
from tasks.report.schema import Report
from tasks.report.text import as_text

EffectAt = Callable[..., Effect]
Ranking = Callable[[list[Effect]], tuple[Ranked, ...]]


def anew(mean: float, half: float = 1.0, **changes: Any) -> Retrained:
    whole = Retrained(
        effect=Interval(mean=mean, low=mean - half, high=mean + half),
        raw=1.1 * mean,
        raw_error=0.8,
        nll=Change(value=-0.0412, error=0.0113),
        crps=Change(value=0.0234, error=0.0051),
        gap_before=0.052,
        gap_after=0.011,
    )
    return whole.model_copy(update=changes)


def told(report: Report, *effects: Effect, placebo: tuple[Effect, ...] = ()) -> Report:
    return report.model_copy(
        update={
            "effects": effects,
            "placebo": placebo,
            "retraining": {"training_rows": 12_345, "held_out_rows": 678},
        }
    )


def squeezed(text: str) -> str:
    return " ".join(text.split())


def test_where_nothing_was_tried_that_is_said(report: Report) -> None:
    section = retrained_section(report)
    assert section.paragraphs == ("No intervention was tried by fitting members anew.",)
    assert section.tables == ()


def test_rows_stand_from_the_largest_gain_to_the_largest_loss(
    report: Report, effect_at: EffectAt
) -> None:
    """Those of members fitted anew decide, not those that were scored again."""
    effects = (
        effect_at("items.age", -30, retrained=anew(4)),
        effect_at("items.price", -2, retrained=anew(-9)),
        effect_at("items.weight", -50),
    )
    noise = effect_at("(placebo).noise", 0.1, retrained=anew(0.2))
    section = retrained_section(told(report, *effects, placebo=(noise,)))
    first, second = section.tables
    assert [row[1:3] for row in first.rows] == [
        ("−2.0", "−9.0"),
        ("+0.1", "+0.2"),
        ("−30.0", "+4.0"),
    ]
    assert [row[0] for row in second.rows] == ["items.price", "(placebo).noise", "items.age"]


def test_the_numbers_of_a_row_are_its_own(report: Report, effect_at: EffectAt) -> None:
    one = effect_at("items.age", -30, retrained=anew(-9))
    (first, second) = retrained_section(told(report, one)).tables
    (row,) = first.rows
    assert row[1:] == ("−30.0", "−9.0", "[−10.0, −8.0]", "less uncertainty")
    (quality,) = second.rows
    assert quality == ("items.age", "−0.041 ± 0.011", "0.0234 ± 0.0051", "5.2 to 1.1")


def test_the_rows_behind_it_are_counted(report: Report, effect_at: EffectAt) -> None:
    section = retrained_section(told(report, effect_at("items.age", -3, retrained=anew(-2))))
    (text,) = section.paragraphs
    assert "fitted anew to 12,345 of them and compared on 678 held-out rows" in text


@pytest.mark.parametrize(
    ("found", "illusory", "said"),
    [
        (anew(-9), False, "less uncertainty"),
        (anew(9), False, "more uncertainty"),
        (anew(-9, 10), False, "open: the interval holds 0"),
        (anew(9, 9), False, "open: the interval holds 0"),
        (anew(-9, 9), False, "open: the interval holds 0"),
        (anew(-9, 10), True, "illusory gain"),
        (anew(-9), True, "illusory gain"),
    ],
)
def test_a_verdict_says_what_came_true(
    found: Retrained, illusory: bool, said: str, effect_at: EffectAt
) -> None:
    effect = effect_at("items.age", -30, retrained=found, illusory=illusory)
    assert verdict(effect, found) == said


def part(text: str, title: str) -> str:
    """The lines of one section."""
    (found,) = re.findall(rf"\n{title}\n-+\n(.*?)(?:\n\n\n|\Z)", text, flags=re.DOTALL)
    return str(found)


def test_the_report_ranks_and_tells_by_what_was_fitted_anew(
    report: Report, effect_at: EffectAt, ranking: Ranking
) -> None:
    better = effect_at("items.age", -3, retrained=anew(-40, raw_error=0.5))
    plain = effect_at("items.price", -9)
    found = ranking([better, plain])
    text = as_text(told(report, better, plain).model_copy(update={"ranking": found}))
    top = squeezed(part(text, "TOP INTERVENTIONS"))
    assert "−40.0 [−41.0, −39.0]" in top
    assert "retrained" in top
    assert "−9.0 [−10.0, −8.0]" in top
    assert "re-scored" in top
    anew_part = squeezed(part(text, "RETRAINED"))
    assert "−3.0 −40.0 [−41.0, −39.0] less uncertainty" in anew_part


def test_an_illusory_gain_is_told_with_its_likelihood_of_members_fitted_anew(
    report: Report, effect_at: EffectAt
) -> None:
    false_gain = effect_at(
        "items.age",
        -44,
        illusory=True,
        nll_change=0.5,
        retrained=anew(-3, nll=Change(value=0.0712, error=0.0113)),
    )
    section = squeezed(part(as_text(told(report, false_gain)), "ILLUSORY GAINS"))
    assert "−3.0 [−4.0, −2.0] 0.071 ± 0.011" in section
    assert "0.5" not in section
