"""Draws of mu and log tau: the funnel, and where transitions diverged."""

from collections.abc import Mapping, Sequence

import arviz as az
import numpy as np
from matplotlib.figure import Figure

from tasks.inference.comparison.draws import draws_of
from tasks.inference.comparison.record import ModelName, ModelRecord
from tasks.report.calibration_style import legend_above
from tasks.report.comparison_style import BAD, FINE, panel_grid, thinned
from tasks.report.drawing import figure_style

MOST_POINTS, MOST_ALTOGETHER = 1000, 5000
"""Draws of a panel and of the figure that did not diverge; all that did are shown."""


def pairs_figure(
    models: Sequence[ModelRecord], fits: Mapping[ModelName, az.InferenceData]
) -> Figure:
    """Scatter of mu and log tau for each model; divergent transitions lie on top.

    Where they crowd, the sampler could not follow the posterior, as in the neck of a funnel.

    Parameters
    ----------
    models
        Those with a Markov chain and with tau, at least one.
    fits
        Draws of each.

    References
    ----------
    Betancourt & Girolami (2015), Hamiltonian Monte Carlo for hierarchical models, in Current Trends
    in Bayesian Methodology with Applications.
    """
    most = min(MOST_POINTS, MOST_ALTOGETHER // len(models))
    with figure_style():
        figure, grid = panel_grid(models, [2.3], y_labels=("log tau",))
        for (axes,), model in zip(grid, models, strict=True):
            draws = draws_of(model.name, fits[model.name])
            mu = draws.mu.ravel()
            log_tau = np.log(np.maximum(draws.tau.ravel(), np.finfo(np.float64).tiny))
            diverged = fits[model.name].sample_stats["diverging"].values.ravel()
            fine = np.flatnonzero(~diverged)
            fine = fine[thinned(len(fine), most)]
            faint = {"alpha": 0.35, "markeredgewidth": 0}
            axes.plot(
                mu[fine], log_tau[fine], FINE[1], color=FINE[0], ms=2.5, label="draw", **faint
            )
            if diverged.any():
                at = mu[diverged], log_tau[diverged]
                axes.plot(*at, BAD[1], color=BAD[0], markersize=3, label="divergent transition")
            axes.set_xlabel("mu")
            axes.locator_params(nbins=5)
        legend_above(figure)
    return figure
