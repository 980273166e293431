"""Prediction of a unit from all others: LOO with the unit's own effect integrated out.

What `log_lik` conditions on, the effect theta_j, is told by y_j alone once it is left out, so
that importance weights from it have no finite variance where the effects differ by much. With
theta_j integrated out the target is the same and the weights are nearly even.
"""

import warnings
from dataclasses import dataclass

import arviz as az
import numpy as np
import xarray as xr
from scipy import special, stats

from tasks.inference.comparison.draws import Draws
from tasks.inference.comparison.units import FloatArray

MIXTURE = np.linspace(-14.0, 4.0, 73)
"""Nodes over a Student-t's scale, before they are stretched."""
LONGEST_TAIL = 600.0
"""Of the logarithm of its precision; beyond it nothing is left of any density."""


@dataclass(frozen=True)
class LeftOut:
    """Leaving one unit out.

    Attributes
    ----------
    elpd
        ArviZ's record with the pointwise log predictive densities and Pareto k.
    z
        Normal score of each estimate in its prediction from the others, shape (J,).
    tail
        The smaller of the chances to lie below and above an estimate given each draw, averaged
        over the posterior of all units, shape (J,).
    """

    elpd: az.ELPDData
    z: FloatArray
    tail: FloatArray

    @property
    def pareto_k(self) -> FloatArray:
        """Of each unit, shape (J,)."""
        return np.asarray(self.elpd.pareto_k.values, dtype=np.float64)


def leave_one_out(draws: Draws, y: FloatArray, sigma: FloatArray) -> LeftOut:
    """Expected log predictive density and normal scores by importance sampling.

    References
    ----------
    Vehtari, Gelman & Gabry (2017), Practical Bayesian model evaluation using leave-one-out
    cross-validation and WAIC, Statistics and Computing 27, 1413-1432.
    Vehtari, Mononen, Tolvanen, Sivula & Winther (2016), Bayesian leave-one-out cross-validation
    approximations for Gaussian latent variable models, JMLR 17 (103).
    Marshall & Spiegelhalter (2007), Identifying outliers in Bayesian hierarchical models,
    Bayesian Analysis 2, 409-444.
    """
    log_density, below, above = unit_predictive(draws, y, sigma)
    dimensions = ("chain", "draw", "unit")
    data = az.InferenceData(
        posterior=xr.Dataset({"mu": (dimensions[:2], draws.mu)}),
        log_likelihood=xr.Dataset({"y": (dimensions, log_density)}),
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of Pareto k: judged by whoever uses it
        elpd = az.loo(data, pointwise=True)
    flat = log_density.reshape(-1, len(y))
    log_weights, _ = az.psislw(-xr.DataArray(flat.T, dims=("unit", "__sample__")))
    lower, upper = (
        (np.exp(log_weights.values) * side.reshape(-1, len(y)).T).sum(axis=1)
        for side in (below, above)
    )
    tail = np.maximum(np.minimum(lower, upper), np.finfo(np.float64).tiny)
    return LeftOut(
        elpd,
        z=np.where(lower < upper, 1, -1) * stats.norm.ppf(tail),
        tail=np.minimum(below, above).mean(axis=(0, 1)),
    )


def unit_predictive(
    draws: Draws, y: FloatArray, sigma: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Log density of each estimate given a draw's location and tau; chances to lie below, above.

    Returns
    -------
    tuple of numpy.ndarray
        Shape (C, S, J) each; theta is integrated out.
    """
    if draws.nu is None:
        sd = np.hypot(draws.tau[..., None], sigma)
        z = (y - draws.location) / sd
        return stats.norm.logpdf(z) - np.log(sd), special.ndtr(z), special.ndtr(-z)
    columns = [
        _mixed(draws, draws.nu, y[j], sigma[j], draws.location[..., j]) for j in range(len(y))
    ]
    log_density, below, above = (np.stack(of, axis=-1) for of in zip(*columns, strict=True))
    return log_density, below, above


def _mixed(
    draws: Draws, nu: FloatArray, y: float, sigma: float, location: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """As `unit_predictive` for one estimate of a Student-t effect.

    The effect is normal with variance tau^2 / g, g ~ gamma(nu / 2, nu / 2): a sum over log g whose
    nodes are spread by its sd and stretched into the tail of small g.
    """
    half = nu[..., None] / 2
    stretched = np.maximum((MIXTURE + 0.05 * MIXTURE**3) / np.sqrt(half), -LONGEST_TAIL)
    log_weight = half * (stretched - np.exp(stretched)) + np.log1p(0.15 * MIXTURE**2)
    log_weight -= special.logsumexp(log_weight, axis=-1, keepdims=True)
    sd = np.sqrt(sigma**2 + np.square(draws.tau)[..., None] * np.exp(-stretched))
    z = (y - location[..., None]) / sd
    log_density = special.logsumexp(log_weight + stats.norm.logpdf(z) - np.log(sd), axis=-1)
    weight = np.exp(log_weight)
    below, above = ((weight * special.ndtr(side)).sum(axis=-1) for side in (z, -z))
    return log_density, below, above
