"""What the figures of a model comparison share: panels in a grid, many intervals in one path."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from tasks.inference.comparison.record import ModelRecord
from tasks.inference.comparison.units import FloatArray
from tasks.report.calibration_style import HEAD, LINE
from tasks.report.drawing import FONT_SIZE, PALETTE, text_width
from tasks.report.layout import wrap

MOST_COLUMNS = 4
CONTENT, WIDEST = 10.2, 3.1
"""Width of a figure and most of a panel, in inches."""
TITLE, BOTTOM, BETWEEN = 0.45, 0.52, 0.14

MANY = 60
"""Units of which each has a smaller mark."""

FINE, BAD = (PALETTE[0], "o"), (PALETTE[5], "D")
"""Colour and mark of what passes and of what does not."""


def panel_grid(
    models: Sequence[ModelRecord],
    heights: Sequence[float],
    *,
    y_labels: Sequence[str] = (),
    left: float = 0.65,
    gap: float = 0.45,
    n_notes: int = 0,
) -> tuple[Figure, list[list[Any]]]:
    """Lay out a column of axes for each model, `MOST_COLUMNS` models side by side.

    Parameters
    ----------
    models
        At least one; their titles stand above.
    heights
        Of the axes of a model, from the top, in inches.
    y_labels
        Of as many axes, shown in the first column.
    left
        Room for the labels of the first column.
    gap
        Room between two columns.
    n_notes
        Lines below.

    Returns
    -------
    figure : matplotlib.figure.Figure
        With room for a legend above.
    axes : list of list of matplotlib.axes.Axes
        Of each model those of `heights`.
    """
    n_rows = math.ceil(len(models) / MOST_COLUMNS)
    n_columns = math.ceil(len(models) / n_rows)
    panel = min((CONTENT - left) / n_columns - gap, WIDEST)
    width = left + n_columns * (panel + gap)
    block = TITLE + sum(heights) + BETWEEN * (len(heights) - 1) + BOTTOM
    height = HEAD + n_rows * block + n_notes * LINE + 0.08
    figure, grid = Figure(figsize=(width, height)), []
    for place, model in enumerate(models):
        row, column = divmod(place, n_columns)
        top, own = HEAD + row * block + TITLE, []
        for inches in heights:
            corner = (left + column * (panel + gap)) / width, 1 - (top + inches) / height
            own.append(figure.add_axes((*corner, panel / width, inches / height)))
            top += inches + BETWEEN
        own[0].set_title(_title(model, panel), loc="left", parse_math=False)
        if column == 0:
            for axes, text in zip(own, y_labels, strict=False):
                axes.set_ylabel(text)
        for axes in own[:-1]:
            axes.tick_params(labelbottom=False)
        grid.append(own)
    return figure, grid


def draw_intervals(
    axes: Any, low: FloatArray, high: FloatArray, rows: FloatArray, **style: Any
) -> None:
    """Draw horizontal intervals as one path, which keeps a figure of many units small."""
    x = np.column_stack([low, high, np.full(len(rows), np.nan)]).ravel()
    axes.plot(x, np.repeat(rows, 3), **style)


def equal_limits(axes: Sequence[Any], which: str) -> None:
    """Give all axes the limits that hold what each shows, along x or y."""
    limits = [getattr(of, f"get_{which}lim")() for of in axes]
    widest = min(low for low, _ in limits), max(high for _, high in limits)
    for of in axes:
        getattr(of, f"set_{which}lim")(*widest)


def mark_sizes(n: int) -> tuple[float, float]:
    """Size of a mark and width of an interval's line, in points, for so many units in a panel."""
    return (4.0, 1.2) if n <= MANY else (2.2, 0.6)


def thinned(n: int, most: int) -> slice:
    """Every so manieth of n, so that at most so many are left."""
    return slice(None, None, max(math.ceil(n / most), 1))


def _title(model: ModelRecord, inches: float) -> str:
    """In as many lines as it needs; there is room for two."""
    return "\n".join(wrap(model.title, int(inches / text_width("x", FONT_SIZE + 1))))
