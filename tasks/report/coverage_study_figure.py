"""Figures of a coverage study: coverage by reading and level, and told against true effects."""

from collections.abc import Sequence
from typing import Any, Literal, get_args

import numpy as np
from matplotlib.figure import Figure

from tasks.calibration.coverage.study import Held, Outcome, Reading
from tasks.calibration.coverage.summary import ASKED
from tasks.calibration.coverage.summary_record import LevelSummary, Summary, Verdict
from tasks.report.calibration_style import HEAD, LINE, legend_above, note_below
from tasks.report.comparison_style import BAD, FINE
from tasks.report.coverage_study_sections import kind
from tasks.report.drawing import DARK, GREY, LIGHT, PALETTE, figure_style, text_width

CoveragePicture = Literal["coverage", "effects"]

STYLES: dict[Verdict, tuple[str, str]] = {
    "holds": FINE,
    "open": (PALETTE[1], "s"),
    "too few": BAD,
    "too many": (PALETTE[4], "^"),
}
ROW, PANEL, GAP = 0.26, 2.3, 0.3
TITLE, BOTTOM = 1.6 * LINE, 0.62
SQUARE, MARGIN, BELOW = 2.9, 0.62, 0.78
"""Side of a panel of effects, and room on its left and below, in inches."""
MOST_POINTS, SEED = 300, 1
"""Effects in a panel at most, and the seed by which they are chosen."""
TAIL = 0.005
"""Part of the effects beyond each end of the axes."""


def coverage_study_figures(
    summary: Summary, outcomes: Sequence[Outcome]
) -> dict[CoveragePicture, Figure]:
    """Draw a study.

    Parameters
    ----------
    summary
        Of these outcomes.
    outcomes
        Of the databases.

    Returns
    -------
    dict of str to matplotlib.figure.Figure
        ``coverage`` of 50, 80 and 95 % intervals; told against true ``effects``.
    """
    return {
        "coverage": study_coverage_figure(summary),
        "effects": told_figure([of for outcome in outcomes for of in outcome.effects]),
    }


def study_coverage_figure(summary: Summary) -> Figure:
    """Shares of intervals that hold the truth with their 95 % intervals, a row a kind of effects.

    Parameters
    ----------
    summary
        Of at least one kind.
    """
    shown = summary.levels
    names = [kind(of) for of in shown]
    left = max(map(text_width, names)) + 0.25
    n_levels = len(shown[0].coverage)
    width = left + n_levels * (PANEL + GAP)
    height = HEAD + TITLE + ROW * len(shown) + BOTTOM
    with figure_style():
        figure = Figure(figsize=(width, height))
        for column in range(n_levels):
            corner = (left + column * (PANEL + GAP)) / width, BOTTOM / height
            axes = figure.add_axes((*corner, PANEL / width, ROW * len(shown) / height))
            _draw_coverage(axes, shown, column)
            axes.set_yticks(range(len(shown)), names if column == 0 else [])
            axes.set_ylim(len(shown) - 0.4, -0.6)
        middle = (left / width + 1) / 2, 0.14 / height
        told = "true effects inside of the interval, %, with 95 % interval"
        figure.text(*middle, told, ha="center", va="bottom")
        legend_above(figure)
    return figure


def told_figure(effects: Sequence[Held]) -> Figure:
    """Told against true effects with their 95 % intervals, a panel a reading.

    Parameters
    ----------
    effects
        Of all databases; of more than `MOST_POINTS` in a panel a random sample is shown.
    """
    readings = [of for of in get_args(Reading) if any(held.reading == of for held in effects)]
    width = len(readings) * (MARGIN + SQUARE) + 0.15
    height = HEAD + TITLE + SQUARE + BELOW
    left_out = 0
    with figure_style():
        figure = Figure(figsize=(width, height))
        for column, reading in enumerate(readings):
            corner = (MARGIN + column * (MARGIN + SQUARE)) / width, BELOW / height
            axes = figure.add_axes((*corner, SQUARE / width, SQUARE / height))
            axes.set_title(reading, loc="left")
            left_out += _draw_effects(axes, [of for of in effects if of.reading == reading])
        figure.axes[0].set_ylabel("told effect, %, with 95 % interval")
        legend_above(figure)
        note_below(figure, f"{len(effects) - left_out:,} of {len(effects):,} effects are shown")
    return figure


def _draw_coverage(axes: Any, shown: Sequence[LevelSummary], column: int) -> None:
    probability = shown[0].coverage[column].level
    if column == len(shown[0].coverage) - 1:
        axes.axvspan(*(100 * end for end in ASKED), color=LIGHT, linewidth=0, label="asked")
    axes.axvline(100 * probability, color=DARK, linewidth=0.9, linestyle="--", label="nominal")
    for verdict, (color, mark) in STYLES.items():
        places = [place for place, of in enumerate(shown) if of.verdict == verdict]
        own = [shown[place].coverage[column] for place in places]
        ends = ([100 * of.low for of in own], [100 * of.high for of in own])
        if places:
            axes.hlines(places, *ends, color=color, linewidth=1.6)
            dots = [100 * of.value for of in own]
            axes.plot(dots, places, mark, color=color, markersize=4.2, label=f"95 %: {verdict}")
    axes.set_title(f"{100 * probability:g} % interval", loc="left")
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.grid(axis="x", color=LIGHT, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.locator_params(axis="x", nbins=5)


def _draw_effects(axes: Any, effects: Sequence[Held]) -> int:
    """Draw a panel; gives how many effects are left out of it."""
    both = np.array([(of.truth, of.mean) for of in effects])
    low, high = np.quantile(both, TAIL), np.quantile(both, 1 - TAIL)
    edge = 0.05 * (high - low) or 1.0
    limits = low - edge, high + edge
    within = ((both > limits[0]) & (both < limits[1])).all(axis=1)
    inside = [of for of, is_in in zip(effects, within, strict=True) if is_in]
    sample = np.random.default_rng(SEED).permutation(len(inside))[:MOST_POINTS]
    shown = [inside[place] for place in sample]
    axes.plot(limits, limits, color=GREY, linewidth=0.9, linestyle="--")
    for name, (color, mark), holds in (
        ("interval holds the truth", FINE, True),
        ("does not", BAD, False),
    ):
        own = [of for of in shown if _holds(of) == holds]
        if own:
            truth = [of.truth for of in own]
            ends = [of.measured[0] for of in own], [of.measured[-1] for of in own]
            axes.vlines(truth, *ends, color=color, linewidth=0.7, alpha=0.45)
            axes.plot(truth, [of.mean for of in own], mark, color=color, ms=2.4, label=name)
    axes.set(xlim=limits, ylim=limits, xlabel="true effect, %")
    axes.grid(color=LIGHT, linewidth=0.6)
    axes.set_axisbelow(True)
    return len(effects) - len(shown)


def _holds(of: Held) -> bool:
    return of.measured[0] <= of.truth <= of.measured[-1]
