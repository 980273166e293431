"""Stan's draws as an ArviZ InferenceData, with the names that the Stan program gave."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import arviz as az
import cmdstanpy
import numpy as np
import numpy.typing as npt
import xarray as xr

LOG_LIKELIHOOD = "log_lik"
REPLICATION = "_rep"
SAMPLE_STATS = {
    "lp__": "lp",
    "accept_stat__": "acceptance_rate",
    "stepsize__": "step_size",
    "treedepth__": "tree_depth",
    "n_leapfrog__": "n_steps",
    "divergent__": "diverging",
    "energy__": "energy",
}
INTEGER_STATS = ("tree_depth", "n_steps")
UNCONSTRAINED = "unconstrained_posterior"


def to_inference_data(
    fit: cmdstanpy.CmdStanMCMC, data: Mapping[str, Any], provenance: Mapping[str, str | int | float]
) -> az.InferenceData:
    """Sort a fit's draws into the groups of an InferenceData.

    Parameters
    ----------
    fit
        What cmdstanpy's ``sample`` returns.
    data
        The data that the model was fitted to.
    provenance
        Attributes of every group.

    Returns
    -------
    arviz.InferenceData
        ``log_lik`` is the group ``log_likelihood``; a variable ``y_rep`` that replicates data
        ``y`` goes to ``posterior_predictive`` and ``y`` to ``observed_data``; all else is
        ``posterior``. Dimensions are ``chain``, ``draw`` and one for each index, which counts
        from 1 as in Stan. A fit that saved its latent dynamics has ``values`` in
        ``unconstrained_posterior`` too.
    """
    draws = np.moveaxis(fit.draws(), 0, 1)
    variables = fit.metadata.stan_vars
    stats = {
        SAMPLE_STATS.get(name, name): variable.extract_reshape(draws)
        for name, variable in fit.metadata.method_vars.items()
    }
    for name in INTEGER_STATS:
        if name in stats:
            stats[name] = stats[name].astype(np.int64)
    if "diverging" in stats:
        stats["diverging"] = stats["diverging"].astype(bool)

    replicated = [name for name in data if f"{name}{REPLICATION}" in variables]
    replications = [f"{name}{REPLICATION}" for name in replicated]
    observed = {name: np.asarray(data[name]) for name in replicated}
    posterior = [name for name in variables if name not in (*replications, LOG_LIKELIHOOD)]

    def values(names: Iterable[str]) -> dict[str, npt.NDArray[Any]]:
        return {name: variables[name].extract_reshape(draws) for name in names}

    groups = {
        "posterior": group_dataset(values(posterior), provenance),
        "posterior_predictive": group_dataset(values(replications), provenance),
        "log_likelihood": group_dataset(
            values(name for name in variables if name == LOG_LIKELIHOOD), provenance
        ),
        "sample_stats": group_dataset(stats, provenance),
        "observed_data": group_dataset(observed, provenance, leading=()),
    }
    if any(fit.runset.diagnostic_files):
        own_scale = {"values": unconstrained_draws(fit)}
        groups[UNCONSTRAINED] = group_dataset(own_scale, provenance)
    return az.InferenceData(**{name: group for name, group in groups.items() if group.data_vars})


def unconstrained_draws(fit: cmdstanpy.CmdStanMCMC) -> npt.NDArray[np.float64]:
    """Draws on the scale on which the sampler moves, where no parameter has bounds.

    Parameters
    ----------
    fit
        Sampled with ``save_latent_dynamics``.

    Returns
    -------
    numpy.ndarray
        Shape (chains, draws, dimensions), in the order in which the program declares its
        parameters; a simplex of length K has K - 1 dimensions.
    """
    first = len(fit.metadata.method_vars)
    chains = []
    for path in fit.runset.diagnostic_files:
        table = np.loadtxt(draw_rows(Path(path)), delimiter=",", ndmin=2)
        # positions, momenta and gradients of all dimensions
        dimensions = (table.shape[1] - first) // 3
        chains.append(table[:, first : first + dimensions])
    return np.stack(chains)


def draw_rows(csv: Path) -> list[str]:
    """Rows of a CSV that Stan wrote, without comments and names."""
    lines = csv.read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")][1:]


def group_dataset(
    values: Mapping[str, npt.NDArray[Any]],
    attributes: Mapping[str, str | int | float],
    leading: tuple[str, ...] = ("chain", "draw"),
) -> xr.Dataset:
    """One group of an InferenceData.

    Parameters
    ----------
    values
        Arrays by name; their first dimensions are `leading`, the others are the variable's own.
    attributes
        Attributes of the group.
    leading
        Names of the first dimensions; these count from 0, a variable's own from 1 as in Stan.
    """
    variables: dict[str, tuple[tuple[str, ...], npt.NDArray[Any]]] = {}
    coordinates: dict[str, npt.NDArray[np.int64]] = {}
    for name, array in values.items():
        own = tuple(f"{name}_dim_{k + 1}" for k in range(array.ndim - len(leading)))
        dimensions = (*leading, *own)
        variables[name] = (dimensions, array)
        for dimension, size in zip(dimensions, array.shape, strict=True):
            first = 0 if dimension in leading else 1
            coordinates[dimension] = np.arange(first, first + size)
    return xr.Dataset(variables, coords=coordinates, attrs=dict(attributes))
