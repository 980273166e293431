"""Bayes factors of all beliefs, over the classes of severity."""

import math
from collections.abc import Sequence
from typing import Any

from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MultipleLocator

from tasks.beliefs.bayes_factor import BOUNDS
from tasks.beliefs.conflict_record import Conflict
from tasks.report.belief_numerals import factor_with_error, power_text
from tasks.report.belief_severity import CLASSES, ERRORS, by_bayes_factor
from tasks.report.calibration_style import HEAD, LINE, legend_above, note_below
from tasks.report.comparison_style import BAD, FINE
from tasks.report.drawing import DARK, figure_style, label, text_width

MOST_ROWS = 60
EDGE = 6.0
"""Power of ten beyond which Bayes factors are drawn at the edge."""
NEAREST = -1.0, 2.5
"""Powers of ten that are always shown."""
ROW, BOTTOM, NAME, NARROWEST = 0.24, 0.52, 2.4, 8.6
"""Height of a row, room below, most of a name, and least width of the figure, in inches."""
SHADES = ("#ffffff", "#f3f3f3", "#e2e2e2", "#cdcdcd", "#b3b3b3")


def bayes_factors_figure(conflicts: Sequence[Conflict]) -> Figure:
    """Marks over shaded classes, the largest Bayes factor at the top, numbers on the right.

    Lines are 2 standard errors to either side, where there is Monte Carlo error.

    Parameters
    ----------
    conflicts
        At least one; of more than `MOST_ROWS` those with the largest Bayes factors are shown.
    """
    ordered = by_bayes_factor(conflicts)
    shown = ordered[:MOST_ROWS]
    names = [label(of.quantity, NAME) for of in shown]
    values = [factor_with_error(of.log_bayes_factor) for of in shown]
    left, right = (max(map(text_width, texts)) + 0.25 for texts in (names, values))
    width, notes = max(NARROWEST, left + 4.5 + right), _notes(ordered)
    bottom, rows = BOTTOM + len(notes) * LINE, ROW * len(shown)
    height = HEAD + rows + bottom
    with figure_style():
        figure = Figure(figsize=(width, height))
        axes = figure.add_axes(
            (left / width, bottom / height, 1 - (left + right) / width, rows / height)
        )
        _draw_marks(axes, shown)
        _shade(axes)
        axes.set_yticks(range(len(shown)), names, parse_math=False)
        axes.set_ylim(len(shown) - 0.4, -0.6)
        beside = axes.secondary_yaxis("right")
        beside.set_yticks(range(len(shown)), values, parse_math=False)
        for of in (axes, beside):
            of.tick_params(axis="y", length=0)
        for spine in (axes.spines["left"], beside.spines["right"]):
            spine.set_visible(False)
        axes.xaxis.set_major_locator(MultipleLocator(1))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda power, _: power_text(round(power))))
        axes.set_xlabel("Bayes factor of the reference prior against the belief")
        legend_above(figure)
        note_below(figure, *notes)
    return figure


def _draw_marks(axes: Any, shown: Sequence[Conflict]) -> None:
    ends = list(NEAREST)
    for is_conflict, (color, mark), name in (
        (True, BAD, "in conflict"),
        (False, FINE, "not in conflict"),
    ):
        dots = [
            (_power(of.log_bayes_factor.value), row)
            for row, of in enumerate(shown)
            if of.is_conflict == is_conflict
        ]
        if dots:
            axes.plot(*zip(*dots, strict=True), mark, color=color, ms=5, label=name, zorder=3)
    for row, of in enumerate(shown):
        value, reach = of.log_bayes_factor.value, ERRORS * of.log_bayes_factor.mcse
        line = [_power(value - reach), _power(value + reach)]
        color = (BAD if of.is_conflict else FINE)[0]
        if reach:
            axes.plot(line, [row, row], color=color, linewidth=1.6)
        ends += line
    axes.set_xlim(min(ends) - 0.2, max(ends) + 0.2)


def _shade(axes: Any) -> None:
    """Classes from the left to the right."""
    low, high = axes.get_xlim()
    edges = [low, *(math.log10(bound) for bound in BOUNDS.values()), high]
    for name, shade, left, right in zip(CLASSES, SHADES, edges[:-1], edges[1:], strict=True):
        axes.axvspan(left, right, facecolor=shade, edgecolor="#999999", linewidth=0.4, label=name)
    axes.axvline(0, color=DARK, linewidth=0.8)


def _power(log_factor: float) -> float:
    """Power of ten, at the edge where it lies beyond."""
    return min(max(log_factor / math.log(10), -EDGE), EDGE)


def _notes(ordered: Sequence[Conflict]) -> list[str]:
    shown = ordered[:MOST_ROWS]
    beyond = sum(abs(of.log_bayes_factor.value) > EDGE * math.log(10) for of in shown)
    told = {
        f"{len(shown)} of {len(ordered)} beliefs: those with the largest Bayes factors": len(shown)
        < len(ordered),
        f"beyond 10 to the power of ±{EDGE:g} and drawn at the edge: {beyond}": beyond,
    }
    return [sentence for sentence, is_so in told.items() if is_so]
