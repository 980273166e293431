"""What mu and tau become under other settings of the priors."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
from matplotlib.figure import Figure

from tasks.inference.comparison.candidates import CANDIDATES
from tasks.inference.comparison.record import Comparison, Estimate, ModelName, SensitivityRow
from tasks.report.calibration_style import HEAD, LINE, legend_above, note_below
from tasks.report.comparison_style import equal_limits
from tasks.report.comparison_units import VARIED
from tasks.report.drawing import LIGHT, PALETTE, figure_style

PANEL, LEFT, GAP, BOTTOM = (3.8, 1.7), 0.65, 0.35, 0.55 + LINE
BETWEEN = 0.2
"""All in inches."""
APART = 0.03
"""Of the axis, between two models at the same setting."""

Quantity = Literal["mu", "tau"]
QUANTITIES: tuple[Quantity, Quantity] = ("mu", "tau")
STYLE: dict[ModelName, tuple[str, str]] = {
    "hierarchical_noncentered": (PALETTE[0], "o"),
    "hierarchical_skeptical": (PALETTE[1], "s"),
    "hierarchical_adaptive": (PALETTE[2], "^"),
}
"""Colour and mark of the models that have a grid."""


def sensitivity_figure(comparison: Comparison) -> Figure:
    """Medians and 95 % intervals of mu and tau over the grids of the priors' settings.

    Parameters
    ----------
    comparison
        With at least one row of a grid.
    """
    grids = {
        varied: [of for of in comparison.sensitivity if of.varied == varied] for varied in VARIED
    }
    grids = {varied: rows for varied, rows in grids.items() if rows}
    width = LEFT + len(grids) * (PANEL[0] + GAP)
    height = HEAD + 2 * (PANEL[1] + BETWEEN) + BOTTOM
    with figure_style():
        figure = Figure(figsize=(width, height))
        for line, quantity in enumerate(QUANTITIES):
            own = []
            for column, (varied, rows) in enumerate(grids.items()):
                x = (LEFT + column * (PANEL[0] + GAP)) / width
                y = (BOTTOM + (1 - line) * (PANEL[1] + BETWEEN)) / height
                axes = figure.add_axes((x, y, PANEL[0] / width, PANEL[1] / height))
                _draw(axes, rows, quantity, used_values(comparison))
                axes.set_xlabel(VARIED[varied] if line else "")
                axes.tick_params(labelbottom=bool(line))
                own.append(axes)
            own[0].set_ylabel(quantity)
            equal_limits(own, "y")
        legend_above(figure)
        note_below(figure, "dotted: as used; medians with 95 % intervals")
    return figure


def used_values(comparison: Comparison) -> dict[ModelName, float]:
    """What the comparison itself used in place of the grid."""
    priors = comparison.priors
    return {
        "hierarchical_noncentered": priors.tau_scale,
        "hierarchical_skeptical": priors.skeptical_tau_scale,
        "hierarchical_adaptive": priors.threshold,
    }


def _draw(
    axes: Any,
    rows: Sequence[SensitivityRow],
    quantity: Quantity,
    used: Mapping[ModelName, float],
) -> None:
    models = list(dict.fromkeys(of.model for of in rows))
    step = APART * max(of.value for of in rows)
    for place, model in enumerate(models):
        color, mark = STYLE[model]
        own = [of for of in rows if of.model == model]
        aside = (place - (len(models) - 1) / 2) * step
        x = np.array([of.value for of in own]) + aside
        found: list[Estimate] = [getattr(of, quantity) for of in own]
        ends = [of.low for of in found], [of.high for of in found]
        axes.axvline(used[model] + aside, color=color, linewidth=0.9, linestyle=":")
        axes.vlines(x, *ends, color=color, linewidth=1.6)
        medians = [of.median for of in found]
        axes.plot(x, medians, mark, color=color, markersize=5, label=CANDIDATES[model].title)
    axes.grid(axis="y", color=LIGHT, linewidth=0.6)
    axes.set_axisbelow(True)
