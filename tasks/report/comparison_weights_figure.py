"""How the models stand to each other: stacking weights and differences of ELPD."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from tasks.inference.comparison.record import ModelRecord
from tasks.report.calibration_style import HEAD, legend_above
from tasks.report.comparison_style import BAD, FINE, draw_intervals
from tasks.report.drawing import DARK, GREY, LIGHT, figure_style, label, text_width

ROW, NAME, PANEL, GAP = 0.34, 2.8, 2.9, 0.35
"""In inches."""


def weights_figure(models: Sequence[ModelRecord], limit: float) -> Figure:
    """Stacking weight of each model, and by how much the best one is ahead in ELPD.

    Parameters
    ----------
    models
        At least one, drawn from the top.
    limit
        Difference beyond which a model is too far behind.

    References
    ----------
    Yao, Vehtari, Simpson & Gelman (2018), Using stacking to average Bayesian predictive
    distributions, Bayesian Analysis 13, 917-1007.
    """
    names = [label(of.title, NAME) for of in models]
    left = max(map(text_width, names)) + 0.2
    inside = ROW * len(models) + 0.1
    width, height = left + 2 * (PANEL + GAP), HEAD + 0.1 + inside + 0.55
    rows = np.arange(len(models), dtype=np.float64)
    behind, error = np.array([(of.elpd_difference, of.elpd_difference_se) for of in models]).T
    with figure_style():
        figure = Figure(figsize=(width, height))
        of_weight, of_elpd = (
            figure.add_axes((x / width, 0.55 / height, PANEL / width, inside / height))
            for x in (left, left + PANEL + GAP)
        )
        of_weight.barh(rows, [of.weight for of in models], 0.6, color=FINE[0])
        of_weight.set_xlim(0, 1)
        of_weight.set_xlabel("stacking weight")
        of_elpd.axvline(0, color=DARK, linewidth=0.8)
        of_elpd.axvline(limit, color=DARK, linewidth=0.9, linestyle="--", label="limit")
        draw_intervals(of_elpd, behind - error, behind + error, rows, color=GREY, linewidth=1.4)
        for own, (color, mark), name in (
            (behind <= limit, FINE, "ELPD difference ± se"),
            (behind > limit, BAD, "too far behind"),
        ):
            if own.any():
                of_elpd.plot(behind[own], rows[own], mark, color=color, ms=5, label=name)
        of_elpd.set_xlabel("behind the best in ELPD")
        for axes, told in ((of_weight, names), (of_elpd, [])):
            axes.set_yticks(rows if told else [], told, parse_math=False)
            axes.set_ylim(len(models) - 0.4, -0.6)
            axes.tick_params(axis="y", length=0)
            axes.spines["left"].set_visible(False)
            axes.grid(axis="x", color=LIGHT, linewidth=0.6)
            axes.set_axisbelow(True)
        legend_above(figure)
    return figure
