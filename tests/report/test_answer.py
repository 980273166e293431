"""The answer: the largest parts, a repair with the trust it deserves, a placebo that may warn."""

from collections.abc import Callable

import pytest

from tasks.domain import PLACEBO
from tasks.report.answer import answer, placebo_is_clean
from tasks.report.effect_record import Effect, Ranked
from tasks.report.evidence import ModelCheck
from tasks.report.schema import Report

EffectAt = Callable[..., Effect]
Ranking = Callable[[list[Effect]], tuple[Ranked, ...]]
Checked = Callable[..., ModelCheck]


def test_the_source_is_the_largest_part_of_each_level(report: Report) -> None:
    for level in ("table", "column", "range"):
        here = [share for share in report.shares if share.node.level == level]
        largest = max(here, key=lambda share: share.fraction)
        assert f"{level} {largest.node} ({100 * largest.fraction:.1f} ± " in answer(report).cause


def test_a_source_without_shares_is_not_assessable(report: Report) -> None:
    assert "is not assessable" in answer(report.model_copy(update={"shares": ()})).cause


@pytest.mark.parametrize(
    ("mean", "half", "said", "sound"),
    [
        (-30.0, 1.0, "a.x: −30.0 % [−31.0, −29.0] of U at a cost of 2, confidence high.", True),
        (-9.0, 4.0, "confidence medium.", True),
        (-2.0, 4.0, "includes 0: P(effect < 0) is 66.7 %, more replicates are needed.", False),
        (2.0, 4.0, "No repair is expected to lower the uncertainty", False),
        (20.0, 1.0, "No repair is expected to lower the uncertainty", False),
    ],
)
def test_the_repair_says_how_far_it_is_to_be_trusted(
    report: Report,
    effect_at: EffectAt,
    ranking: Ranking,
    mean: float,
    half: float,
    said: str,
    sound: bool,
) -> None:
    ranked = ranking([effect_at("a.x", mean, half)])
    found = answer(report.model_copy(update={"ranking": ranked}))
    assert said in found.repair
    assert found.sound is sound


def test_without_a_ranking_the_reason_is_told(report: Report, effect_at: EffectAt) -> None:
    bare = report.model_copy(update={"ranking": (), "effects": ()})
    assert "none was simulated at a table or column" in answer(bare).repair
    false_gains = bare.model_copy(update={"effects": (effect_at("a.x", -5, illusory=True),)})
    assert answer(false_gains).repair == ("No repair is recommended: 1 simulated gain is illusory.")


def test_a_placebo_that_works_is_a_warning(report: Report, effect_at: EffectAt) -> None:
    placebo = (effect_at(f"{PLACEBO}.noise", -3), effect_at(f"{PLACEBO}.noise", 0.2))
    warned = report.model_copy(update={"placebo": placebo})
    assert "NOT clean: 1 of 2 intervals" in answer(warned).placebo
    assert "the largest effect being −3.0 % [−4.0, −2.0]" in answer(warned).placebo
    assert (answer(warned).sound, placebo_is_clean(warned)) == (False, False)


def test_an_interval_that_touches_zero_holds_it(report: Report, effect_at: EffectAt) -> None:
    touching = report.model_copy(update={"placebo": (effect_at(f"{PLACEBO}.noise", -1),)})
    assert answer(touching).placebo.startswith("The placebo is clean: the interval")


def test_no_placebo_is_not_assessable(tiny: Report) -> None:
    assert "is not assessable" in answer(tiny).placebo
    assert placebo_is_clean(tiny) is None


@pytest.mark.parametrize(
    ("status", "sound"),
    [
        ("calibrated", True),
        ("skipped", True),
        ("not calibrated", False),
        ("not assessable", False),
    ],
)
def test_intervals_of_a_model_that_failed_its_check_are_no_sound_answer(
    report: Report,
    effect_at: EffectAt,
    ranking: Ranking,
    checked: Checked,
    status: str,
    sound: bool,
) -> None:
    good = {"ranking": ranking([effect_at("a.x", -30)]), "model_check": checked(status, "Why.")}
    assert answer(report.model_copy(update=good)).sound is sound


def test_a_check_that_is_essential_and_was_not_done_leaves_doubt(
    report: Report, effect_at: EffectAt, ranking: Ranking, checked: Checked
) -> None:
    skipped = checked("skipped")
    good = {"ranking": ranking([effect_at("a.x", -30)])}
    for need, sound in (("not needed", True), ("recommended", True), ("essential", False)):
        check = skipped.model_copy(update={"need": need})
        assert answer(report.model_copy(update=good | {"model_check": check})).sound is sound


def test_the_model_is_the_last_of_four_lines(report: Report, checked: Checked) -> None:
    found = answer(report.model_copy(update={"model_check": checked("not calibrated", "Why.")}))
    assert [label for label, _ in found.lines] == ["Source", "Repair", "Placebo", "Model"]
    assert found.lines[-1][1] == (
        "The effects model is NOT calibrated for this design: do not trust its intervals. "
        "Reason: Why."
    )


@pytest.mark.parametrize(
    ("name", "value", "error", "doubt"),
    [
        ("r2", -49.0, 26.0, True),
        ("r2", -0.09, 0.06, False),
        ("r2", 0.4, 0.1, False),
        ("auc", 0.41, 0.02, True),
        ("auc", 0.48, 0.02, False),
        ("rmse", -5.0, 0.1, False),
    ],
)
def test_a_model_that_is_worse_than_a_constant_is_said_first(
    name: str,
    value: float,
    error: float,
    doubt: bool,
    report: Report,
    effect_at: EffectAt,
    ranking: Ranking,
) -> None:
    score = report.quality[0].model_copy(
        update={"name": name, "value": value, "standard_error": error}
    )
    good = {"ranking": ranking([effect_at("a.x", -30)]), "quality": (score,)}
    found = answer(report.model_copy(update=good))
    assert found.sound is not doubt
    assert (found.lines[0][0] == "Fit") is doubt
    assert ("worse than a constant on held-out rows" in found.lines[0][1]) is doubt
