"""The report of a calibration: numbers are the verdict's, the rejected stand first, cuts are said.

Simulations are exact: normal means, a normal prior, and independent draws from the posterior, which
may be made wrong by a scale and a shift in posterior standard deviations.
"""

import io
import json
import math
import re
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import asdict, replace
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.image import imread

from tasks.calibration.interval_coverage import Coverage
from tasks.calibration.simulations import LOG_LIKELIHOOD, Simulations, Status
from tasks.calibration.verdict import (
    OF_ANOTHER_SHAPE,
    OF_LOG_LIKELIHOOD,
    OF_PARAMETER,
    CalibrationVerdict,
    QuantityVerdict,
    judge,
)
from tasks.report import calibration_advice as advice
from tasks.report.calibration_figures import calibration_figures
from tasks.report.calibration_json import calibration_json, calibration_record
from tasks.report.calibration_page import calibration_page
from tasks.report.calibration_style import MARKS
from tasks.report.calibration_text import calibration_text
from tasks.report.contraction_figure import (
    LEAST_CONTRACTION,
    MOST_LABELS,
    MOST_Z,
    contraction_figure,
    z_scores,
)
from tasks.report.coverage_figure import coverage_figure
from tasks.report.drawing import as_png, as_svg
from tasks.report.layout import display_width
from tasks.report.rank_difference_figure import rank_difference_figure
from tasks.report.text import WIDTH

SETTINGS: dict[str, str | int | float] = {"seed": 7, "adapt_delta": 0.85, "model": "정규"}
HOSTILE = ("<script>alert(1)</script>", "$x_1$ & $y$", "무게의 평균값", "a_rather_long_name" * 9)
FINE, WARNING = MARKS[False][0], MARKS[True][0]


def normal_means(
    names: Sequence[str], scale: float = 1.0, shift: float = 0.0, n: int = 300, kept: int = 49
) -> Simulations:
    """Simulations of as many means; scale and shift make the first posterior wrong."""
    rng = np.random.default_rng(len(names))
    sigma = np.linspace(0.5, 2, len(names))
    truth = rng.normal(size=(n, len(names)))
    data = truth + sigma * rng.normal(size=truth.shape)
    sd = np.broadcast_to(sigma / np.hypot(1, sigma), truth.shape)
    wrong = np.arange(len(names)) == 0
    noise = np.where(wrong, scale, 1) * rng.normal(size=(kept, *truth.shape)) + shift * wrong
    draws = data / (1 + sigma**2) + sd * noise

    def with_log_likelihood(means: np.ndarray) -> np.ndarray:
        joint = -np.square((data - means) / sigma).sum(axis=-1, keepdims=True) / 2
        return np.concatenate([means, joint], axis=-1)

    truth, draws = with_log_likelihood(truth), with_log_likelihood(draws)
    quarter, three_quarters = np.quantile(draws, [0.25, 0.75], axis=0)
    none = np.zeros(n, dtype=np.int32)
    return Simulations(
        names=(*names, LOG_LIKELIHOOD),
        n_ranks=kept + 1,
        ranks=(draws < truth).sum(axis=0).astype(np.int32),
        truth=truth,
        mean=draws.mean(axis=0),
        sd=draws.std(axis=0),
        iqr=three_quarters - quarter,
        status=none.astype(np.int8),
        ess=np.full(n, 400.0),
        iterations=none + 1000,
        divergences=none,
        saturated=none,
    )


Case = tuple[CalibrationVerdict, Simulations]


def judged(simulations: Simulations) -> Case:
    return judge(simulations), simulations


@pytest.fixture(scope="module")
def fine() -> Case:
    return judged(normal_means(["mu", "theta[1]", "theta[2]"]))


@pytest.fixture(scope="module")
def narrow() -> Case:
    return judged(normal_means(["mu", "theta[1]", "theta[2]"], scale=0.5))


@pytest.fixture(scope="module")
def cases(fine: Case, narrow: Case) -> dict[str, Case]:
    many = [f"effect_of_school[{number}]" for number in range(200)]
    return {
        "fine": fine,
        "narrow": narrow,
        "one": judged(normal_means(["mu"], shift=9)),
        "many": judged(normal_means(many, shift=1)),
        "hostile": judged(normal_means(HOSTILE, shift=1)),
        "failed": judged(with_failures(fine[1], 300)),
    }


EVERY = pytest.mark.parametrize("name", ["fine", "narrow", "one", "many", "hostile", "failed"])


def with_failures(simulations: Simulations, n: int) -> Simulations:
    """The first n fits failed."""
    failed = np.arange(len(simulations.status)) < n
    gone: dict[str, Any] = {
        name: np.where(failed[:, None], np.nan, getattr(simulations, name))
        for name in ("mean", "sd", "iqr")
    }
    return replace(
        simulations,
        ranks=np.where(failed[:, None], -1, simulations.ranks).astype(np.int32),
        status=np.where(failed, Status.FAILED, Status.OK).astype(np.int8),
        **gone,
    )


def quantity(name: str, p: float, **changes: Any) -> QuantityVerdict:
    coverage = (
        Coverage(0.5, 0.52, 0.4213, 0.391, 0.4522),
        Coverage(0.8, 0.8, 0.7777, 0.751, 0.802),
        Coverage(0.95, 0.96, 0.9549, 0.94, 0.966),
    )
    known = QuantityVerdict(name, p, min(3 * p, 1), False, 0.213, coverage, 0.9312, 0.67, ())
    return replace(known, **changes)


def verdict_of(*quantities: QuantityVerdict) -> CalibrationVerdict:
    return CalibrationVerdict("not calibrated", ("Because.",), (), 0.05, quantities)


def text_of(case: Case) -> str:
    return calibration_text("Eight schools", *case, SETTINGS)


def part(text: str, title: str) -> list[str]:
    """The lines of one section, their gaps made single."""
    (found,) = re.findall(rf"\n{title}\n-+\n(.*?)(?:\n\n\n|\Z)", text, flags=re.DOTALL)
    return [re.sub(r"\s+", " ", line) for line in found.splitlines()]


def test_a_row_has_the_numbers_of_its_quantity(fine: Case) -> None:
    told = verdict_of(
        quantity("a", 0.01234),
        quantity("b", 1e-9, chi_square_p_value=None, contraction=None),
        quantity("c", 0.5, contraction=-0.256),
    )
    lines = part(text_of((told, fine[1])), "QUANTITIES")
    assert "nominally 52.0, 80.0 and 96.0 %." in " ".join(lines)
    assert lines[-4:] == [
        "quantity p adjusted p chi-square p 50 % 80 % 95 % contraction",
        "b < 0.0001 < 0.0001 - 42.1 77.8 95.5 -",
        "a 0.012 0.037 0.21 42.1 77.8 95.5 0.93",
        "c 0.50 1.0 0.21 42.1 77.8 95.5 −0.26",
    ]


def test_the_rejected_come_first_with_their_meaning_below(fine: Case) -> None:
    told = verdict_of(
        quantity("a", 0.001),
        quantity("b", 0.02, is_rejected=True, meaning=("too narrow", "biased")),
        quantity("c", 0.0005),
        quantity("d", 0.01, is_rejected=True, meaning=("too wide",)),
    )
    lines = part(text_of((told, fine[1])), "QUANTITIES")
    assert [line.split()[0] for line in lines[-7:]] == ["d", "too", "b", "too", "biased", "c", "a"]
    assert [line for line in lines if "too" in line or "biased" in line] == [
        " too wide",
        " too narrow",
        " biased",
    ]


@EVERY
def test_the_headline_is_the_status(name: str, cases: dict[str, Case]) -> None:
    expected = {"fine": "CALIBRATED", "failed": "NOT ASSESSABLE"}.get(name, "NOT CALIBRATED")
    lines = text_of(cases[name]).splitlines()
    assert lines[:4] == ["Eight schools", "=============", "", expected]
    assert lines[5].split()[0] == cases[name][0].reasons[0].split()[0]


@EVERY
def test_no_line_is_too_wide_and_none_ends_in_a_space(name: str, cases: dict[str, Case]) -> None:
    told, simulations = cases[name]
    text = text_of((replace(told, reasons=("Short.",)), simulations))  # a reason's name stays whole
    assert max(map(display_width, text.splitlines())) <= WIDTH
    assert re.findall(r" $|\n\n\Z", text, flags=re.MULTILINE) == []
    assert "\x1b" not in calibration_text("a\x1b[2J", told, simulations, SETTINGS)


def test_many_quantities_and_reasons_are_cut_and_it_is_said(cases: dict[str, Case]) -> None:
    told, simulations = cases["many"]
    many_reasons = tuple(f"Reason {number}." for number in range(30))
    text = text_of((replace(told, reasons=many_reasons), simulations))
    lines = part(text, "QUANTITIES")
    assert sum(line.startswith(("effect_of_school[", "log")) for line in lines) == 25
    assert lines[-1] == "and 176 more"
    assert "Reason 9.\nAnd 20 reasons more.\n" in text
    assert "Reason 10." not in text
    assert "more" not in "".join(part(text_of(cases["fine"]), "QUANTITIES"))
    page = calibration_page("Schools", told, simulations, SETTINGS)
    assert "25 of 201 quantities" in page


def test_simulations_draws_and_settings_are_told(fine: Case) -> None:
    lines = part(text_of(judged(with_failures(fine[1], 3))), "SIMULATIONS")
    assert "300 simulations, 297 of them fitted; 49 draws kept of each fit" in lines[0]
    assert lines[-3:] == ["seed 7", "adapt_delta 0.85", "model 정규"]


def test_each_failure_that_occurred_has_its_advice_and_no_other(fine: Case) -> None:
    def told(simulations: Simulations) -> str:
        return " ".join(part(text_of(judged(simulations)), "WHAT TO DO"))

    simulations = fine[1]
    first = np.arange(300) == 0
    once = first.astype(np.int32)
    short = np.where(first, Status.SHORT, Status.OK).astype(np.int8)
    assert told(simulations) == advice.NOTHING
    assert told(with_failures(simulations, 1)) == advice.FAILED
    assert told(with_failures(simulations, 290)) == f"{advice.TOO_FEW} {advice.FAILED}"
    assert told(replace(simulations, status=short)) == advice.SHORT
    assert told(replace(simulations, divergences=once)) == advice.DIVERGENT
    assert told(replace(simulations, saturated=once)) == advice.SATURATED
    notes = part(text_of(judged(replace(simulations, saturated=once))), "NOTES")
    assert notes == ["1 of 300 fits had iterations that reached the tree depth limit."]


def test_every_meaning_that_a_verdict_gives_has_its_advice(narrow: Case) -> None:
    meanings = {*OF_PARAMETER.values(), *OF_LOG_LIKELIHOOD.values(), OF_ANOTHER_SHAPE}
    assert set(advice.OF_MEANING) == meanings
    told = " ".join(part(text_of(narrow), "WHAT TO DO"))
    found = {meaning for of in narrow[0].quantities for meaning in of.meaning}
    for meaning in meanings:
        assert (advice.OF_MEANING[meaning] in told) == (meaning in found)


@EVERY
def test_the_record_is_the_verdict(name: str, cases: dict[str, Case]) -> None:
    told, simulations = cases[name]
    text = calibration_json("정규 모형", told, simulations, SETTINGS)
    record = json.loads(text)
    assert record == calibration_record("정규 모형", told, simulations, SETTINGS)
    assert record["quantities"] == json.loads(json.dumps([asdict(of) for of in told.quantities]))
    assert record["reasons"] == list(told.reasons)
    assert (record["status"], record["alpha"]) == (told.status, 0.05)
    n_fitted = 0 if name == "failed" else 300
    assert record["simulations"] == {"made": 300, "fitted": n_fitted, "draws_kept": 49}
    assert record["settings"] == SETTINGS
    assert "정규 모형" in text


def test_what_is_no_number_is_null(fine: Case) -> None:
    told = verdict_of(quantity("a", 0.1, z_score=math.nan), quantity("b", 0.1, z_score=math.inf))
    record = json.loads(calibration_json("a", told, fine[1], {"rate": math.nan}))
    assert [of["z_score"] for of in record["quantities"]] == [None, None]
    assert record["settings"] == {"rate": None}


def colors(figure: Figure) -> set[str]:
    return {line.get_color() for axes in figure.axes for line in axes.lines} & {FINE, WARNING}


def test_figures_show_rejection_in_the_warning_colour(cases: dict[str, Case]) -> None:
    assert FINE != WARNING
    for name in ("rank_difference", "coverage", "contraction"):
        drawn = {case: calibration_figures(*cases[case]) for case in ("fine", "narrow", "one")}
        assert colors(drawn["fine"][name]) == {FINE}
        assert colors(drawn["narrow"][name]) == {FINE, WARNING}
        assert colors(drawn["one"][name]) == {WARNING}


@pytest.mark.parametrize("name", ["narrow", "failed"])
def test_the_same_calibration_gives_the_same_bytes_and_is_left_alone(
    name: str, cases: dict[str, Case]
) -> None:
    told, simulations = cases[name]
    before, settings = deepcopy(simulations), dict(SETTINGS)
    for give in (calibration_page, calibration_text, calibration_json):
        first = give("Schools", told, simulations, settings)
        assert first == give("Schools", deepcopy(told), before, settings)
    drawn, again = calibration_figures(told, simulations), calibration_figures(told, before)
    assert [as_png(of, 40) for of in drawn.values()] == [as_png(of, 40) for of in again.values()]
    np.testing.assert_equal(asdict(simulations), asdict(before))
    assert settings == SETTINGS


def test_what_has_nothing_to_show_is_not_drawn(cases: dict[str, Case], fine: Case) -> None:
    assert list(calibration_figures(*fine)) == ["rank_difference", "coverage", "contraction"]
    assert calibration_figures(*cases["failed"]) == {}
    quantities = tuple(replace(of, contraction=None) for of in fine[0].quantities)
    without = replace(fine[0], quantities=quantities)
    assert list(calibration_figures(without, fine[1])) == ["rank_difference", "coverage"]


@EVERY
def test_nothing_sticks_out_of_a_figure(name: str, cases: dict[str, Case]) -> None:
    for figure in calibration_figures(*cases[name]).values():
        pixels = imread(io.BytesIO(as_png(figure, dpi=80)))[..., :3]
        for edge in (pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]):
            assert (edge == 1).all()


@pytest.mark.parametrize("name", ["fine", "narrow", "many"])
def test_a_curve_is_the_difference_of_ecdfs_and_leaves_the_band_if_rejected_alone(
    name: str, cases: dict[str, Case]
) -> None:
    told, simulations = cases[name]
    figure = rank_difference_figure(told, simulations)
    first, *others = sorted(told.quantities, key=lambda of: (of.name != LOG_LIKELIHOOD, of.p_value))
    shown = [first, *others][:12]
    assert first.name == LOG_LIKELIHOOD
    below = np.arange(simulations.n_ranks + 1)
    panels: list[Any] = figure.axes
    for axes, of in zip(panels, shown, strict=True):
        ranks = simulations.ranks[:, simulations.names.index(of.name)]
        expected = (ranks[:, None] < below).mean(axis=0) - below / simulations.n_ranks
        _, curve = axes.lines
        np.testing.assert_allclose(curve.get_ydata(), expected, atol=1e-12)
        np.testing.assert_allclose(curve.get_xdata(), below / simulations.n_ranks, atol=1e-12)
        vertices = axes.collections[0].get_paths()[0].vertices
        band = [vertices[np.isclose(vertices[:, 0], x), 1] for x in curve.get_xdata()]
        is_outside = any(
            not of.min() - 1e-9 <= y <= of.max() + 1e-9
            for of, y in zip(band, expected, strict=True)
        )
        assert is_outside == (of.p_value <= told.alpha / len(told.quantities))
        title = axes.get_title(loc="left")
        assert title.startswith(f"{of.name}\nadjusted p ")
        assert title.endswith(", rejected") == of.is_rejected
    notes = " ".join(text.get_text() for text in figure.texts)
    assert ("12 of 201 quantities" in notes) == (name == "many")


def test_coverage_shows_the_most_deviating_in_their_order(cases: dict[str, Case]) -> None:
    told, _ = cases["many"]
    figure = coverage_figure(told)
    names = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    places = [[of.name for of in told.quantities].index(name) for name in names]
    assert places == sorted(places)
    assert len(places) == 40
    assert names[0] == "effect_of_school[0]"
    deviations = [
        max(abs(c.covered - c.nominal) / (c.upper - c.lower) for c in of.coverage)
        for of in told.quantities
    ]
    left_out = set(range(201)) - set(places)
    assert min(deviations[k] for k in places) >= max(deviations[k] for k in left_out)
    assert "40 of 201 quantities" in figure.texts[-1].get_text()


def test_coverage_shows_dots_intervals_and_the_nominal_line(narrow: Case) -> None:
    told, _ = narrow
    panels: list[Any] = coverage_figure(told).axes
    for column, axes in enumerate(panels):
        nominal, *marks = axes.lines
        known = [of.coverage[column] for of in told.quantities]
        assert nominal.get_xdata()[0] == 100 * known[0].nominal
        dots = {y: x for line in marks for x, y in zip(*line.get_data(), strict=True)}
        assert [dots[y] for y in range(4)] == [100 * of.covered for of in known]
        ends = {
            segment[0, 1]: tuple(segment[:, 0])
            for bars in axes.collections
            for segment in bars.get_segments()
        }
        assert [ends[y] for y in range(4)] == [(100 * of.lower, 100 * of.upper) for of in known]


def dots_of(figure: Figure) -> list[tuple[float, float]]:
    lines: list[Any] = list(figure.axes[0].lines)
    marked = [line for line in lines if line.get_linestyle() == "None"]
    return sorted(point for line in marked for point in zip(*line.get_data(), strict=True))


def test_contraction_shows_each_parameter_at_its_place(narrow: Case) -> None:
    told, simulations = narrow
    z = (simulations.mean - simulations.truth) / simulations.sd
    known = [(of.contraction, np.median(z[:, q])) for q, of in enumerate(told.quantities[:3])]
    figure = contraction_figure(told, simulations)
    np.testing.assert_allclose(dots_of(figure), sorted(known))
    assert [text.get_text() for text in figure.texts] == [
        "not drawn, without a contraction: log likelihood"
    ]
    assert [text.get_text() for text in figure.axes[0].texts] == ["mu"]
    bars: list[Any] = list(figure.axes[0].collections)
    ends = [segment[:, 1] for of in bars for segment in of.get_segments()]
    expected = np.quantile(z[:, :3], [0.025, 0.975], axis=0).T
    np.testing.assert_allclose(sorted(map(tuple, ends)), sorted(map(tuple, expected)))


def test_what_lies_beyond_the_axes_is_drawn_at_their_edge_and_counted(fine: Case) -> None:
    told, simulations = fine
    quantities = (replace(told.quantities[0], contraction=-40.0), *told.quantities[1:])
    mean = simulations.mean + 50 * simulations.sd * (np.arange(4) == 1)
    beyond = replace(told, quantities=quantities), replace(simulations, mean=mean)
    figure = contraction_figure(*beyond)
    dots = dots_of(figure)
    assert dots[0][0] == LEAST_CONTRACTION
    assert max(y for _, y in dots) == MOST_Z
    told_below = [text.get_text() for text in figure.texts]
    assert "beyond the axes and drawn at their edge: 2" in told_below


def test_a_posterior_without_spread_is_infinitely_far_or_at_the_truth(fine: Case) -> None:
    simulations = deepcopy(fine[1])
    simulations.sd[:2, 0] = 0
    simulations.mean[0, 0] = simulations.truth[0, 0]
    simulations.mean[1, 0] = simulations.truth[1, 0] - 1
    assert z_scores(simulations)[:2, 0].tolist() == [0, -math.inf]
    assert as_svg(contraction_figure(fine[0], simulations))


def test_names_of_the_rejected_do_not_overlap(cases: dict[str, Case]) -> None:
    told, simulations = cases["many"]
    quantities = tuple(replace(of, is_rejected=True) for of in told.quantities)
    figure = contraction_figure(replace(told, quantities=quantities), simulations)
    (axes,) = figure.axes
    places = [text.get_position()[1] for text in axes.texts]
    bottom, top = axes.get_ylim()
    inches = axes.get_position().height * figure.get_size_inches()[1]
    assert len(places) == MOST_LABELS
    assert max(np.diff(places)) * inches / (top - bottom) <= -0.1899
    assert bottom <= min(places) < max(places) <= top
    assert "rejected ones without a name here: 190" in [of.get_text() for of in figure.texts]


def test_the_page_tells_all_and_fetches_nothing(cases: dict[str, Case]) -> None:
    told, simulations = cases["hostile"]
    page = calibration_page("<b>Schools</b>", told, simulations, SETTINGS)
    assert "<script" not in page
    assert "<b>" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert page.count("<svg") == page.count("<figcaption>") == 3
    assert re.findall(r"<(?:link|img|iframe|image)|url\((?!#)|@import", page) == []
    targets = re.findall(r'(?:xlink:href="|url\()#([^")]+)', page)
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    assert targets
    assert set(targets) <= set(ids)
    assert told.quantities[0].meaning[0] in page
    assert ">NOT CALIBRATED</dt>" in page
    assert 'class="answer doubt"' in page


def test_doubt_is_marked_only_where_there_is_some(cases: dict[str, Case]) -> None:
    for name, is_doubtful in (("fine", False), ("narrow", True), ("failed", True)):
        page = calibration_page("Schools", *cases[name], SETTINGS)
        assert ('class="answer doubt"' in page) == is_doubtful
