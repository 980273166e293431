"""The competing models and their fallbacks: which program, with which data."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tasks.errors import InputError
from tasks.inference.comparison.record import ModelName
from tasks.inference.comparison.settings import Priors
from tasks.inference.comparison.units import LOG_PRECISION, FloatArray, Units, standardised
from tasks.locations import resource

HALF_CAUCHY, HALF_NORMAL = 1, 2
STEEPNESS = 2.0
"""Of the adaptive model's change at its threshold, per unit."""


@dataclass(frozen=True)
class Candidate:
    """A model.

    Attributes
    ----------
    name
        Of the model.
    title
        The same in words.
    program
        Its file; None for the one that needs no Markov chain.
    tau
        Name of the standard deviation of the true effects in the program, if there is one.
    """

    name: ModelName
    title: str
    program: Path | None
    tau: str | None = "tau"


CANDIDATES: dict[ModelName, Candidate] = {
    candidate.name: candidate
    for candidate in (
        Candidate(
            "complete_pooling", "complete pooling", resource("stan", "complete_pooling.stan"), None
        ),
        Candidate(
            "hierarchical_noncentered",
            "partial pooling",
            resource("stan", "hierarchical_noncentered.stan"),
        ),
        Candidate(
            "hierarchical_skeptical",
            "partial pooling, skeptical prior",
            resource("stan", "hierarchical_noncentered.stan"),
        ),
        Candidate(
            "hierarchical_adaptive",
            "partial pooling, adaptive scale",
            resource("stan", "hierarchical_adaptive.stan"),
            "tau_effective",
        ),
        Candidate(
            "precision_regression",
            "regression on the precision",
            resource("stan", "precision_regression.stan"),
        ),
        Candidate(
            "hierarchical_covariates",
            "regression on the covariates",
            resource("stan", "hierarchical_covariates.stan"),
        ),
        Candidate(
            "hierarchical_student_t",
            "Student-t effects",
            resource("stan", "hierarchical_student_t.stan"),
        ),
        Candidate("empirical_bayes", "empirical Bayes", None),
    )
}
"""By name; of two that are both adequate and predict alike, the first is recommended."""

COMPETING: tuple[ModelName, ...] = (
    "hierarchical_noncentered",
    "hierarchical_skeptical",
    "hierarchical_adaptive",
)
"""Those that are fitted at first."""


def program_data(
    name: ModelName,
    units: Units,
    priors: Priors,
    *,
    likelihood: bool = True,
    integrated: bool = False,
    tau_scale: float | None = None,
    threshold: float | None = None,
) -> dict[str, Any]:
    """Data of a model's program.

    Parameters
    ----------
    name
        Of the model.
    units, priors
        Units and priors.
    likelihood
        Whether it is fitted to the estimates, or draws from its prior.
    integrated
        Whether the true effects are integrated out; most fallbacks know no other way.
    tau_scale, threshold
        In place of those of the priors.

    Raises
    ------
    InputError
        If there are no covariates for the regression on covariates, or all standard errors are
        equal for that on the precision.
    """
    is_skeptical = name == "hierarchical_skeptical"
    data: dict[str, Any] = {
        "J": len(units.labels),
        "y": units.y,
        "sigma": units.sigma,
        "mu_mean": priors.skeptical_mean if is_skeptical else priors.mu_mean,
        "mu_sd": priors.skeptical_sd if is_skeptical else priors.mu_sd,
        "tau_family": HALF_NORMAL if is_skeptical else HALF_CAUCHY,
        "tau_scale": tau_scale
        or (priors.skeptical_tau_scale if is_skeptical else priors.tau_scale),
        "likelihood": int(likelihood),
    }
    if name in COMPETING:
        data["integrated"] = int(integrated)
    if name == "hierarchical_adaptive":
        data |= {
            "threshold": threshold or priors.threshold,
            "sigma_pooled": priors.sigma_pooled,
            "steepness": STEEPNESS / priors.unit,
        }
    if name in ("precision_regression", "hierarchical_covariates"):
        x = regressors(name, units)
        data |= {"K": x.shape[1], "x": x, "beta_sd": priors.beta_sd}
    return data


def regressors(name: ModelName, units: Units) -> FloatArray:
    """What a model's location depends on, standardised, shape (J, K); K is 0 for most models.

    Raises
    ------
    InputError
        As `program_data` does.
    """
    if name == "precision_regression":
        if units.log_precision is None:
            raise InputError(
                "A regression on the precision needs standard errors that differ, got "
                f"{units.sigma[0]:g} for all units."
            )
        return units.log_precision[:, None]
    if name == "hierarchical_covariates":
        if not units.covariates:
            raise InputError("A regression on covariates needs at least 1 covariate, got none.")
        return np.column_stack([standardised(of) for of in units.covariates.values()])
    return np.zeros((len(units.labels), 0))


def regressor_names(name: ModelName, units: Units) -> tuple[str, ...]:
    """Names of `regressors`."""
    if name == "precision_regression":
        return (LOG_PRECISION,)
    return tuple(units.covariates) if name == "hierarchical_covariates" else ()
