"""Which nodes of a structural causal model actions change, how surely, and how much."""

from collections.abc import Sequence
from typing import Any

from matplotlib.figure import Figure

from tasks.report.calibration_style import HEAD, LINE, legend_above, note_below
from tasks.report.drawing import (
    DARK,
    GREY,
    LIGHT,
    PALETTE,
    figure_style,
    label,
    text_width,
    write,
)
from tasks.report.scm_effect_rows import (
    EffectRow,
    Record,
    change_text,
    changed_rows,
    interval_text,
    level_text,
)

MOST_ROWS = 40
"""Of numbers, and of labels."""
ROW, PANEL, NAME, COLUMN = 0.22, 3.0, 2.4, 0.2
"""Height of a row, width of the axes and most of a name, and between columns, in inches."""
TITLE, BOTTOM = 1.5 * LINE, 0.52
"""Above and below the rows of a panel, in inches."""

SURE = (PALETTE[0], "o", "95 % interval leaves out 0")
UNSURE = (GREY, "D", "95 % interval holds 0")
"""Colour, mark and name."""


def changes_figure(record: Record) -> Figure:
    """Changes with 95 % intervals, causes before effects; the numbers stand on the right.

    Each number has an axis of its own, from minus to plus the end of its interval that lies
    farthest from 0, as their units differ; shares of labels have one in common.

    Parameters
    ----------
    record
        Of a query with a node that changes.
    """
    rows = changed_rows(record)
    numbers = [row for row in rows if row.label is None]
    labels = [row for row in rows if row.label is not None]
    panels = [shown for of in (numbers, labels) if (shown := surest(of))]
    notes = [
        f"{MOST_ROWS} of {len(of)} {name}: those that change most surely"
        for of, name in ((numbers, "nodes that change"), (labels, "labels whose shares change"))
        if len(of) > MOST_ROWS
    ]
    columns = [_columns(shown) for shown in panels]
    widths = [max(_width(texts[k]) for texts in columns) for k in range(3)]
    left = max(text_width(_name(row)) for shown in panels for row in shown) + COLUMN
    width = left + PANEL + sum(widths) + 3 * COLUMN + 0.1
    heights = [TITLE + ROW * len(shown) + BOTTOM for shown in panels]
    height = HEAD + sum(heights) + len(notes) * LINE
    with figure_style():
        figure, top = Figure(figsize=(width, height)), HEAD
        for shown, texts, own in zip(panels, columns, heights, strict=True):
            bottom = 1 - (top + own - BOTTOM) / height
            corner = left / width, bottom, PANEL / width, ROW * len(shown) / height
            axes = figure.add_axes(corner)
            _draw(axes, shown)
            _write_columns(axes, texts, widths)
            top += own
        legend_above(figure)
        note_below(figure, *notes)
    return figure


def surest(rows: Sequence[EffectRow]) -> list[EffectRow]:
    """At most `MOST_ROWS`, those that lie most half-widths of their interval from 0, in order."""
    places = sorted(range(len(rows)), key=lambda place: -_sureness(rows[place]))
    return [rows[place] for place in sorted(places[:MOST_ROWS])]


def _sureness(row: EffectRow) -> float:
    half = (row.high - row.low) / 2
    return abs(row.change) / half if half else float("inf") if row.change else 0.0


def _scale(row: EffectRow) -> float:
    return max(abs(row.low), abs(row.high)) or 1.0


def _name(row: EffectRow) -> str:
    return label(row.name, NAME)


def _columns(rows: Sequence[EffectRow]) -> list[list[str]]:
    """Headings with the texts below them."""
    levels = [f"{level_text(row, row.before)} → {level_text(row, row.after)}" for row in rows]
    is_share = rows[0].label is not None
    return [
        ["share, %" if is_share else "mean", *levels],
        ["change", *map(change_text, rows)],
        ["95 % interval", *map(interval_text, rows)],
    ]


def _width(texts: Sequence[str]) -> float:
    return max(map(text_width, texts))


def _draw(axes: Any, rows: Sequence[EffectRow]) -> None:
    axes.axvline(0, color=DARK, linewidth=0.8)
    is_share = rows[0].label is not None
    for place, row in enumerate(rows):
        color, mark, name = SURE if row.is_sure else UNSURE
        scale = 1.0 if is_share else _scale(row)
        ends = [row.low / scale, row.high / scale]
        axes.plot(ends, [place, place], color=color, linewidth=1.6)
        axes.plot([row.change / scale], [place], mark, color=color, markersize=4.2, label=name)
    axes.set_yticks(range(len(rows)), map(_name, rows), parse_math=False)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.grid(axis="x", color=LIGHT, linewidth=0.6)
    axes.set_axisbelow(True)
    if is_share:
        axes.set_xlabel("change of the share, percentage points")
        return
    axes.set_xlim(-1.06, 1.06)
    axes.set_xticks([-1, 0, 1], ["−", "0", "+"])
    axes.set_xlabel("change of the mean, each on its own scale")


def _write_columns(axes: Any, columns: Sequence[Sequence[str]], widths: Sequence[float]) -> None:
    """Texts beside the axes, aligned on the right below their headings."""
    right = PANEL
    for texts, width in zip(columns, widths, strict=True):
        right += width + COLUMN
        for place, text in enumerate(texts, start=-1):
            write(
                axes,
                right / PANEL,
                place,
                text,
                ha="right",
                va="center_baseline",
                transform=axes.get_yaxis_transform(),
            )
