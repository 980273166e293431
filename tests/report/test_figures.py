"""Figures: the same bytes twice, names as they are, boxes as high as their shares."""

import io
import logging
import warnings
import xml.etree.ElementTree as ET
from collections.abc import Callable

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.image import imread

from tasks.domain import Node
from tasks.report.drawing import CONFIDENCE_STYLE, GREY, as_png, as_svg
from tasks.report.effect_figures import effect_figure, shrinkage_figure
from tasks.report.effect_record import Effect
from tasks.report.figures import all_figures
from tasks.report.schema import Report, Share
from tasks.report.section import PICTURES, Picture
from tasks.report.share_figure import boxes, share_figure

EffectAt = Callable[..., Effect]


def texts(figure: Figure) -> list[str]:
    """What a reader of the SVG sees, after it is parsed as XML."""
    root = ET.fromstring(as_svg(figure))  # noqa: S314
    return ["".join(of.itertext()) for of in root.iter("{http://www.w3.org/2000/svg}text")]


def test_every_figure_is_drawn(report: Report) -> None:
    assert set(all_figures(report)) == set(PICTURES)


def test_what_has_nothing_to_show_is_not_drawn(tiny: Report) -> None:
    assert list(all_figures(tiny)) == ["shares"]
    assert all_figures(tiny.model_copy(update={"shares": ()})) == {}


def test_the_same_report_gives_the_same_bytes(report: Report) -> None:
    again = Report.model_validate_json(report.model_dump_json())
    for first, second in zip(
        all_figures(report).values(), all_figures(again).values(), strict=True
    ):
        assert as_svg(first) == as_svg(second) == as_svg(first)
        assert as_png(first, dpi=40) == as_png(second, dpi=40)
        assert as_png(first, dpi=40).startswith(b"\x89PNG")


def test_no_date_and_no_version_is_written(report: Report) -> None:
    svg = as_svg(all_figures(report)["calibration"])
    assert "metadata" not in svg
    assert mpl.__version__ not in svg


@pytest.mark.parametrize("name", ["hostile", "large"])
def test_no_warning_where_a_font_is_missing(
    name: str, request: pytest.FixtureRequest, caplog: pytest.LogCaptureFixture
) -> None:
    report = request.getfixturevalue(name)
    with warnings.catch_warnings(), caplog.at_level(logging.WARNING):
        warnings.simplefilter("error")
        for figure in all_figures(report).values():
            as_svg(figure)
            as_png(figure, dpi=40)
    assert caplog.records == []


def test_settings_of_matplotlib_are_left_alone(report: Report) -> None:
    before = dict(mpl.rcParams)
    as_svg(all_figures(report)["effects"])
    assert dict(mpl.rcParams) == before
    assert logging.getLogger("matplotlib.font_manager").filters == []


@pytest.mark.parametrize("figure", ["shares", "effects"])
def test_names_are_shown_as_they_are(hostile: Report, figure: Picture) -> None:
    shown = " ".join(texts(all_figures(hostile)[figure]))
    for name in ("$x_1$", "<b>bold</b>", "<script>alert(1)</script>", "a & b", '"quoted"', "it's"):
        assert name in shown


def test_korean_stays_text(report: Report) -> None:
    assert any("documents.무게" in text for text in texts(effect_figure(report)))


def test_a_control_character_leaves_the_svg_well_formed(report: Report) -> None:
    share = Share(node=Node(table="a\x00\x1bb"), fraction=1.0, monte_carlo_error=0.0)
    figure = share_figure(report.model_copy(update={"shares": (share,)}))
    assert any("a\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}b" in of for of in texts(figure))


def test_effects_stand_in_the_order_of_the_ranking(report: Report) -> None:
    (axes,) = effect_figure(report).axes
    lines = [line for line in axes.lines if line.get_linewidth() == pytest.approx(1.8)]
    shown = [*(entry.effect for entry in report.ranking), *report.placebo]
    for place, (line, effect) in enumerate(
        zip([of for of in lines if len(of.get_xdata()) == 2], shown, strict=True)
    ):
        assert list(line.get_xdata()) == [effect.effect.low, effect.effect.high]
        assert list(line.get_ydata()) == [place, place]
    colors = [CONFIDENCE_STYLE[entry.confidence][0] for entry in report.ranking]
    assert [of.get_color() for of in lines if len(of.get_xdata()) == 2] == [*colors, GREY, GREY]
    assert axes.get_ylim()[0] > axes.get_ylim()[1]


def test_hollow_marks_are_the_raw_means(report: Report) -> None:
    (axes,) = effect_figure(report).axes
    hollow = [line for line in axes.lines if line.get_markerfacecolor() == "none"]
    shown = [*(entry.effect for entry in report.ranking), *report.placebo]
    assert [line.get_xdata()[0] for line in hollow] == [effect.raw for effect in shown]


def test_only_what_was_drawn_is_in_the_legend(report: Report) -> None:
    kept = tuple(of for of in report.ranking if of.confidence == "medium")
    figure = effect_figure(report.model_copy(update={"ranking": kept, "placebo": ()}))
    names = [text.get_text() for text in figure.legends[0].get_texts()]
    assert names == ["medium", "mean of the cells, not pooled"]


@pytest.mark.parametrize("name", ["report", "large", "tiny", "hostile"])
def test_nothing_sticks_out_of_the_figure(name: str, request: pytest.FixtureRequest) -> None:
    for figure in all_figures(request.getfixturevalue(name)).values():
        assert border_is_white(figure)


def test_what_sticks_out_is_seen(report: Report) -> None:
    figure = effect_figure(report)
    figure.text(0.9, 0.5, "cut off " * 9)
    assert not border_is_white(figure)


def border_is_white(figure: Figure) -> bool:
    """Whether nothing is drawn on the outermost pixels, where all that is cut off would be."""
    pixels = imread(io.BytesIO(as_png(figure, dpi=80)))[..., :3]
    return all((of == 1).all() for of in (pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]))


def test_shrinkage_shows_every_effect_and_the_line_of_equality(
    report: Report, effect_at: EffectAt
) -> None:
    (axes,) = shrinkage_figure(report).axes
    marks = [line for line in axes.lines if line.get_linestyle() == "None"]
    points = {point for line in marks for point in zip(*line.get_data(), strict=True)}
    assert points == {(effect.raw, effect.effect.mean) for effect in report.effects}
    (line,) = [line for line in axes.lines if line.get_label() == "no pooling"]
    assert (line.get_xy1(), line.get_slope()) == ((0, 0), 1)
    lone = report.model_copy(update={"effects": (effect_at("a.x", 3),)})
    assert as_svg(shrinkage_figure(lone))


def test_calibration_shows_points_and_intervals(report: Report) -> None:
    (axes,) = all_figures(report)["calibration"].axes
    diagonal, points = axes.lines
    assert list(diagonal.get_xdata()) == list(diagonal.get_ydata()) == [0, 1]
    known = [(point.said, point.observed) for point in report.calibration]
    assert list(zip(*points.get_data(), strict=True)) == known
    ends = [tuple(segment[:, 1]) for segment in axes.collections[0].get_segments()]
    assert ends == [(point.low, point.high) for point in report.calibration]


def test_axes_of_calibration_say_what_was_predicted(report: Report) -> None:
    classes = report.model_copy(update={"output": "classification"})
    (axes,) = all_figures(classes)["calibration"].axes
    assert axes.get_xlabel() == "mean probability said"


@pytest.mark.parametrize("name", ["report", "large"])
def test_boxes_are_as_high_as_their_shares(name: str, request: pytest.FixtureRequest) -> None:
    report = request.getfixturevalue(name)
    drawn = boxes(report)
    assert len(drawn) == len(report.shares)
    for box in drawn:
        assert box.height == pytest.approx(box.share.fraction, abs=1e-9)
    for depth in range(3):
        level = [box for box in drawn if box.depth == depth]
        tops = np.cumsum([0, *(box.height for box in level)])
        assert [box.top for box in level] == pytest.approx(tops[:-1], abs=1e-9)
        assert tops[-1] == pytest.approx(1)


def test_a_share_below_zero_is_not_drawn(report: Report) -> None:
    parts = {"a": 0.75, "b": 0.27, "c": -0.02}
    shares = tuple(
        Share(node=Node(table=name), fraction=of, monte_carlo_error=0.01)
        for name, of in parts.items()
    )
    drawn = boxes(report.model_copy(update={"shares": shares}))
    assert [box.share.node.table for box in drawn] == ["a", "b"]
    assert sum(box.height for box in drawn) == pytest.approx(1)


def test_a_table_too_low_for_its_label_is_told_below(report: Report) -> None:
    shares = tuple(
        Share(node=Node(table=name), fraction=of, monte_carlo_error=0.01)
        for name, of in (("high", 0.99), ("low", 0.01))
    )
    shown = texts(share_figure(report.model_copy(update={"shares": shares})))
    assert shown == ["table, share of U", "high: 99.0 %", "low: 1.0 %"]
