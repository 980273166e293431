"""Posterior summaries and convergence statistics of every scalar parameter."""

from itertools import product

import arviz as az
import numpy as np
import pandas as pd
import xarray as xr

CONVERGENCE = ("mcse_mean", "ess_bulk", "ess_tail", "r_hat")


def scalar_names(variable: xr.DataArray) -> list[str]:
    """Names of a variable's scalars as in Stan.

    Parameters
    ----------
    variable
        Dimensions beside ``chain`` and ``draw`` are the variable's own.

    Examples
    --------
    >>> scalar_names(xr.DataArray(np.zeros((2, 3)), dims=("chain", "draw"), name="mu"))
    ['mu']
    >>> theta = xr.DataArray([[[5.0, 7.0]]], dims=("chain", "draw", "j"), name="theta")
    >>> scalar_names(theta.assign_coords(j=[1, 2]))
    ['theta[1]', 'theta[2]']
    """
    own = [name for name in variable.dims if name not in ("chain", "draw")]
    if not own:
        return [str(variable.name)]
    indices = product(*(variable[name].values for name in own))
    return [f"{variable.name}[{','.join(str(k) for k in index)}]" for index in indices]


def summarize(draws: xr.Dataset) -> pd.DataFrame:
    """Summarize draws, a row for each scalar.

    Parameters
    ----------
    draws
        Dimensions ``chain`` and ``draw``, and each variable's own.

    Returns
    -------
    pandas.DataFrame
        Named as in Stan (``theta[1]``): ``mean``, ``sd``, ``q5``, ``median``, ``q95``, the Monte
        Carlo standard error of the mean, bulk and tail effective sample size and rank-normalized
        split R-hat. The last four are NaN where they cannot be computed: draws that are all equal
        or not all finite, fewer than four draws a chain, and R-hat of one chain.

    References
    ----------
    Vehtari, Gelman, Simpson, Carpenter & Bürkner (2021), Rank-normalization, folding, and
    localization: An improved R-hat, Bayesian Analysis 16, 667-718.
    """
    over = ("chain", "draw")
    with np.errstate(invalid="ignore", divide="ignore"):
        table = pd.DataFrame(
            {
                "mean": flatten(draws.mean(over, skipna=False)),
                "sd": flatten(draws.std(over, ddof=1, skipna=False)),
                "mcse_mean": flatten(az.mcse(draws, method="mean")),
                "q5": flatten(draws.quantile(0.05, over, skipna=False)),
                "median": flatten(draws.quantile(0.5, over, skipna=False)),
                "q95": flatten(draws.quantile(0.95, over, skipna=False)),
                "ess_bulk": flatten(az.ess(draws, method="bulk")),
                "ess_tail": flatten(az.ess(draws, method="tail")),
                "r_hat": flatten(az.rhat(draws)),
            }
        )
    equal = flatten(draws.max(over, skipna=False) == draws.min(over, skipna=False)).astype(bool)
    table.loc[equal | ~np.isfinite(table["mean"]), list(CONVERGENCE)] = np.nan
    return table


def flatten(statistics: xr.Dataset) -> pd.Series:
    """One statistic of every scalar, by its name in Stan."""
    parts = {
        name: value
        for variable in statistics.data_vars.values()
        for name, value in zip(scalar_names(variable), variable.values.flat, strict=True)
    }
    return pd.Series(parts, dtype=float)
