"""Figures of effects: ranked with their intervals, and before and after pooling."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from tasks.domain import Level
from tasks.report.drawing import (
    CONFIDENCE_STYLE,
    DARK,
    GREY,
    LIGHT,
    PALETTE,
    figure_style,
    text_width,
)
from tasks.report.effect_record import Effect
from tasks.report.schema import Report
from tasks.report.wording import action_sentence, printable

MOST_ROWS = 40
ROW = 0.26
"""Height of a row, in inches."""

LABELS = 62
"""Most characters of a label."""

LEVELS: dict[Level, tuple[str, str]] = {
    "table": (PALETTE[0], "s"),
    "column": (PALETTE[2], "o"),
    "range": (PALETTE[1], "^"),
}
"""Colour and mark."""


RAW = "mean of the cells, not pooled"


@dataclass(frozen=True)
class _Row:
    effect: Effect
    color: str
    mark: str
    legend: str


def effect_figure(report: Report) -> Figure:
    """Effects with their 95 % intervals, best first, the placebo at the bottom.

    The hollow mark is the mean over the replicate cells before pooling.
    """
    rows = [
        _Row(entry.effect, *CONFIDENCE_STYLE[entry.confidence], entry.confidence)
        for entry in report.ranking[:MOST_ROWS]
    ] + [_Row(effect, GREY, "o", "placebo") for effect in report.placebo]
    labels = [printable(action_sentence(row.effect, LABELS)) for row in rows]
    room = max(map(text_width, labels)) + 0.2
    with figure_style():
        figure, axes = _axes(max(room + 4.6, 7.5), ROW * len(rows) + 1.0, left=room)
        axes.axvline(0, color=DARK, linewidth=0.8)
        for place, row in enumerate(rows):
            _draw_effect(axes, place, row)
        axes.set_yticks(range(len(rows)), labels, parse_math=False)
        axes.set_ylim(len(rows) - 0.4, -0.6)
        axes.tick_params(axis="y", length=0)
        axes.spines["left"].set_visible(False)
        axes.grid(axis="x", color=LIGHT, linewidth=0.6)
        axes.set_axisbelow(True)
        axes.set_xlabel("change of epistemic uncertainty U, %  (negative: less)")
        _legend_above(figure, axes, [*CONFIDENCE_STYLE, "placebo", RAW])
    return figure


def shrinkage_figure(report: Report) -> Figure:
    """Posterior of each effect against the mean of its cells; pooling draws it off the line."""
    with figure_style():
        figure, axes = _axes(6.4, 5.4, left=0.75)
        for level in reversed(LEVELS):
            here = [effect for effect in report.effects if effect.node.level == level]
            if here:
                _draw_pairs(axes, here, level)
        axes.axline(
            (0, 0),
            slope=1,
            color=GREY,
            linewidth=0.9,
            linestyle="--",
            label="no pooling",
        )
        axes.axhline(0, color=LIGHT, linewidth=0.8, zorder=0)
        axes.axvline(0, color=LIGHT, linewidth=0.8, zorder=0)
        axes.set_xlabel("mean of the replicate cells ± standard error, %")
        axes.set_ylabel("posterior mean with 95 % interval, %")
        _legend_above(figure, axes, [*LEVELS, "no pooling"])
    return figure


def _axes(width: float, height: float, left: float) -> tuple[Figure, Any]:
    """One pair of axes, with the left margin in inches, and room for the legend above."""
    figure = Figure(figsize=(width, height))
    inside = (width - left - 0.2) / width, (height - 0.95) / height
    axes = figure.add_axes((left / width, 0.55 / height, *inside))
    return figure, axes


def _draw_effect(axes: Any, place: int, row: _Row) -> None:
    effect = row.effect.counted
    axes.plot([effect.low, effect.high], [place, place], color=row.color, linewidth=1.8)
    axes.plot([effect.mean], [place], row.mark, color=row.color, markersize=5.5, label=row.legend)
    axes.plot(
        [row.effect.counted_raw],
        [place],
        "o",
        markerfacecolor="none",
        markeredgecolor=row.color,
        markersize=5.5,
        label=RAW,
    )


def _draw_pairs(axes: Any, effects: Sequence[Effect], level: Level) -> None:
    color, mark = LEVELS[level]
    raw = np.array([effect.raw for effect in effects])
    mean, low, high = (
        np.array([getattr(effect.effect, part) for effect in effects])
        for part in ("mean", "low", "high")
    )
    axes.errorbar(
        raw,
        mean,
        xerr=[effect.raw_error for effect in effects],
        yerr=[np.maximum(mean - low, 0), np.maximum(high - mean, 0)],
        fmt="none",
        ecolor=color,
        elinewidth=0.6,
        alpha=0.4,
    )
    axes.plot(raw, mean, mark, color=color, markersize=4.5, label=level)


def _legend_above(figure: Figure, axes: Any, names: Sequence[str]) -> None:
    """Those names that were drawn, in one line at the top."""
    handles, drawn = axes.get_legend_handles_labels()
    entries = dict(zip(drawn, handles, strict=True))
    known = [name for name in names if name in entries]
    figure.legend(
        [entries[name] for name in known],
        known,
        loc="upper left",
        ncols=len(known),
        columnspacing=1.2,
        handletextpad=0.4,
        borderaxespad=0.3,
    )
