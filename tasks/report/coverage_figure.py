"""How often posterior intervals hold the true value, against how often they should."""

from collections.abc import Sequence
from typing import Any

from matplotlib.figure import Figure

from tasks.calibration.interval_coverage import Coverage
from tasks.calibration.verdict import CalibrationVerdict, QuantityVerdict
from tasks.report.calibration_style import HEAD, LINE, MARKS, legend_above, note_below
from tasks.report.drawing import DARK, LIGHT, figure_style, label, text_width

MOST_ROWS = 40
ROW = 0.22
"""Height of a row, in inches."""
PANEL, GAP, NAME = 2.3, 0.3, 2.6
TITLE, BOTTOM = 1.6 * LINE, 0.62


def coverage_figure(verdict: CalibrationVerdict) -> Figure:
    """Coverage of the central 50, 80 and 95 % intervals with 95 % intervals, one row a quantity.

    Quantities stand in the simulations' order. Of more than `MOST_ROWS` those are shown whose
    coverage deviates most, relative to its interval.

    Parameters
    ----------
    verdict
        Of at least one quantity.
    """
    shown = shown_quantities(verdict)
    names = [label(of.name, NAME) for of in shown]
    left = max(map(text_width, names)) + 0.25
    levels = [of.level for of in shown[0].coverage]
    width = left + len(levels) * (PANEL + GAP)
    is_cut = len(shown) < len(verdict.quantities)
    bottom = BOTTOM + is_cut * LINE
    height = HEAD + TITLE + ROW * len(shown) + bottom
    with figure_style():
        figure = Figure(figsize=(width, height))
        for column, level in enumerate(levels):
            corner = (left + column * (PANEL + GAP)) / width, bottom / height
            axes = figure.add_axes((*corner, PANEL / width, ROW * len(shown) / height))
            _draw(axes, shown, column)
            axes.set_title(f"{100 * level:g} % interval", loc="left")
            axes.set_yticks(range(len(shown)), names if column == 0 else [], parse_math=False)
            axes.set_ylim(len(shown) - 0.4, -0.6)
        middle = (left / width + 1) / 2, (bottom - 0.48) / height
        told = "simulations whose true value is inside, %, with 95 % interval"
        figure.text(*middle, told, ha="center", va="bottom")
        legend_above(figure)
        if is_cut:
            told = f"{len(shown)} of {len(verdict.quantities)} quantities: the most deviating ones"
            note_below(figure, told)
    return figure


def shown_quantities(verdict: CalibrationVerdict) -> tuple[QuantityVerdict, ...]:
    """At most `MOST_ROWS`, the most deviating, in the simulations' order."""
    quantities = verdict.quantities
    places = sorted(range(len(quantities)), key=lambda place: -_deviation(quantities[place]))
    return tuple(quantities[place] for place in sorted(places[:MOST_ROWS]))


def _deviation(quantity: QuantityVerdict) -> float:
    def relative(of: Coverage) -> float:
        return abs(of.covered - of.nominal) / (of.upper - of.lower)

    return max(map(relative, quantity.coverage))


def _draw(axes: Any, shown: Sequence[QuantityVerdict], column: int) -> None:
    nominal = shown[0].coverage[column].nominal
    axes.axvline(100 * nominal, color=DARK, linewidth=0.9, linestyle="--", label="nominal")
    for is_rejected, (color, mark, name) in MARKS.items():
        places = [place for place, of in enumerate(shown) if of.is_rejected == is_rejected]
        if not places:
            continue
        own = [shown[place].coverage[column] for place in places]
        ends = ([100 * of.lower for of in own], [100 * of.upper for of in own])
        axes.hlines(places, *ends, color=color, linewidth=1.6)
        dots = [100 * of.covered for of in own]
        axes.plot(dots, places, mark, color=color, markersize=4.2, label=name)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.grid(axis="x", color=LIGHT, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.locator_params(axis="x", nbins=5)
