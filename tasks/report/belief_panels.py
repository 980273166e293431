"""What the figures of beliefs share: a panel of densities for each quantity, in a grid."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from tasks.report.calibration_style import HEAD, LINE
from tasks.report.drawing import DARK, FONT_SIZE, LIGHT, PALETTE, label

MOST_PANELS, MOST_COLUMNS = 12, 3
WIDTH, HEIGHT = 3.0, 1.35
"""Of the axes of a panel, in inches; one that stands alone is wider."""
TITLE, BOTTOM, GAP, EDGE = 0.52, 0.42, 0.35, 0.3
"""Room above and below a panel, between columns, and at the sides, in inches."""
NARROWEST = 2
"""Columns that the legend needs room for."""
CLIENT, DATA, RESULT = PALETTE[5], PALETTE[0], PALETTE[2]
"""Colours of what was believed, what the data say, and what follows."""
OUTSIDE = 0.002
"""Part of a density that may lie beyond either edge of a panel."""
MOST_TIMES = 12.0
"""Times that the highest density may be higher than the lowest; what is higher is cut."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Curve:
    """A density of a panel.

    Attributes
    ----------
    name
        For the legend.
    color, line
        Of the curve.
    density
        As long as the grid.
    is_filled
        Whether the area below is shaded.
    """

    name: str
    color: str
    line: str
    density: Sequence[float]
    is_filled: bool = False


def panel_grid(titles: Sequence[tuple[str, str]], n_notes: int = 0) -> tuple[Figure, list[Any]]:
    """Lay out a panel for each quantity, with its name and a second line above.

    Returns
    -------
    figure : matplotlib.figure.Figure
        With room for a legend above and notes below.
    axes : list of matplotlib.axes.Axes
        One a title.
    """
    n_columns = min(len(titles), MOST_COLUMNS)
    n_rows = math.ceil(len(titles) / n_columns)
    block = TITLE + HEIGHT + BOTTOM
    content = max(n_columns, NARROWEST) * (WIDTH + GAP) - GAP
    panel, width = (content + GAP) / n_columns - GAP, content + 2 * EDGE
    height = HEAD + n_rows * block + n_notes * LINE
    figure, panels = Figure(figsize=(width, height)), []
    for place, (name, second) in enumerate(titles):
        row, column = divmod(place, n_columns)
        left, top = EDGE + column * (panel + GAP), HEAD + row * block + TITLE
        corner = left / width, 1 - (top + HEIGHT) / height
        axes = figure.add_axes((*corner, panel / width, HEIGHT / height))
        texts = (label(text, panel, FONT_SIZE + 1) for text in (name, second))
        axes.set_title("\n".join(texts), loc="left", parse_math=False)
        panels.append(axes)
    return figure, panels


def draw_densities(
    axes: Any, x: Sequence[float], curves: Sequence[Curve], in_per_cent: bool
) -> None:
    """Draw densities over a common grid, where they hold something."""
    grid = np.asarray(x, dtype=np.float64)
    for curve in curves:
        if curve.is_filled:
            axes.fill_between(grid, curve.density, color=curve.color, alpha=0.18, linewidth=0)
        axes.plot(
            grid, curve.density, curve.line, color=curve.color, linewidth=1.6, label=curve.name
        )
    peaks = [peak for curve in curves if (peak := max(curve.density)) > 0]
    axes.set_xlim(*shown_range(grid, [np.asarray(curve.density) for curve in curves]))
    if peaks:
        axes.set_ylim(0, 1.06 * min(max(peaks), MOST_TIMES * min(peaks)))
    style_panel(axes, in_per_cent)


def style_panel(axes: Any, in_per_cent: bool) -> None:
    """Leave out the axis of densities, and give shares in per cent."""
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.xaxis.set_major_locator(MaxNLocator(5))
    if in_per_cent:
        axes.xaxis.set_major_formatter(FuncFormatter(lambda share, _: f"{100 * share:g} %"))
    axes.grid(axis="x", color=LIGHT, linewidth=0.6)
    axes.set_axisbelow(True)


def draw_threshold(axes: Any, threshold: float) -> None:
    """Where the decision changes; the panel is widened where it lies outside."""
    low, high = axes.get_xlim()
    axes.axvline(threshold, color=DARK, linewidth=1.0, linestyle=":", label="decision's threshold")
    room = 0.03 * (high - low)
    axes.set_xlim(min(low, threshold - room), max(high, threshold + room))


def shown_range(grid: Floats, densities: Sequence[Floats]) -> tuple[float, float]:
    """Ends of the part of a grid that holds nearly all of each density."""
    lows, highs = [], []
    for density in densities:
        mass = np.concatenate([[0.0], np.cumsum(np.diff(grid) * (density[1:] + density[:-1]) / 2)])
        if mass[-1] > 0:
            low, high = np.searchsorted(mass / mass[-1], [OUTSIDE, 1 - OUTSIDE])
            lows.append(grid[max(low - 1, 0)])
            highs.append(grid[min(high, len(grid) - 1)])
    if not lows:
        return float(grid[0]), float(grid[-1])
    return float(min(lows)), float(max(highs))
