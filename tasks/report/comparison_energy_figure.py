"""Energy of the chains: whether transitions reach as far as the posterior does."""

from collections.abc import Mapping, Sequence
from typing import Any

import arviz as az
import numpy as np
from matplotlib.figure import Figure

from tasks.inference.comparison.record import ModelName, ModelRecord
from tasks.inference.comparison.units import FloatArray
from tasks.report.calibration_style import legend_above
from tasks.report.comparison_style import panel_grid
from tasks.report.drawing import PALETTE, figure_style

BINS = 40


def energy_figure(
    models: Sequence[ModelRecord], fits: Mapping[ModelName, az.InferenceData]
) -> Figure:
    """Distributions of the energy and of its changes, with E-BFMI of each chain.

    Where changes are much narrower, chains explore the tails slowly: E-BFMI falls below 0.3.

    Parameters
    ----------
    models
        Those with a Markov chain, at least one.
    fits
        Draws of each.

    References
    ----------
    Betancourt (2016), Diagnosing suboptimal cotangent disintegrations in Hamiltonian Monte Carlo,
    arXiv:1604.00695.
    """
    with figure_style():
        figure, grid = panel_grid(models, [1.7], left=0.3, gap=0.3)
        for (axes,), model in zip(grid, models, strict=True):
            energy = fits[model.name].sample_stats["energy"].values
            _draw(axes, energy)
            told = ", ".join(f"{of:.2f}" for of in az.bfmi(energy))
            axes.set_xlabel(f"energy, centred\nE-BFMI {told}")
        legend_above(figure)
    return figure


def _draw(axes: Any, energy: FloatArray) -> None:
    centred = (energy - energy.mean()).ravel()
    changes = np.diff(energy, axis=1).ravel()
    edges = np.histogram_bin_edges(np.concatenate([centred, changes]), BINS)
    for values, color, name in (
        (centred, PALETTE[0], "marginal energy"),
        (changes, PALETTE[1], "energy transitions"),
    ):
        density, _ = np.histogram(values, edges, density=True)
        axes.stairs(density, edges, fill=True, color=color, alpha=0.45, label=name)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.locator_params(axis="x", nbins=5)
