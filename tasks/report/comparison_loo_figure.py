"""Whether leaving one unit out can be told from the draws: Pareto k of each unit and model."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from tasks.inference.comparison.record import ModelRecord
from tasks.inference.comparison.units import FloatArray
from tasks.report.comparison_style import BAD, FINE, mark_sizes
from tasks.report.comparison_unit_rows import unit_rows_figure
from tasks.report.drawing import DARK

MOST_K = 1.5
"""What lies beyond is drawn at the edge."""


def loo_figure(models: Sequence[ModelRecord], limit: float) -> Figure:
    """Pareto k of the importance weights that leave each unit out, and its limit.

    Parameters
    ----------
    models
        At least one.
    limit
        Beyond it the prediction of a unit from the others is not known.

    References
    ----------
    Vehtari, Gelman & Gabry (2017), Practical Bayesian model evaluation using leave-one-out
    cross-validation and WAIC, Statistics and Computing 27, 1413-1432.
    """

    def draw(axes: Any, model: ModelRecord, shown: list[int], rows: FloatArray) -> None:
        k = np.array([model.units[j].pareto_k for j in shown])
        axes.axvline(limit, color=DARK, linewidth=0.9, linestyle="--", label=f"limit {limit:g}")
        is_fine = k <= limit
        size, _ = mark_sizes(len(rows))
        for own, (color, mark), name in (
            (is_fine, FINE, "known"),
            (~is_fine, BAD, "not known"),
        ):
            if own.any():
                at = np.minimum(k[own], MOST_K)
                axes.plot(at, rows[own], mark, color=color, markersize=size, label=name)

    return unit_rows_figure(models, draw, "Pareto k", _notes(models, limit))


def _notes(models: Sequence[ModelRecord], limit: float) -> tuple[str, ...]:
    beyond = sum(of.pareto_k > MOST_K for model in models for of in model.units)
    worst = dict.fromkeys(of.label for m in models for of in m.units if of.pareto_k > limit)
    told = {
        f"k above {limit:g}: {', '.join(worst)}": len(worst),
        f"beyond the axes and drawn at their edge: {beyond}": beyond,
    }
    return tuple(sentence for sentence, n in told.items() if n)
