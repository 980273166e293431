"""R² of each mechanism of a structural causal model, against what is asked."""

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.figure import Figure

from tasks.report.calibration_style import HEAD, LINE, legend_above, note_below
from tasks.report.comparison_style import BAD, FINE
from tasks.report.drawing import DARK, LIGHT, figure_style, label, text_width
from tasks.report.numerals import number
from tasks.report.scm_scores import NodeScore, lowest_first, node_scores, r2_text

Record = Mapping[str, Any]

MOST_ROWS = 60
LEAST_R2 = -1.0
"""What lies below is drawn at the edge."""
ROW, PANEL, NAME, BOTTOM = 0.2, 5.0, 2.6, 0.5
"""Height of a row, width of the axes and most of a name, and room below, in inches."""


def r2_figure(record: Record) -> Figure:
    """Dots, the lowest at the top, with the threshold as a line and numbers on the right.

    Of more than `MOST_ROWS` nodes the lowest are shown.

    Parameters
    ----------
    record
        Of a fit.
    """
    validation, scores = record["validation"], lowest_first(node_scores(record))
    shown, threshold = scores[:MOST_ROWS], validation["r2_threshold"]
    names = [label(of.node, NAME) for of in shown]
    values = [r2_text(of.r2, threshold) for of in shown]
    left, right = (max(map(text_width, texts)) + 0.25 for texts in (names, values))
    notes = _notes(scores)
    bottom = BOTTOM + len(notes) * LINE
    width, height = left + PANEL + right, HEAD + ROW * len(shown) + bottom
    with figure_style():
        figure = Figure(figsize=(width, height))
        axes = figure.add_axes(
            (left / width, bottom / height, PANEL / width, ROW * len(shown) / height)
        )
        _draw_lines(axes, validation)
        _draw_dots(axes, shown)
        axes.set_yticks(range(len(shown)), names, parse_math=False)
        axes.set_ylim(len(shown) - 0.4, -0.6)
        beside = axes.secondary_yaxis("right")
        beside.set_yticks(range(len(shown)), values, parse_math=False)
        for of in (axes, beside):
            of.tick_params(axis="y", length=0)
        for spine in (axes.spines["left"], beside.spines["right"]):
            spine.set_visible(False)
        axes.set_xlabel("R² on held-out rows")
        axes.grid(axis="x", color=LIGHT, linewidth=0.6)
        axes.set_axisbelow(True)
        legend_above(figure)
        note_below(figure, *notes)
    return figure


def _draw_lines(axes: Any, validation: Mapping[str, Any]) -> None:
    threshold, mean = validation["r2_threshold"], validation["mean_r2"]
    is_of_mean = validation["scope"] == "mean"
    asked = f"asked of {'the mean' if is_of_mean else 'every node'}: {threshold:g}"
    axes.axvline(threshold, color=DARK, linewidth=0.9, linestyle="--", label=asked)
    if is_of_mean and mean is not None:
        name = f"mean: {r2_text(mean, threshold)}"
        axes.axvline(max(mean, LEAST_R2), color=FINE[0], linewidth=0.9, label=name)


def _draw_dots(axes: Any, shown: Sequence[NodeScore]) -> None:
    styles = {True: (*FINE, "mechanism holds"), False: (*BAD, "mechanism does not hold")}
    for holds, (color, mark, name) in styles.items():
        dots = [
            (max(of.r2, LEAST_R2), place)
            for place, of in enumerate(shown)
            if of.holds == holds and of.r2 is not None
        ]
        if dots:
            axes.plot(*zip(*dots, strict=True), mark, color=color, ms=4.5, label=name)
    lowest = min((of.r2 for of in shown if of.r2 is not None), default=0.0)
    axes.set_xlim(max(min(0.0, lowest), LEAST_R2) - 0.03, 1.03)


def _notes(scores: Sequence[NodeScore]) -> list[str]:
    n_below = sum(of.r2 is not None and of.r2 < LEAST_R2 for of in scores)
    is_cut = len(scores) > MOST_ROWS
    told = {
        f"{MOST_ROWS} of {len(scores)} mechanisms: those with the lowest R²": is_cut,
        f"below {number(LEAST_R2)} and drawn at the edge: {n_below}": n_below,
    }
    return [sentence for sentence, is_so in told.items() if is_so]
