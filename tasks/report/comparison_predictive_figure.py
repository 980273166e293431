"""Estimates in their 95 % predictive intervals, before the data and after."""

from collections.abc import Mapping, Sequence
from typing import Any

import arviz as az
import numpy as np
from matplotlib.figure import Figure

from tasks.inference.comparison.predictive_checks import predictive_interval
from tasks.inference.comparison.record import ModelName, ModelRecord
from tasks.inference.comparison.units import FloatArray
from tasks.report.comparison_style import BAD, FINE, draw_intervals, mark_sizes
from tasks.report.comparison_unit_rows import unit_rows_figure
from tasks.report.drawing import GREY


def prior_predictive_figure(
    models: Sequence[ModelRecord], fits: Mapping[ModelName, az.InferenceData]
) -> Figure:
    """Each estimate and the interval in which the prior alone expects it.

    Parameters
    ----------
    models
        Those with draws from their prior, at least one.
    fits
        Draws of each.

    References
    ----------
    Gabry, Simpson, Vehtari, Betancourt & Gelman (2019), Visualization in Bayesian workflow,
    Journal of the Royal Statistical Society A 182, 389-402.
    """

    def draw(axes: Any, model: ModelRecord, shown: list[int], rows: FloatArray) -> None:
        replicates = fits[model.name].prior_predictive["y_rep"].values[..., shown]
        _draw(axes, model, shown, rows, *predictive_interval(replicates))

    return unit_rows_figure(models, draw, "estimate")


def posterior_predictive_figure(models: Sequence[ModelRecord]) -> Figure:
    """Each estimate and the interval in which the model expects a replicate of it.

    Parameters
    ----------
    models
        At least one.
    """

    def draw(axes: Any, model: ModelRecord, shown: list[int], rows: FloatArray) -> None:
        low, high = (
            np.array([getattr(model.units[j], end) for j in shown]) for end in ("y_low", "y_high")
        )
        _draw(axes, model, shown, rows, low, high)

    return unit_rows_figure(models, draw, "estimate")


def _draw(
    axes: Any,
    model: ModelRecord,
    shown: list[int],
    rows: FloatArray,
    low: FloatArray,
    high: FloatArray,
) -> None:
    y = np.array([model.units[j].y for j in shown])
    is_held = (low <= y) & (y <= high)
    told = "95 % predictive interval"
    size, width = mark_sizes(len(rows))
    draw_intervals(axes, low, high, rows, color=GREY, linewidth=width, alpha=0.7, label=told)
    for own, (color, mark), name in (
        (is_held, FINE, "estimate inside"),
        (~is_held, BAD, "estimate outside"),
    ):
        if own.any():
            axes.plot(y[own], rows[own], mark, color=color, markersize=size, label=name)
