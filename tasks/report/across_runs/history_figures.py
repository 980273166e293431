"""Figures of a history: U and quality, followed effects, shares of tables, from run to run."""

from typing import Literal

from matplotlib.figure import Figure

from tasks.intervention.replicate_cells import Action
from tasks.report.across_runs.history import Series
from tasks.report.across_runs.history_axes import (
    WIDTH,
    Line,
    add_axes,
    draw_line,
    dress,
    write_name,
)
from tasks.report.answer import error_of
from tasks.report.drawing import DARK, PALETTE, figure_style
from tasks.report.effect_record import Effect
from tasks.report.wording import score_name, uncertainty_unit

HistoryPicture = Literal["quality", "effects", "shares"]

HEAD, FOOT, GAP = 0.15, 0.5, 0.2
PANEL, EFFECT, SHARES = 1.9, 0.9, 3.0
"""Heights of axes, in inches."""
NAME = 0.2
"""Height of a line's name."""
NAN = float("nan")


def history_figures(series: Series) -> dict[HistoryPicture, Figure]:
    """Draw every figure that a series has something for."""
    figures: dict[HistoryPicture, Figure] = {"quality": quality_figure(series)}
    if any(entry.record.report.ranking for entry in series.entries):
        figures["effects"] = effects_figure(series)
    if any(entry.record.report.shares for entry in series.entries):
        figures["shares"] = shares_figure(series)
    return figures


def quality_figure(series: Series) -> Figure:
    """U above, the first held-out score below, with its standard error."""
    reports = [entry.record.report for entry in series.entries]
    scores = [of.quality[0] if of.quality else None for of in reports]
    known = [score for score in scores if score]
    height = HEAD + PANEL + FOOT + (GAP + PANEL if known else 0)
    with figure_style():
        figure = Figure(figsize=(WIDTH, height))
        above = add_axes(figure, HEAD, PANEL)
        values = tuple(of.uncertainty["epistemic"] for of in reports)
        none = (0.0,) * len(values)
        draw_line(above, Line("U", values, none, none), PALETTE[0])
        unit = uncertainty_unit(reports[-1], "epistemic")
        above.set_ylabel(f"U, {unit}" if unit else "U", parse_math=False)
        dress(above, series, is_lowest=not known)
        if known:
            below = add_axes(figure, HEAD + PANEL + GAP, PANEL)
            values = tuple(score.value if score else NAN for score in scores)
            errors = tuple(score.standard_error if score else NAN for score in scores)
            draw_line(below, Line("score", values, errors, errors), PALETTE[2])
            below.set_ylabel(f"held-out {score_name(known[-1])}", parse_math=False)
            dress(below, series, is_lowest=True)
    return figure


def effects_figure(series: Series) -> Figure:
    """A panel for each intervention that ever was among the top."""
    lines = _effect_lines(series)
    height = HEAD + len(lines) * (NAME + EFFECT + GAP) - GAP + FOOT
    with figure_style():
        figure = Figure(figsize=(WIDTH, height))
        for place, (line, color) in enumerate(zip(lines, PALETTE, strict=False)):
            top = HEAD + place * (NAME + EFFECT + GAP)
            write_name(figure, line.name, color, top + NAME / 2)
            axes = add_axes(figure, top + NAME, EFFECT)
            axes.axhline(0, color=DARK, linewidth=0.8)
            draw_line(axes, line, color)
            axes.set_ylabel("% of U")
            dress(axes, series, is_lowest=place == len(lines) - 1)
    return figure


def shares_figure(series: Series) -> Figure:
    """The shares of the largest tables, their names above."""
    lines = _share_lines(series)
    head = HEAD + NAME * len(lines)
    with figure_style():
        figure = Figure(figsize=(WIDTH, head + SHARES + FOOT))
        axes = add_axes(figure, head, SHARES)
        for place, (line, color) in enumerate(zip(lines, PALETTE, strict=False)):
            write_name(figure, line.name, color, HEAD + NAME * place)
            draw_line(axes, line, color, (place - (len(lines) - 1) / 2) * 0.06)
        axes.set_ylabel("share of U, %")
        dress(axes, series, is_lowest=True)
    return figure


def _effect_lines(series: Series) -> list[Line]:
    lines = []
    for action in series.followed(len(PALETTE)):
        found = [
            next(
                (of for of in entry.record.report.effects if _action(of) == action),
                None,
            )
            for entry in series.entries
        ]
        counted = [effect.counted if effect else None for effect in found]
        lines.append(
            Line(
                str(action),
                tuple(of.mean if of else NAN for of in counted),
                below=tuple(max(of.mean - of.low, 0.0) if of else NAN for of in counted),
                above=tuple(max(of.high - of.mean, 0.0) if of else NAN for of in counted),
                hollow=tuple(bool(of and of.retrained is None) for of in found),
            )
        )
    return lines


def _action(effect: Effect) -> Action:
    return Action(effect.node, effect.intervention)


def _share_lines(series: Series) -> list[Line]:
    lines = []
    for node in series.tables(len(PALETTE)):
        found = [
            next((of for of in entry.record.report.shares if of.node == node), None)
            for entry in series.entries
        ]
        values = tuple(100 * share.fraction if share else NAN for share in found)
        errors = tuple(100 * error_of(share) if share else NAN for share in found)
        lines.append(Line(str(node), values, errors, errors))
    return lines
