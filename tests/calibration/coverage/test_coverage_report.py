"""The report of a coverage study: numbers are the summary's, the worst verdict is said first."""

import io
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from matplotlib.image import imread

from tasks.calibration.coverage.records import Studied
from tasks.calibration.coverage.study import Outcome
from tasks.calibration.coverage.summary import summarise
from tasks.calibration.coverage.summary_record import Summary
from tasks.report.coverage_study_figure import (
    MOST_POINTS,
    coverage_study_figures,
    study_coverage_figure,
    told_figure,
)
from tasks.report.coverage_study_page import coverage_study_page
from tasks.report.coverage_study_sections import MOST_FAILURES, headline, kind, sentences
from tasks.report.coverage_study_text import coverage_study_text
from tasks.report.drawing import as_png, as_svg
from tasks.report.layout import display_width
from tasks.report.text import WIDTH

from .conftest import TINY, Drawn, record_of

SETTINGS: dict[str, str | int | float] = TINY.model_dump()
HOSTILE = "Column <script>alert(1)</script> & $x_1$ of 학교 has no rows."


@pytest.fixture(scope="module")
def outcomes(drawn: Drawn) -> tuple[Outcome, ...]:
    return drawn(120)


@pytest.fixture(scope="module")
def summary(outcomes: tuple[Outcome, ...]) -> Summary:
    record = record_of(outcomes)
    failed = tuple(Studied(number=200 + k, failure=HOSTILE) for k in range(MOST_FAILURES + 2))
    return summarise(record.model_copy(update={"databases": (*record.databases, *failed)}))


def with_verdicts(summary: Summary, *verdicts: str) -> Summary:
    levels = tuple(
        of.model_copy(update={"verdict": verdict})
        for of, verdict in zip(summary.levels, verdicts, strict=False)
    )
    return summary.model_copy(update={"levels": levels, "placebo": ()})


@pytest.mark.parametrize(
    ("verdicts", "told"),
    [
        (("holds", "holds"), "COVERAGE HOLDS"),
        (("holds", "open"), "COVERAGE IS OPEN"),
        (("open", "too few", "holds"), "COVERAGE DOES NOT HOLD"),
        (("open", "too many"), "COVERAGE IS OPEN"),
        (("too many", "holds"), "COVERAGE HOLDS, BUT FOR WIDE INTERVALS"),
    ],
)
def test_the_headline_is_the_worst_verdict(
    verdicts: tuple[str, ...], told: str, summary: Summary
) -> None:
    changed = with_verdicts(summary, *verdicts)
    assert headline(changed) == told
    assert told in coverage_study_text(changed, SETTINGS)


def test_the_placebo_counts_for_the_headline(summary: Summary) -> None:
    fails = summary.placebo[0].model_copy(update={"verdict": "too many"})
    changed = with_verdicts(summary, "holds").model_copy(update={"placebo": (fails,)})
    assert headline(changed) == "COVERAGE DOES NOT HOLD"


def test_each_kind_of_effects_stands_behind_its_verdict(summary: Summary) -> None:
    told = sentences(with_verdicts(summary, "holds", "too few", "open", "holds"))[0]
    assert told == (
        "That 95 % intervals hold 93 to 97 % of the true effects: holds for rescored tables, "
        "rescored placebo; too few for rescored columns; open for rescored ranges."
    )


def test_the_text_tells_the_numbers_of_the_summary(summary: Summary) -> None:
    text = coverage_study_text(summary, SETTINGS)
    lines = text.splitlines()
    for of in summary.levels:
        row, errors = (line for line in lines if line.startswith(f"{kind(of)}  "))
        shares = [
            f"{100 * share.value:.1f} ± {100 * (share.error or 0):.1f}" for share in of.coverage
        ]
        last = of.coverage[-1]
        ends = f"{100 * last.low:.1f} to {100 * last.high:.1f}"
        assert re.split(r"\s{2,}", row) == [kind(of), *shares, ends, of.verdict]
        told = re.split(r"\s{2,}", errors)
        assert told[1:3] == [str(of.effects), str(of.databases)]
        for measure, cell in zip((of.bias, of.rmse), told[3:5], strict=True):
            value, error = (float(part) for part in cell.replace("−", "-").split(" ± "))
            assert value == pytest.approx(measure.value, abs=0.006)
            assert error == pytest.approx(measure.error, abs=0.006)
    assert max(map(display_width, lines)) <= WIDTH
    assert "120 generated databases with known true effects. 12 further databases failed." in text
    assert text.count("failed and is in no number") == MOST_FAILURES
    assert "And 2 more failed." in text
    assert "truth_members     20" in text


def test_a_study_of_two_databases_is_told_without_ranking_too(drawn: Drawn) -> None:
    bare = tuple(of.model_copy(update={"ranking": ()}) for of in drawn(2))
    text = coverage_study_text(summarise(record_of(bare)), SETTINGS)
    assert "RANKING" not in text
    assert "COVERAGE IS OPEN" in text
    assert "nan" not in text


class Words(HTMLParser):
    """Collects the names of tags."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)


def test_the_page_escapes_what_it_is_told_and_needs_nothing_else(
    summary: Summary, outcomes: tuple[Outcome, ...]
) -> None:
    page = coverage_study_page(summary, outcomes, SETTINGS)
    tags = Words(page).tags
    assert "script" not in tags
    assert "&lt;script&gt;" in page
    assert tags.count("svg") == tags.count("figcaption") == 2
    assert 'src="' not in page
    for of in summary.levels:
        assert f"<td>{kind(of)}</td>" in page


def test_figures_are_drawn_and_are_the_same_again(
    summary: Summary, outcomes: tuple[Outcome, ...]
) -> None:
    figures, again = (coverage_study_figures(summary, outcomes) for _ in range(2))
    assert list(figures) == ["coverage", "effects"]
    for name, figure in figures.items():
        image = imread(io.BytesIO(as_png(figure)))
        assert (image[..., :3] < 0.9).any(axis=2).mean() > 0.005
        assert as_svg(figure) == as_svg(again[name])


def test_shares_are_drawn_where_they_are(summary: Summary) -> None:
    figure = study_coverage_figure(summary)
    for column, axes in enumerate(figure.axes):
        drawn = {
            (float(x), int(y))
            for line in axes.lines
            if line.get_marker() != "None"
            for x, y in np.asarray(line.get_xydata())
        }
        expected = {(100 * of.coverage[column].value, row) for row, of in enumerate(summary.levels)}
        assert drawn == expected


def test_effects_in_the_wrong_place_are_marked_and_what_is_left_out_is_counted(
    outcomes: tuple[Outcome, ...],
) -> None:
    effects = [of for outcome in outcomes for of in outcome.effects if of.reading == "rescored"]
    figure = told_figure(effects)
    (axes,) = figure.axes
    points = {
        str(line.get_label()): np.asarray(line.get_xydata())
        for line in axes.lines
        if line.get_marker() != "None"
    }
    assert sum(map(len, points.values())) == MOST_POINTS < len(effects)
    places = {(of.truth, of.mean): of for of in effects}
    for name, holds in (("interval holds the truth", True), ("does not", False)):
        for x, y in points[name]:
            of = places[float(x), float(y)]
            assert (of.measured[0] <= of.truth <= of.measured[-1]) == holds
    (note,) = (text for text in figure.texts if "are shown" in text.get_text())
    assert note.get_text() == f"{MOST_POINTS} of {len(effects):,} effects are shown"
