"""Draws of the effects model under the names of actions, tables and levels."""

from collections.abc import Sequence

import arviz as az
import numpy as np
import numpy.typing as npt
import xarray as xr

from tasks.bayes.posterior_summary import summarize
from tasks.inference.pooling_tree import LEVELS
from tasks.intervention.replicate_cells import Action

LABELS = {
    "level": list(LEVELS),
    "ratio": ["sigma_a / sigma_e", "sigma_r / sigma_e", "sigma_s / sigma_e", "sigma_e / scale"],
}
DIMENSIONS = {
    "sigma": ("level",),
    "sigma_scaled": ("level",),
    "location": ("level", "ratio"),
    "spread": ("level", "ratio"),
    "table_effect": ("table",),
    "nu": ("tail",),
    "u": ("node",),
    "weight": ("node",),
}
"""Of the variables that are not one number an action."""


def named_draws(
    drawn: az.InferenceData,
    actions: Sequence[Action],
    tables: Sequence[str],
    nodes: Sequence[str],
    places: npt.NDArray[np.intp],
) -> az.InferenceData:
    """Name each variable's dimensions and coordinates.

    Parameters
    ----------
    drawn
        Draws of ``intervention_effects.stan``.
    actions, tables
        In the order of the program's data.
    nodes
        Names of those that have a weight.
    places
        Where each action of the result stands in `actions`, shape (K,).
    """
    labels = {
        **LABELS,
        "action": [str(action) for action in actions],
        "table": list(tables),
        "tail": ["heavy"],
        "node": list(nodes),
    }

    def named(group: xr.Dataset) -> xr.Dataset:
        values = {
            name: (("chain", "draw", *DIMENSIONS.get(str(name), ("action",))), variable.values)
            for name, variable in group.data_vars.items()
        }
        used = {dimension for dimensions, _ in values.values() for dimension in dimensions}
        coordinates = {name: labels.get(name, group.get(name)) for name in sorted(used)}
        return xr.Dataset(values, coordinates, group.attrs).isel(action=places)

    return az.InferenceData(
        posterior=named(drawn.posterior),
        log_likelihood=named(drawn.log_likelihood),
        sample_stats=drawn.sample_stats,
    )


def sampling_record(fit: az.InferenceData) -> dict[str, float | int | str]:
    """How the draws were made, with which program, and the worst of the diagnostics.

    Parameters
    ----------
    fit
        Named draws.

    Returns
    -------
    dict
        For JSON: settings and provenance of the program, ``worst_r_hat``, ``least_ess_bulk`` and
        ``least_ess_tail`` over all parameters, ``divergences``, ``least_e_bfmi`` over the chains.
    """
    table, made, stats = summarize(fit.posterior), fit.posterior.attrs, fit.sample_stats
    return {
        **{name: made[name] for name in ("program", "program_digest", "toolchain", "seed")},
        "chains": made["chains"],
        "warmup": made["iter_warmup"],
        "draws": made["iter_sampling"],
        "adapt_delta": made["adapt_delta"],
        "worst_r_hat": float(table["r_hat"].max()),
        "least_ess_bulk": float(table["ess_bulk"].min()),
        "least_ess_tail": float(table["ess_tail"].min()),
        "divergences": int(stats["diverging"].sum()),
        "least_e_bfmi": float(az.bfmi(stats["energy"].values).min()),
    }
