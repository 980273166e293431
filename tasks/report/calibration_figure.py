"""Calibration: what was said against how often it came true."""

import numpy as np
from matplotlib.figure import Figure

from tasks.report.drawing import GREY, LIGHT, PALETTE, figure_style
from tasks.report.schema import Report

LABELS = {
    "regression": (
        "level of the central predictive interval",
        "share of held-out rows inside, with 95 % interval",
    ),
    "classification": (
        "mean probability said",
        "share of held-out rows that came true, with 95 % interval",
    ),
}


def calibration_figure(report: Report) -> Figure:
    """Observed shares with their 95 % intervals; the diagonal is perfect calibration."""
    points = report.calibration
    said, observed, low, high = (
        np.array([getattr(point, name) for point in points])
        for name in ("said", "observed", "low", "high")
    )
    with figure_style():
        figure = Figure(figsize=(4.8, 4.8))
        axes = figure.add_axes((0.14, 0.12, 0.82, 0.82))
        axes.plot([0, 1], [0, 1], color=GREY, linewidth=0.9, linestyle="--")
        axes.vlines(said, low, high, color=PALETTE[0], linewidth=1.8)
        axes.plot(said, observed, "o", color=PALETTE[0], markersize=5)
        axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), aspect="equal")
        axes.grid(color=LIGHT, linewidth=0.6)
        axes.set_axisbelow(True)
        axes.set_xlabel(LABELS[report.output][0])
        axes.set_ylabel(LABELS[report.output][1])
    return figure
