"""Paths of the chains: mu and tau of each model."""

from collections.abc import Mapping, Sequence

import arviz as az
import numpy as np
from matplotlib.figure import Figure

from tasks.inference.comparison.draws import draws_of
from tasks.inference.comparison.record import ModelName, ModelRecord
from tasks.report.calibration_style import legend_above
from tasks.report.comparison_style import panel_grid, thinned
from tasks.report.drawing import PALETTE, figure_style

MOST_POINTS = 300
"""Of a chain."""
COLORS = tuple(PALETTE[place] for place in (0, 1, 3, 5, 2, 4))
"""Of the chains: neighbours differ in thin lines too."""


def trace_figure(
    models: Sequence[ModelRecord], fits: Mapping[ModelName, az.InferenceData]
) -> Figure:
    """Draws of mu and tau in their order, a line for each chain.

    Chains that mix cannot be told apart; of longer ones every so manieth draw is shown.

    Parameters
    ----------
    models
        Those with a Markov chain, at least one.
    fits
        Draws of each.
    """
    with figure_style():
        figure, grid = panel_grid(models, [1.2, 1.2], y_labels=("mu", "tau"))
        for (of_mu, of_tau), model in zip(grid, models, strict=True):
            draws = draws_of(model.name, fits[model.name])
            kept = thinned(draws.mu.shape[1], MOST_POINTS)
            at = np.arange(draws.mu.shape[1])[kept]
            shown = [(of_mu, draws.mu)]
            if model.tau is None:
                of_tau.remove()
                of_mu.tick_params(labelbottom=True)
            else:
                shown.append((of_tau, draws.tau))
            for axes, values in shown:
                for chain, path in enumerate(values):
                    color, told = COLORS[chain % len(COLORS)], f"chain {chain + 1}"
                    axes.plot(at, path[kept], color=color, linewidth=0.5, alpha=0.8, label=told)
                axes.margins(x=0.01)
                axes.locator_params(axis="y", nbins=5)
            axes.set_xlabel("draw")
        legend_above(figure)
    return figure
