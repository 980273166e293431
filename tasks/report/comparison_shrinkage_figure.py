"""What pooling does: each unit from its estimate to the mean of its true effect."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FormatStrFormatter, LogLocator, NullFormatter

from tasks.inference.comparison.record import ModelRecord, UnitRecord
from tasks.report.calibration_style import legend_above, note_below
from tasks.report.comparison_style import equal_limits, mark_sizes, panel_grid
from tasks.report.comparison_unit_rows import MOST_LABELLED, shown_units, thinning_note
from tasks.report.drawing import (
    DARK,
    FONT_SIZE,
    GREY,
    LIGHT,
    PALETTE,
    figure_style,
    label,
    text_width,
    write,
)

WIDE, VERY_WIDE = 4.0, 60.0
"""Ratios of standard errors: beyond the first their axis is logarithmic."""
HEIGHT, NAME = 2.6, 0.9
"""Of a panel, and width of a label, in inches."""
MOST_LABELS, LEAST_WAY = 12, 0.2
"""In a panel; and how far a unit is moved that has one, in inches."""
SMALL = FONT_SIZE - 1


def shrinkage_figure(models: Sequence[ModelRecord]) -> Figure:
    """Estimates and posterior means of the true effects over the standard errors.

    Imprecise units, on the right, are drawn in most. Of few units those that are moved farthest
    are named, where their names do not overlap.

    Parameters
    ----------
    models
        At least one.

    References
    ----------
    Efron & Morris (1977), Stein's paradox in statistics, Scientific American 236, 119-127.
    """
    shown, notes = shown_units(models), thinning_note(models)
    with figure_style():
        figure, grid = panel_grid(models, [HEIGHT], y_labels=("effect",), n_notes=len(notes))
        for (axes,), model in zip(grid, models, strict=True):
            _draw(axes, [model.units[j] for j in shown])
            axes.axhline(model.mu.mean, color=DARK, linewidth=0.9, linestyle="--", label="mu")
        equal_limits([axes for (axes,) in grid], "y")
        if len(shown) <= MOST_LABELLED:
            for (axes,), model in zip(grid, models, strict=True):
                _write_names(axes, [model.units[j] for j in shown])
        legend_above(figure)
        note_below(figure, *notes)
    return figure


def _draw(axes: Any, units: Sequence[UnitRecord]) -> None:
    sigma, y, theta = np.array([(of.sigma, of.y, of.theta.mean) for of in units]).T
    size, _ = mark_sizes(len(units))
    way = np.column_stack([y, theta, np.full(len(units), np.nan)]).ravel()
    axes.plot(np.repeat(sigma, 3), way, color=GREY, linewidth=0.7, alpha=0.7)
    hollow = {"markerfacecolor": "none", "markeredgewidth": 0.7}
    axes.plot(sigma, y, "o", color=GREY, markersize=size, label="estimate", **hollow)
    axes.plot(sigma, theta, "o", color=PALETTE[0], markersize=size, label="mean of theta")
    if sigma.max() > WIDE * sigma.min():
        _make_logarithmic(axes, is_wide=sigma.max() > VERY_WIDE * sigma.min())
    axes.margins(x=0.08, y=0.12)
    axes.set_xlabel("standard error")
    axes.grid(axis="y", color=LIGHT, linewidth=0.6)
    axes.set_axisbelow(True)


def _make_logarithmic(axes: Any, *, is_wide: bool) -> None:
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(subs=(1.0,) if is_wide else (1.0, 2.0, 5.0)))
    axes.xaxis.set_major_formatter(FormatStrFormatter("%g"))
    axes.xaxis.set_minor_formatter(NullFormatter())


def _write_names(axes: Any, units: Sequence[UnitRecord]) -> None:
    """Names beyond the estimates of the units moved farthest, without overlap."""
    width, height = axes.get_position().size * axes.figure.get_size_inches()
    to_panel = axes.transData + axes.transAxes.inverted()
    taken: list[tuple[float, float, float]] = []
    for of in sorted(units, key=lambda of: -abs(of.y - of.theta.mean)):
        (x, y), (_, end) = to_panel.transform([(of.sigma, of.y), (of.sigma, of.theta.mean)])
        name = label(of.label, NAME, SMALL)
        half = text_width(name, SMALL) / 2
        middle = min(max(x * width, half), width - half)
        bottom = y * height + (0.07 if y >= end else -0.2)
        is_free = all(
            abs(middle - other) > half + room or abs(bottom - level) > SMALL / 72
            for other, level, room in taken
        )
        if is_free and abs(y - end) * height > LEAST_WAY and len(taken) < MOST_LABELS:
            taken.append((middle, bottom, half))
            place = {"ha": "center", "va": "bottom", "transform": axes.transAxes}
            write(axes, middle / width, bottom / height, name, fontsize=SMALL, **place)
