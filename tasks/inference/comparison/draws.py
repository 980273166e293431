"""The draws of a fitted candidate as arrays under the comparison's own names."""

from dataclasses import dataclass

import arviz as az
import numpy as np
import xarray as xr

from tasks.inference.comparison.candidates import CANDIDATES
from tasks.inference.comparison.record import Estimate, ModelName
from tasks.inference.comparison.units import FloatArray


@dataclass(frozen=True)
class Draws:
    """C chains of S draws.

    Attributes
    ----------
    mu
        Mean of the units' true effects, shape (C, S).
    tau
        Their standard deviation, of the adaptive model the effective one; 0 where there is none.
    raw_tau
        The same but of the adaptive model the parameter.
    nu
        Degrees of freedom of the effects; None where they are normal.
    theta
        True effects, shape (C, S, J).
    location
        What they are pooled towards, shape (C, S, J).
    y_rep
        Replicates of the estimates, shape (C, S, J).
    """

    mu: FloatArray
    tau: FloatArray
    raw_tau: FloatArray
    nu: FloatArray | None
    theta: FloatArray
    location: FloatArray
    y_rep: FloatArray


def draws_of(name: ModelName, fit: az.InferenceData) -> Draws:
    """Take the posterior's draws out of a fit."""
    posterior = fit.posterior
    mu, theta = posterior["mu"].values, posterior["theta"].values
    tau = CANDIDATES[name].tau
    is_regression = "location" in posterior
    none = np.zeros_like(mu)
    return Draws(
        mu=mu,
        tau=posterior[tau].values if tau else none,
        raw_tau=posterior["tau"].values if tau else none,
        nu=posterior["nu"].values if "nu" in posterior else None,
        theta=theta,
        location=posterior["location"].values
        if is_regression
        else np.broadcast_to(mu[..., None], theta.shape),
        y_rep=fit.posterior_predictive["y_rep"].values,
    )


def estimate(draws: FloatArray) -> Estimate:
    """Summarize draws of a number, shape (C, S)."""
    return estimates(draws[..., None])[0]


def estimates(draws: FloatArray) -> tuple[Estimate, ...]:
    """Summarize draws of J numbers, shape (C, S, J); no Monte Carlo error where all are equal."""
    over = (0, 1)
    quantiles = np.quantile(draws, [0.025, 0.5, 0.975], axis=over)
    errors = az.mcse(xr.Dataset({"x": (("chain", "draw", "j"), draws)}), method="mean")["x"].values
    columns = (draws.mean(over), errors, draws.std(over, ddof=1), *quantiles)
    names = ("mean", "mcse", "sd", "low", "median", "high")
    return tuple(
        Estimate.model_validate(
            {
                name: float(value) if np.isfinite(value) else None
                for name, value in zip(names, row, strict=True)
            }
        )
        for row in zip(*columns, strict=True)
    )
