"""Axes over the runs of a history: when each was, lines with bars, and what sets runs apart."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from tasks.report.across_runs.history import Entry, Series
from tasks.report.drawing import GREY, LIGHT, label

WIDTH = 9.0
LEFT, RIGHT = 0.85, 0.5
"""Inches."""
MOST_TICKS = 10
MADE_FROM = frozenset({"data", "contract", "code"})


@dataclass(frozen=True)
class Line:
    """Values of each run with both lengths of their bars, nan where a run has none.

    Attributes
    ----------
    hollow
        Whether each is marked by a hollow circle.
    """

    name: str
    values: tuple[float, ...]
    below: tuple[float, ...]
    above: tuple[float, ...]
    hollow: tuple[bool, ...] = ()


def add_axes(figure: Figure, top: float, inches: float) -> Any:
    """Axes over the whole width, so many inches high, from so many below the top."""
    height = float(figure.get_figheight())
    bottom = (height - top - inches) / height
    return figure.add_axes((LEFT / WIDTH, bottom, 1 - (LEFT + RIGHT) / WIDTH, inches / height))


def draw_line(axes: Any, line: Line, color: str, shift: float = 0.0) -> None:
    """Draw a line with its bars and marks, moved to the right by parts of a run."""
    places = np.arange(len(line.values)) + shift
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
    hollow = np.flatnonzero(line.hollow)
    values = np.array(line.values)[hollow]
    mark = {"markersize": 4, "markerfacecolor": "white", "zorder": 3}
    axes.plot(places[hollow], values, "o", color=color, **mark)


def dress(axes: Any, series: Series, *, is_lowest: bool) -> None:
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


def write_name(figure: Figure, name: str, color: str, top: float) -> None:
    """Write the name of a line in its colour, so many inches below the top."""
    figure.text(
        LEFT / WIDTH,
        1 - top / float(figure.get_figheight()),
        f"\N{BLACK CIRCLE} {label(name, WIDTH - LEFT - 0.5)}",
        color=color,
        parse_math=False,
        va="center",
    )


def _when(entry: Entry) -> str:
    """Day and time, one above the other."""
    day, _, time = str(entry.record.manifest["began"]).partition("T")
    return f"{day}\n{time[:5]}"
