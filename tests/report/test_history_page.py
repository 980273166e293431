"""The page of a domain's history: what it tells, escapes, draws and links to."""

import re
from collections import Counter

import numpy as np

from tasks.bayes.interval import Interval
from tasks.report.across_runs.history import Series, series_of
from tasks.report.across_runs.history_axes import MOST_TICKS
from tasks.report.across_runs.history_figures import history_figures
from tasks.report.across_runs.history_page import history_page
from tasks.report.across_runs.history_rows import rows
from tasks.report.across_runs.run_record import RunRecord
from tasks.report.schema import Report
from tests.report.diff_runs import MANIFEST, run_record
from tests.report.test_page import Parsed


def link(run: str) -> str:
    return f"{run.partition('/')[2]}/report.html"


def runs_of(report: Report, count: int) -> list[RunRecord]:
    """Runs of the same report under seeds of their own, one a day."""
    found = []
    for day in range(count):
        began = f"2026-{1 + day // 28:02}-{1 + day % 28:02}T0{day % 10}:30:00+00:00"
        manifest = {
            "began": began,
            "parameters": MANIFEST["parameters"] | {"seed": day},
            "seconds": 1234.4,
        }
        changed = report.model_copy(
            update={"uncertainty": report.uncertainty | {"epistemic": 1.0 + day}}
        )
        found.append(run_record(changed, f"demo/{began[:10]}", manifest=manifest))
    return found


def page_of(*records: RunRecord, left_out: tuple[str, ...] = ()) -> str:
    return history_page("demo", series_of(records), link, left_out)


def test_each_run_is_held_against_the_one_before_of_its_task(report: Report) -> None:
    first, second, third = runs_of(report, 3)
    other = run_record(report.model_copy(update={"task": "returns"}), "demo/2026-01-05")
    series = series_of([first, other, second, third])
    assert [of.task for of in series] == ["lead-time", "returns"]
    assert [entry.since and entry.since.before.run for entry in series[0].entries] == [
        None,
        first.run,
        second.run,
    ]
    assert series[1].entries[0].since is None


def test_rows_tell_what_each_run_found(report: Report) -> None:
    first, second = runs_of(report, 2)
    (series,) = series_of([first, second, second])
    start, after, same = rows(series, link)
    assert (start.when, start.link) == ("2026-01-01 00:30", "2026-01-01/report.html")
    assert (start.is_first, start.probability, start.changed) == (True, "-", ())
    assert (start.uncertainty, after.uncertainty) == ("1", "2")
    assert start.score == "0.532 ± 0.012"
    largest = report.shares[0]
    assert start.shares[0].startswith(f"{largest.node} {100 * largest.fraction:.1f} ± 2.1 %")
    best = report.ranking[0].effect
    assert start.effect.endswith("]")
    assert str(best.node) in start.repair
    assert (start.faults, start.seconds) == ("1,200", "1,234")
    assert after.changed == (("seed", "0 -> 1"),)
    assert (same.changed, same.probability, same.is_likely) == ((), "0", False)


def test_an_effect_that_changed_is_marked(report: Report) -> None:
    first, second = runs_of(report, 2)
    changed = report.effects[4].model_copy(
        update={"effect": Interval(mean=-60.0, low=-61.0, high=-59.0)}
    )
    effects = (*report.effects[:4], changed, *report.effects[5:])
    moved = second.report.model_copy(update={"effects": effects})
    records = first, run_record(moved, second.run)
    (series,) = series_of(records)
    row = rows(series, link)[1]
    assert (row.is_likely, row.likeliest) == (True, f"{changed.intervention} {changed.node}")
    assert "likely" in Parsed(page_of(*records)).values("class")
    assert "likely" not in Parsed(page_of(first, second)).values("class")


def test_one_run_alone_has_nothing_to_compare_with(report: Report) -> None:
    found = Parsed(page_of(*runs_of(report, 1)))
    assert "One run only: nothing to compare with." in found.texts
    assert "1 run, 2026-01-01." in found.texts
    assert found.tags["svg"] == 0


def test_every_run_is_linked_and_what_was_left_out_is_told(report: Report) -> None:
    found = Parsed(page_of(*runs_of(report, 3), left_out=("Left out: <b>demo/1</b>.",)))
    assert [of for of in found.values("href") if not of.startswith("#")] == [
        f"2026-01-0{day}/report.html" for day in (1, 2, 3)
    ]
    assert "Left out: <b>demo/1</b>." in found.texts
    assert found.tags["b"] == 0


def test_names_are_escaped_and_nothing_is_fetched(hostile: Report) -> None:
    evil = {"tables": {"<script>alert(2)</script>": "x"}, "source": None}
    first, second = runs_of(hostile, 2)
    page = page_of(first, run_record(second.report, second.run, manifest=evil))
    found = Parsed(page)
    assert found.tags["script"] == found.tags["b"] == found.tags["img"] == 0
    assert any("<script>alert(2)</script>" in text for text in found.texts)
    assert "<script" not in page
    assert [name for name, _ in found.attributes if name.startswith("on")] == []
    assert re.findall(r"url\((?!#)|@import", page) == []


def test_ids_are_unique_and_references_lead_somewhere(report: Report) -> None:
    other = report.model_copy(update={"task": "returns"})
    found = Parsed(page_of(*runs_of(report, 2), *runs_of(other, 2)))
    ids = Counter(found.values("id"))
    assert [of for of, times in ids.items() if times > 1] == []
    targets = [of[1:] for of in found.values("href") + found.values("xlink:href") if of[0] == "#"]
    targets += [of for _, value in found.attributes for of in re.findall(r"url\(#([^)]*)\)", value)]
    assert targets
    assert set(targets) <= ids.keys()
    assert found.tags["svg"] == 6


def test_it_is_the_same_page_each_time(report: Report) -> None:
    assert page_of(*runs_of(report, 2)) == page_of(*runs_of(report, 2))


def series(report: Report, count: int) -> Series:
    return series_of(runs_of(report, count))[0]


def test_lines_go_through_what_the_runs_told(report: Report) -> None:
    figures = history_figures(series(report, 3))
    above, below = figures["quality"].axes
    assert above.lines[0].get_ydata().tolist() == [1.0, 2.0, 3.0]
    assert below.lines[0].get_ydata().tolist() == [report.quality[0].value] * 3
    best = report.ranking[0].effect
    effects = figures["effects"].axes
    assert len(effects) == 3
    assert effects[0].lines[1].get_ydata().tolist() == [best.counted.mean] * 3
    (shares,) = figures["shares"].axes
    assert shares.lines[0].get_ydata().tolist() == [100 * report.shares[0].fraction] * 3


def test_runs_from_other_data_are_set_apart(report: Report) -> None:
    records = runs_of(report, 3)
    other = run_record(
        report, records[2].run, manifest={"tables": {"items": "new"}, "source": None}
    )
    dashed = [
        sum(line.get_linestyle() == "--" for line in history_figures(of)["quality"].axes[0].lines)
        for of in (series_of(records)[0], series_of([*records[:2], other])[0])
    ]
    assert dashed == [0, 1]


def test_interventions_that_ever_led_are_followed(report: Report) -> None:
    (first,) = runs_of(report, 1)
    turned = report.ranking[::-1]
    (found,) = series_of([first, run_record(report.model_copy(update={"ranking": turned}))])
    followed = [(of.node, of.intervention) for of in found.followed(6)]
    leading = [*turned[:3], *report.ranking[:3]]
    assert sorted(map(str, followed)) == sorted(
        str((of.effect.node, of.effect.intervention)) for of in leading
    )
    assert len(found.followed(2)) == 2


def test_a_long_history_is_still_read(large: Report) -> None:
    records = runs_of(large, 100)
    whole = series_of(records)[0]
    for figure in history_figures(whole).values():
        assert 1 < len(figure.axes[-1].get_xticks()) <= MOST_TICKS
    page = page_of(*records)
    assert Parsed(page).tags["tr"] == 101
    assert len(page.encode()) < 1_500_000


def test_a_history_without_ranking_shares_or_scores_is_told(tiny: Report) -> None:
    bare = tiny.model_copy(update={"quality": (), "shares": ()})
    found = Parsed(page_of(*runs_of(bare, 2)))
    assert "none is recommended" in found.texts
    assert found.tags["svg"] == 1


def test_a_line_breaks_where_a_run_has_nothing(report: Report) -> None:
    best = report.ranking[0].effect
    effects = [of for of in report.effects if of != best]
    without = report.model_copy(update={"effects": tuple(effects), "ranking": ()})
    (found,) = series_of([run_record(report), run_record(without), run_record(report)])
    line = history_figures(found)["effects"].axes[0].lines[1]
    drawn = np.asarray(line.get_ydata(), dtype=float)
    np.testing.assert_array_equal(drawn, [best.counted.mean, np.nan, best.counted.mean])
