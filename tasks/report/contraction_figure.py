"""What each posterior learns from the data, against how far it lies from the true value."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from tasks.calibration.simulations import FloatArray, Simulations
from tasks.calibration.verdict import CalibrationVerdict, QuantityVerdict
from tasks.report.calibration_style import HEAD, LINE, MARKS, legend_above, note_below
from tasks.report.drawing import GREY, LIGHT, figure_style, label, write

LEAST_CONTRACTION, MOST_Z = -1.0, 6.0
"""What lies beyond is drawn at the edge."""
NORMAL_Z = 1.96
"""Between minus and plus that lie 95 % of the z-scores of a calibrated normal posterior."""
MOST_LABELS = 10
PANEL = (4.8, 3.0)
"""Width and height, in inches."""
LEFT, BOTTOM, RIGHT, LABELS, GAP = 0.85, 0.5, 0.3, 2.4, 0.15


@dataclass(frozen=True)
class _Point:
    """A quantity at its place: contraction and 2.5, 50, 97.5 % quantiles of its z-scores."""

    quantity: QuantityVerdict
    x: float
    low: float
    middle: float
    high: float


def contraction_figure(verdict: CalibrationVerdict, simulations: Simulations) -> Figure:
    """z-scores over posterior contraction: the median and the middle 95 % of each quantity.

    A quantity whose median is off the line at 0 is biased; one whose bar is longer than the zone is
    high has a posterior too narrow, shorter, too wide; one on the left learns nothing from the
    data. At most `MOST_LABELS` of the rejected quantities are named.

    Parameters
    ----------
    verdict
        Of these simulations; of at least one quantity with a contraction.
    simulations
        Those that were judged.

    References
    ----------
    Betancourt (2018), Calibrating model-based inferences and decisions, arXiv:1803.08393.
    Schad, Betancourt & Vasishth (2021), Psychological Methods 26, 103-126.
    """
    points = _points(verdict, simulations)
    rejected = [point for point in points if point.quantity.is_rejected]
    rejected.sort(key=lambda point: (point.quantity.p_value, -abs(point.middle)))
    named = rejected[:MOST_LABELS]
    width = LEFT + PANEL[0] + (LABELS if named else RIGHT)
    notes = _notes(verdict, points, len(rejected) - len(named))
    bottom = BOTTOM + (len(notes) + 0.5) * LINE
    height = HEAD + GAP + PANEL[1] + bottom
    with figure_style():
        figure = Figure(figsize=(width, height))
        axes = figure.add_axes((LEFT / width, bottom / height, PANEL[0] / width, PANEL[1] / height))
        _draw(axes, points)
        _write_names(axes, named)
        axes.set_xlabel("contraction: part of the prior's variance that the posterior removes")
        axes.set_ylabel("(posterior mean − truth) / posterior sd\nmedian and middle 95 %")
        legend_above(figure)
        note_below(figure, *notes)
    return figure


def z_scores(simulations: Simulations) -> FloatArray:
    """(posterior mean - true value) / posterior sd of the fitted simulations, shape (N, Q).

    A posterior without spread has an infinite one, or 0 if it lies at the true value.
    """
    fitted = simulations.is_fitted
    distance = simulations.mean[fitted] - simulations.truth[fitted]
    with np.errstate(divide="ignore", invalid="ignore"):
        z: FloatArray = np.where(distance == 0, 0.0, distance / simulations.sd[fitted])
    return z


def _points(verdict: CalibrationVerdict, simulations: Simulations) -> list[_Point]:
    within = np.clip(z_scores(simulations), -MOST_Z, MOST_Z)
    quantiles = np.quantile(within, [0.025, 0.5, 0.975], axis=0)
    return [
        _Point(of, max(of.contraction, LEAST_CONTRACTION), *quantiles[:, q].tolist())
        for q, of in enumerate(verdict.quantities)
        if of.contraction is not None
    ]


def _draw(axes: Any, points: Sequence[_Point]) -> None:
    normal = f"calibrated and normal: ±{NORMAL_Z}"
    axes.axhspan(-NORMAL_Z, NORMAL_Z, color=LIGHT, alpha=0.6, linewidth=0, label=normal)
    axes.axhline(0, color=GREY, linewidth=0.8)
    faint = 0.7 if len(points) <= MOST_LABELS else 0.3
    for is_rejected, (color, mark, name) in MARKS.items():
        own = [point for point in points if point.quantity.is_rejected == is_rejected]
        if own:
            x = [point.x for point in own]
            ends = [point.low for point in own], [point.high for point in own]
            axes.vlines(x, *ends, color=color, linewidth=1.2, alpha=faint)
            axes.plot(x, [point.middle for point in own], mark, color=color, ms=4.5, label=name)
    highest = max(max(-point.low, point.high) for point in points)
    axes.set_ylim(-max(1.08 * highest, 2.6), max(1.08 * highest, 2.6))
    axes.set_xlim(min(0.0, *(point.x for point in points)) - 0.05, 1.05)


def _write_names(axes: Any, named: Sequence[_Point]) -> None:
    """Names at the right, from the top down, each with a line to its point."""
    falling = sorted(named, key=lambda point: -point.middle)
    bottom, top = axes.get_ylim()
    right = axes.get_xlim()[1]
    gap = LINE * (top - bottom) / PANEL[1]
    places = _spread([of.middle for of in falling], gap, bottom, top)
    step = (right - axes.get_xlim()[0]) / PANEL[0]
    for point, y in zip(falling, places, strict=True):
        start = right + 0.12 * step
        axes.plot([point.x, start], [point.middle, y], color=GREY, linewidth=0.5, clip_on=False)
        name = label(point.quantity.name, LABELS - 0.3)
        write(axes, start + 0.05 * step, y, name, va="center_baseline")


def _spread(falling: Sequence[float], gap: float, bottom: float, top: float) -> list[float]:
    """Move falling places apart by at least a gap, about as far up as down, within both ends."""
    down, up = _pushed_down(falling, gap, top), _pushed_up(falling, gap, bottom)
    middle = [(low + high) / 2 for low, high in zip(down, up, strict=True)]
    return _pushed_up(_pushed_down(middle, gap, top), gap, bottom)


def _pushed_down(falling: Sequence[float], gap: float, top: float) -> list[float]:
    places = []
    for place in falling:
        places.append(min(place, top))
        top = places[-1] - gap
    return places


def _pushed_up(falling: Sequence[float], gap: float, bottom: float) -> list[float]:
    mirrored = _pushed_down([-place for place in reversed(falling)], gap, -bottom)
    return [-place for place in reversed(mirrored)]


def _notes(verdict: CalibrationVerdict, points: Sequence[_Point], n_unnamed: int) -> list[str]:
    without = [of.name for of in verdict.quantities if of.contraction is None]
    beyond = [
        point
        for point in points
        if point.x == LEAST_CONTRACTION or max(-point.low, point.high) == MOST_Z
    ]
    told = {
        f"not drawn, without a contraction: {', '.join(without)}": len(without),
        f"beyond the axes and drawn at their edge: {len(beyond)}": len(beyond),
        f"rejected ones without a name here: {n_unnamed}": n_unnamed,
    }
    return [sentence for sentence, n in told.items() if n]
