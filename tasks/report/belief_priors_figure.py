"""Elicited priors against what was said: chips as bars, quantiles as lines."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from tasks.beliefs.belief import Belief
from tasks.beliefs.elicitation_record import Answer, ElicitedPrior
from tasks.report.belief_elicitation_sections import HOW
from tasks.report.belief_numerals import is_share
from tasks.report.belief_panels import (
    CLIENT,
    DATA,
    MOST_PANELS,
    WIDTH,
    Curve,
    Floats,
    draw_densities,
    draw_threshold,
    panel_grid,
)
from tasks.report.belief_verdict import does_not_fit
from tasks.report.calibration_style import legend_above, note_below
from tasks.report.drawing import FONT_SIZE, figure_style, write
from tasks.report.numerals import fixed, number

TAIL = 1e-3
"""Of a law that may lie beyond either edge of a panel."""
POINTS = 400
LABEL = 0.3
"""Width of the label of a quantile, in inches."""
ABOVE, LOWER = 1.24, 0.91
"""Height of a panel over what is drawn, where the labels of quantiles stand, and their lower row as
a part of the panel's."""


def priors_figure(priors: Sequence[ElicitedPrior]) -> Figure:
    """Fitted law of each quantity, and what was said, in the order of the session.

    A line is a quantile as it was said, the dot on the curve the law's own for that probability:
    they lie apart where the law does not fit. Bars are chips.

    Parameters
    ----------
    priors
        At least one; those beyond `MOST_PANELS` are counted below.
    """
    shown = priors[:MOST_PANELS]
    notes = (f"the first {len(shown)} of {len(priors)} priors",) if len(shown) < len(priors) else ()
    with figure_style():
        figure, panels = panel_grid([(of.quantity, _second(of)) for of in shown], len(notes))
        for axes, of in zip(panels, shown, strict=True):
            _draw(axes, of)
        legend_above(figure)
        note_below(figure, *notes)
    return figure


def _second(prior: ElicitedPrior) -> str:
    if prior.residual is None:
        return f"{HOW[prior.how]}, confidence {number(100 * prior.confidence)} %"
    fit = "does NOT fit" if does_not_fit(prior) else "fits"
    return f"{fit} (residual {fixed(prior.residual, 3)})"


def _draw(axes: Any, prior: ElicitedPrior) -> None:
    chips = [of for of in prior.answers if of.low is not None and of.high is not None]
    quantiles = [of for of in prior.answers if of.low is None and of.high is not None]
    grid = _grid(prior.belief, [end for of in prior.answers for end in (of.low, of.high)])
    density = np.exp(prior.belief.log_density(grid))
    curve = Curve("fitted prior", DATA, "-", density.tolist(), not chips)
    draw_densities(axes, grid.tolist(), [curve], is_share(prior.belief))
    axes.set_xlim(grid[0], grid[-1])
    _draw_chips(axes, chips)
    axes.set_ylim(0, ABOVE * axes.get_ylim()[1])
    _draw_quantiles(axes, quantiles, prior.belief)
    if prior.decision:
        draw_threshold(axes, prior.decision.threshold)


def _grid(belief: Belief, ends: Sequence[float | None]) -> Floats:
    """Values that hold nearly all of a law, and all that was spoken of."""
    spoken = [end for end in ends if end is not None]
    low, high = map(float, belief.quantile([TAIL, 1 - TAIL]))
    return np.linspace(min(low, *spoken, high), max(low, *spoken, high), POINTS)


def _draw_chips(axes: Any, chips: Sequence[Answer]) -> None:
    """Bars whose areas are the stated probabilities."""
    if not chips:
        return
    low, high = (np.array([getattr(of, end) for of in chips]) for end in ("low", "high"))
    heights = np.array([of.stated for of in chips]) / (high - low)
    axes.bar(
        low,
        heights,
        high - low,
        align="edge",
        color=CLIENT,
        alpha=0.3,
        edgecolor="white",
        label="said: chips",
    )
    axes.set_ylim(0, max(axes.get_ylim()[1], 1.06 * heights.max()))


def _draw_quantiles(axes: Any, quantiles: Sequence[Answer], belief: Belief) -> None:
    """Lines at what was said, each tied to the law's own quantile on the curve."""
    said = sorted((of.high, of.stated) for of in quantiles if of.high is not None)
    for value, stated in said:
        axes.axvline(value, ymax=1 / ABOVE, color=CLIENT, linewidth=1.2, label="said: quantiles")
        if 0 < stated < 1:
            fitted = float(belief.quantile(stated))
            height = float(np.exp(belief.log_density(fitted)))
            axes.plot([value, fitted], [height, height], color=DATA, linewidth=0.9)
            axes.plot([fitted], [height], "o", color=DATA, ms=4, label="the law's quantile")
    _write_probabilities(axes, said)


def _write_probabilities(axes: Any, said: Sequence[tuple[float, float]]) -> None:
    """Above the lines, in two rows where one has no room, and left out where both have none."""
    low, high = axes.get_xlim()
    room, top = LABEL / WIDTH * (high - low), axes.get_ylim()[1]
    last = [-np.inf, -np.inf]
    for value, stated in said:
        row = 0 if value - last[0] >= room else 1
        if value - last[row] >= room:
            y = top * (LOWER if row == 0 else 1.0)
            text = f"{number(100 * stated)} %"
            write(axes, value, y, text, ha="center", va="top", size=FONT_SIZE - 1, color=CLIENT)
            last[row] = value
