"""What `whence diff` tells in words, and as JSON."""

import json
from typing import Any

import pytest

from tasks.bayes.interval import Interval
from tasks.errors import InputError
from tasks.report.across_runs.diff import RunDiff, run_diff
from tasks.report.across_runs.diff_text import diff_text
from tasks.report.effect_record import Effect
from tasks.report.layout import display_width
from tasks.report.schema import Report
from tests.report.diff_runs import MANIFEST, run_record

SEED_2 = {"parameters": MANIFEST["parameters"] | {"seed": 2}}


def moved(report: Report, by: float, every: int = 1) -> Report:
    """Such a report whose effects lie elsewhere, one in so many."""

    def shifted(effect: Effect) -> Effect:
        old = effect.effect
        ends = {name: getattr(old, name) + by for name in Interval.model_fields}
        return effect.model_copy(update={"effect": Interval(**ends)})

    effects = [
        shifted(effect) if place % every == 0 else effect
        for place, effect in enumerate(report.effects)
    ]
    return report.model_copy(update={"effects": tuple(effects)})


def test_the_very_same_is_said_to_be(report: Report) -> None:
    told = diff_text(run_diff(run_record(report), run_record(report, "demo/2026-01-02")))
    assert "From run 2026-01-01 to run 2026-01-02." in told
    assert "Both runs tell the very same: no effect changed, no share, no rank." in told
    assert f"None of {len(report.effects)} effects changed." in told
    assert "data: nothing\ncontract: nothing\ncode: nothing\n" in told


def test_where_only_the_seed_changed_nothing_real_did(report: Report) -> None:
    after = run_record(moved(report, 0.5), manifest=SEED_2)
    told = diff_text(run_diff(run_record(report), after))
    assert "Only the seed changed, so nothing real did" in told
    assert "changed with a probability above 95 %; the likeliest is" in told
    unrecorded = run_record(report, manifest={"code": None})
    assert "Only the seed" not in diff_text(run_diff(unrecorded, after))


def test_effects_that_changed_come_first(report: Report) -> None:
    other = {"tables": {"items": "a2", "plants": "b1"}, "source": None}
    after = run_record(moved(report, -9.0, every=12), manifest=other)
    found = run_diff(run_record(report), after)
    changed = [of.name for of in found.effects if of.probability > 0.95]
    assert len(changed) == -(-len(report.effects) // 12)
    told = diff_text(found)
    assert f"{len(changed)} of {len(report.effects)} effects changed with a probability" in told
    assert "data: items (400 rows; other values)" in told
    first = next(line for line in told.splitlines() if line.startswith(" 1  "))
    assert first.split("  ")[1] in changed
    assert "−9.0 ± 1.4" in first


def test_an_intervention_of_one_run_alone_is_told(report: Report) -> None:
    fewer = report.model_copy(update={"effects": report.effects[1:]})
    gone = report.effects[0]
    name = f"{gone.intervention} {gone.node}"
    told = diff_text(run_diff(run_record(report), run_record(fewer)))
    assert f"Only in the earlier run: {name}." in told
    told = diff_text(run_diff(run_record(fewer), run_record(report)))
    assert f"Only in the later run: {name}." in told


def test_ranks_are_told_before_and_after(report: Report) -> None:
    turned = tuple(
        entry.model_copy(update={"rank": len(report.ranking) - place})
        for place, entry in enumerate(report.ranking)
    )
    found = run_diff(run_record(report), run_record(report.model_copy(update={"ranking": turned})))
    last = report.ranking[-1].effect
    line = next(
        line
        for line in diff_text(found).partition("RANKING")[2].splitlines()
        if line.startswith(f"{last.intervention} {last.node} ")
    )
    assert line.split()[-2:] == [str(len(report.ranking)), "1"]


def test_runs_without_effects_or_scores_are_told(tiny: Report) -> None:
    bare = tiny.model_copy(update={"quality": (), "shares": ()})
    told = diff_text(run_diff(run_record(bare), run_record(bare, manifest=SEED_2)))
    assert "Which effects changed is not assessable: no intervention is in both runs." in told
    assert "held-out scores not assessable" in told


def test_other_tasks_are_refused(report: Report) -> None:
    other = report.model_copy(update={"task": "returns"})
    with pytest.raises(
        InputError, match=r"one domain and task .* demo: lead-time .* demo: returns"
    ):
        run_diff(run_record(report), run_record(other))


@pytest.mark.parametrize("name", ["report", "large", "hostile", "tiny"])
def test_lines_are_short_and_steer_no_terminal(name: str, request: Any) -> None:
    report = request.getfixturevalue(name)
    told = diff_text(run_diff(run_record(report), run_record(moved(report, 3), manifest=SEED_2)))
    assert max(map(display_width, told.splitlines())) <= 100
    assert all(line.isprintable() for line in told.splitlines())


def test_what_steers_a_terminal_is_replaced(report: Report) -> None:
    evil = {"tables": {"items\x1b[2J": "a2", "plants": "b1"}, "source": None}
    assert "\x1b" not in diff_text(run_diff(run_record(report), run_record(report, manifest=evil)))


def test_json_holds_everything_and_is_read_back(report: Report) -> None:
    found = run_diff(run_record(report), run_record(moved(report, 2), manifest=SEED_2))
    text = json.dumps(found.model_dump(mode="json"), ensure_ascii=False)
    assert RunDiff.model_validate_json(text) == found
    assert len(found.effects) == len(report.effects)
