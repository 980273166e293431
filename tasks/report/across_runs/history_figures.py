"""Figures of a history: U and quality, followed effects, shares of tables, from run to run."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from matplotlib.figure import Figure

from tasks.intervention.replicate_cells import Action
from tasks.report.across_runs.history import Entry, Series
from tasks.report.answer import error_of
from tasks.report.drawing import DARK, GREY, LIGHT, PALETTE, figure_style, label
from tasks.report.wording import score_name, uncertainty_unit

HistoryPicture = Literal["quality", "effects", "shares"]

WIDTH, PANEL = 9.0, 2.2
LEFT, RIGHT, HEAD, FOOT = 0.85, 0.2, 0.3, 0.5
"""Inches."""
LINE = 0.19
MOST_TICKS = 10
MADE_FROM = frozenset({"data", "contract", "code"})


@dataclass(frozen=True)
class _Line:
    """What one line goes through: values and both lengths of their bars, at numbered runs."""

    name: str
    runs: tuple[int, ...]
    values: tuple[float, ...]
    below: tuple[float, ...]
    above: tuple[float, ...]


def history_figures(series: Series) -> dict[HistoryPicture, Figure]:
    """Draw every figure that a series has something for."""
    figures: dict[HistoryPicture, Figure] = {"quality": quality_figure(series)}
    effects, shares = _effect_lines(series), _share_lines(series)
    if effects:
        figures["effects"] = _figure(series, effects, "change of U, %  (negative: less)", zero=True)
    if shares:
        figures["shares"] = _figure(series, shares, "share of U, %", zero=False)
    return figures


def quality_figure(series: Series) -> Figure:
    """U above, the first held-out score below, with its standard error."""
    report = series.latest.report
    uncertainty = [entry.record.report.uncertainty["epistemic"] for entry in series.entries]
    scores = [
        (run, entry.record.report.quality[0])
        for run, entry in enumerate(series.entries)
        if entry.record.report.quality
    ]
    panels = 2 if scores else 1
    height = HEAD + panels * PANEL + FOOT
    with figure_style():
        figure = Figure(figsize=(WIDTH, height))
        above = _axes(figure, height, HEAD, PANEL - 0.3)
        runs = tuple(range(len(uncertainty)))
        none = (0.0,) * len(runs)
        _draw(above, _Line("U", runs, tuple(uncertainty), none, none), PALETTE[0], 0.0)
        above.set_ylabel(f"U, {uncertainty_unit(report, 'epistemic')}", parse_math=False)
        _dress(above, series, is_lowest=not scores)
        if scores:
            below = _axes(figure, height, HEAD + PANEL, PANEL - 0.3)
            errors = tuple(score.standard_error for _, score in scores)
            values = tuple(score.value for _, score in scores)
            line = _Line("score", tuple(run for run, _ in scores), values, errors, errors)
            _draw(below, line, PALETTE[2], 0.0)
            below.set_ylabel(f"held-out {score_name(scores[-1][1])}", parse_math=False)
            _dress(below, series, is_lowest=True)
    return figure


def _figure(series: Series, lines: Sequence[_Line], unit: str, *, zero: bool) -> Figure:
    """Several lines over the runs, their names above."""
    head = HEAD + LINE * len(lines)
    height = head + 1.5 * PANEL + FOOT
    with figure_style():
        figure = Figure(figsize=(WIDTH, height))
        axes = _axes(figure, height, head, 1.5 * PANEL)
        if zero:
            axes.axhline(0, color=DARK, linewidth=0.8)
        middle = (len(lines) - 1) / 2
        for place, (line, color) in enumerate(zip(lines, PALETTE, strict=False)):
            _draw(axes, line, color, (place - middle) * 0.06)
        axes.set_ylabel(unit)
        _dress(axes, series, is_lowest=True)
        _name(figure, height, lines)
    return figure


def _effect_lines(series: Series) -> list[_Line]:
    lines = []
    for action in series.followed(len(PALETTE)):
        found = {
            run: effect.counted
            for run, entry in enumerate(series.entries)
            for effect in entry.record.report.effects
            if Action(effect.node, effect.intervention) == action
        }
        means = tuple(of.mean for of in found.values())
        below = tuple(max(of.mean - of.low, 0.0) for of in found.values())
        above = tuple(max(of.high - of.mean, 0.0) for of in found.values())
        lines.append(_Line(str(action), tuple(found), means, below, above))
    return lines


def _share_lines(series: Series) -> list[_Line]:
    lines = []
    for node in series.tables(len(PALETTE)):
        found = {
            run: share
            for run, entry in enumerate(series.entries)
            for share in entry.record.report.shares
            if share.node == node
        }
        values = tuple(100 * share.fraction for share in found.values())
        errors = tuple(100 * error_of(share) for share in found.values())
        lines.append(_Line(str(node), tuple(found), values, errors, errors))
    return lines


def _axes(figure: Figure, height: float, top: float, inches: float) -> Any:
    """Axes over the whole width, so many inches high, from so many below the top."""
    bottom = (height - top - inches) / height
    return figure.add_axes((LEFT / WIDTH, bottom, 1 - (LEFT + RIGHT) / WIDTH, inches / height))


def _draw(axes: Any, line: _Line, color: str, shift: float) -> None:
    places = np.array(line.runs) + shift
    axes.errorbar(
        places,
        line.values,
        yerr=[line.below, line.above],
        color=color,
        marker="o",
        markersize=4,
        linewidth=1.2,
        elinewidth=0.9,
    )


def _dress(axes: Any, series: Series, *, is_lowest: bool) -> None:
    """When each run was, and dashed lines before those made from other data, contract or code."""
    n_runs = len(series.entries)
    axes.set_xlim(-0.5, n_runs - 0.5)
    axes.grid(axis="y", color=LIGHT, linewidth=0.6)
    axes.set_axisbelow(True)
    for run, entry in enumerate(series.entries):
        if entry.since and MADE_FROM & set(entry.since.changed):
            axes.axvline(run - 0.5, color=GREY, linewidth=0.8, linestyle="--", zorder=0)
    step = -(-n_runs // MOST_TICKS)
    ticks = range((n_runs - 1) % step, n_runs, step)
    axes.set_xticks(ticks, [_when(series.entries[run]) if is_lowest else "" for run in ticks])


def _when(entry: Entry) -> str:
    """Day and time, one above the other."""
    day, _, time = str(entry.record.manifest["began"]).partition("T")
    return f"{day}\n{time[:5]}"


def _name(figure: Figure, height: float, lines: Sequence[_Line]) -> None:
    """The names of the lines in their colours, one below the other above the axes."""
    for place, (line, color) in enumerate(zip(lines, PALETTE, strict=False)):
        figure.text(
            LEFT / WIDTH,
            1 - (0.1 + LINE * (place + 0.5)) / height,
            f"\N{BLACK CIRCLE} {label(line.name, WIDTH - LEFT - 0.5)}",
            color=color,
            parse_math=False,
            va="center",
        )
