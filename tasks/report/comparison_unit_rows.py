"""Panels with a row for each unit: shared by the figures of predictions and of leaving one out."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from tasks.inference.comparison.record import ModelRecord
from tasks.inference.comparison.units import FloatArray
from tasks.report.calibration_style import legend_above, note_below
from tasks.report.comparison_style import equal_limits, panel_grid
from tasks.report.drawing import LIGHT, figure_style, label, text_width

MOST_LABELLED, MOST_SHOWN, SURPRISING = 40, 300, 50
"""Units with a label each; units drawn at all; those of them that are predicted worst."""
ROW, NAME, TALL = 0.2, 2.2, 4.4
"""Height of a row, room for a label, height of a panel without labels, in inches."""

Draw = Callable[[Any, ModelRecord, list[int], FloatArray], None]
"""Draws a model's units, given by their places in the data, at these heights."""


def shown_units(models: Sequence[ModelRecord]) -> list[int]:
    """Places of the units to draw, by rising estimate; all models have the same units.

    Of more than `MOST_SHOWN` those are kept that a model predicts worst, and others at even ranks.
    """
    units = models[0].units
    rising = sorted(range(len(units)), key=lambda j: units[j].y)
    if len(units) <= MOST_SHOWN:
        return rising
    worst = np.max([[abs(of.loo_z) for of in model.units] for model in models], axis=0)
    kept = set(np.argsort(-worst, kind="stable")[:SURPRISING].tolist())
    others = [j for j in rising if j not in kept]
    even = np.linspace(0, len(others) - 1, MOST_SHOWN - SURPRISING).round().astype(int)
    kept |= {others[place] for place in even}
    return [j for j in rising if j in kept]


def thinning_note(models: Sequence[ModelRecord]) -> tuple[str, ...]:
    """What is left out of a figure, if anything."""
    n = len(models[0].units)
    if n <= MOST_SHOWN:
        return ()
    return (f"{MOST_SHOWN} of {n:,} units: {SURPRISING} that are predicted worst, others evenly.",)


def unit_rows_figure(
    models: Sequence[ModelRecord], draw: Draw, x_label: str, notes: Sequence[str] = ()
) -> Figure:
    """Draw a panel for each model with a row for each unit, by rising estimate.

    Parameters
    ----------
    models
        At least one.
    draw
        Draws the units of a model.
    x_label
        Of the horizontal axis.
    notes
        Lines below.
    """
    shown = shown_units(models)
    rows = np.arange(len(shown), dtype=np.float64)
    names = [label(models[0].units[j].label, NAME) for j in shown]
    is_labelled = len(shown) <= MOST_LABELLED
    left = max(map(text_width, names)) + 0.2 if is_labelled else 0.35
    height = max(ROW * len(shown), 1.0) if is_labelled else TALL
    told = [*notes, *thinning_note(models)]
    with figure_style():
        figure, grid = panel_grid(models, [height], left=left, gap=0.25, n_notes=len(told))
        first = min(of.get_position().x0 for (of,) in grid)
        for (axes,), model in zip(grid, models, strict=True):
            draw(axes, model, shown, rows)
            is_first = is_labelled and axes.get_position().x0 == first
            axes.set_yticks(rows if is_labelled else [], names if is_first else None)
            if not is_first:
                axes.tick_params(axis="y", labelleft=False)
            axes.set_ylim(-0.8, len(shown) - 0.2)
            axes.tick_params(axis="y", length=0)
            axes.spines["left"].set_visible(False)
            axes.grid(axis="x", color=LIGHT, linewidth=0.6)
            axes.set_axisbelow(True)
            axes.locator_params(axis="x", nbins=5)
            axes.set_xlabel(x_label)
        if not is_labelled:
            grid[0][0].set_ylabel("units, by rising estimate")
        equal_limits([axes for (axes,) in grid], "x")
        legend_above(figure)
        note_below(figure, *told)
    return figure
