"""Full Bayes for the importance of foreign keys, without MCMC: sigma2_fk is integrated out.

The model is that of `tasks.bayes.conjugate` with ``sigma2_fk ~ InverseGamma(a0, b0)``, and that of
``stan/key_importance.stan``. Given sigma2_fk all is normal, and the posterior of its logarithm is
smooth and one-dimensional: the trapezoid rule on it converges exponentially.
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.interpolate import CubicSpline

from tasks.bayes.arguments import Floats, check_keys, positive
from tasks.bayes.conjugate import log_marginal, posterior_mean, posterior_variance, shrinkage
from tasks.errors import InputError

CUT = 40.0  # nats below the peak at which the density is cut off: e**-40 = 4e-18 of it
NODES_PER_SD = 2  # of the posterior of log sigma2_fk, where that is narrowest
WIDEST = 0.25  # spacing; analytic within pi / 2 of the real line: error e**-39
ZOOMS, COARSE_NODES = 2, 64
CELLS_PER_NODE = 32  # for draws
LEAST_SLOPE = 0.1  # of an integrand's upper tail, for its integral to be assessable


@dataclass(frozen=True)
class ImportancePosterior:
    """Posterior of the importances alpha, shape (K,), and of sigma2_fk.

    Attributes
    ----------
    ybar, n, sigma2_obs
        The data.
    mean, sd
        Posterior mean and standard deviation of each alpha_k.
    log_sigma2_fk
        Equally spaced nodes, shape (m,).
    log_density
        Log posterior density of log sigma2_fk at the nodes, normalised.
    weights
        Weight of each node in a posterior mean; they sum to 1.
    log_evidence
        Log marginal density of the means, in nats, no constant dropped.
    """

    ybar: Floats
    n: Floats
    sigma2_obs: float
    mean: Floats
    sd: Floats
    log_sigma2_fk: Floats
    log_density: Floats
    weights: Floats
    log_evidence: float


def importance_posterior(
    ybar: npt.ArrayLike, n: npt.ArrayLike, sigma2_obs: float, a0: float, b0: float
) -> ImportancePosterior:
    """Integrate sigma2_fk out of the posterior of the importances, by quadrature.

    Parameters
    ----------
    ybar
        Mean of each key's observations, shape (K,); ignored where there are none.
    n
        Number of observations of each key, shape (K,).
    sigma2_obs
        Variance of one observation, known.
    a0, b0
        Shape and scale of the inverse gamma prior of sigma2_fk.

    Raises
    ------
    InputError
        As `check_keys`; also if a0 or b0 is not above 0, or a key is without observations and the
        posterior's upper tail is too heavy for the mean of sigma2_fk, which is its variance.

    Examples
    --------
    >>> posterior = importance_posterior([2.0, -1.0, 0.5], [10, 20, 5], 1.0, a0=2.0, b0=1.0)
    >>> posterior.mean.round(3), posterior.sd.round(3)
    (array([ 1.808, -0.949,  0.414]), array([0.316, 0.22 , 0.409]))
    """
    means, counts = check_keys(ybar, n, sigma2_obs)
    positive("a0", a0)
    positive("b0", b0)
    seen = counts > 0
    tail = a0 + seen.sum() / 2  # the density of log sigma2_fk falls as exp(-tail log sigma2_fk)
    if not seen.all() and tail - 1 < LEAST_SLOPE:
        raise InputError(
            "The variance of a key without observations is not assessable unless a0 + (keys with "
            f"observations) / 2 is at least {1 + LEAST_SLOPE}, got {tail:g}: take a larger a0."
        )
    seen_means, error2 = means[seen], sigma2_obs / counts[seen]

    def log_joint(nodes: Floats) -> Floats:
        prior = a0 * math.log(b0) - math.lgamma(a0) - a0 * nodes - np.exp(math.log(b0) - nodes)
        return np.asarray(prior + log_marginal(np.exp(nodes), seen_means, error2))

    low, high = _bounds(seen_means, error2, tail, b0)
    for _ in range(ZOOMS):
        nodes = np.linspace(low, high, COARSE_NODES)
        low, high = _support(nodes, log_joint(nodes), tail)
    cells = math.ceil((high - low) * max(NODES_PER_SD * math.sqrt(tail), 1 / WIDEST))
    nodes = np.linspace(low, high, cells + 1)
    spacing = (high - low) / cells
    joint = log_joint(nodes)
    mass = np.exp(joint - joint.max())
    log_evidence = float(joint.max()) + math.log(mass.sum() * spacing)
    weights = mass / mass.sum()

    lam = sigma2_obs / np.exp(nodes)[:, None]
    factor = shrinkage(counts, lam)
    mean_factor = weights @ factor
    within = weights @ posterior_variance(counts, lam, sigma2_obs)
    between = (weights @ (factor - mean_factor) ** 2) * means**2
    return ImportancePosterior(
        ybar=means,
        n=counts,
        sigma2_obs=sigma2_obs,
        mean=mean_factor * means,
        sd=np.sqrt(within + between),
        log_sigma2_fk=nodes,
        log_density=joint - log_evidence,
        weights=weights,
        log_evidence=log_evidence,
    )


def _bounds(means: Floats, error2: Floats, tail: float, b0: float) -> tuple[float, float]:
    """Give bounds of log sigma2_fk outside of which there is no mass to speak of.

    The posterior is InverseGamma(tail, b0) times a factor that rises with sigma2_fk to a limit.
    So that law's lower tail bounds the posterior's (Laurent & Massart's bound for a gamma), and
    above `scale`, where the factor is within exp(-0.85 K) of its limit, so does its upper tail.
    """
    low = math.log(b0) - math.log(tail + math.sqrt(2 * tail * CUT) + CUT)
    scale = math.log(error2.max() + np.mean(means**2) + b0)
    return low, scale + (CUT + 1 + 0.85 * means.size) / (tail - _tilt(tail))


def _support(nodes: Floats, log_density: Floats, tail: float) -> tuple[float, float]:
    """Narrow the bounds to where the density, or its product with sigma2_fk, is not negligible.

    The log density falls by at most `tail` a unit to the right: wherever it is above the cut, the
    next node to the right is kept, so that no narrow peak slips through.
    """
    reach = CUT + tail * (nodes[1] - nodes[0])
    tilted = log_density + _tilt(tail) * nodes
    above = (log_density > log_density.max() - reach) | (tilted > tilted.max() - reach)
    kept = np.flatnonzero(above)
    return float(nodes[max(kept[0] - 1, 0)]), float(nodes[kept[-1]])


def _tilt(tail: float) -> float:
    """Power of sigma2_fk whose mean is to be exact: 1, unless its tail is too heavy."""
    return 1.0 if tail - 1 >= LEAST_SLOPE else 0.0


def draw_importance(
    posterior: ImportancePosterior, draws: int, rng: np.random.Generator
) -> tuple[Floats, Floats]:
    """Draw independently from the posterior: sigma2_fk, then alpha given sigma2_fk.

    Parameters
    ----------
    posterior
        What `importance_posterior` returns.
    draws
        Number of draws, >= 1.
    rng
        Source of randomness.

    Returns
    -------
    sigma2_fk
        Shape (draws,); by its inverse distribution function, from a spline of the log density.
    alpha
        Shape (draws, K).

    Raises
    ------
    InputError
        If draws < 1.
    """
    if draws < 1:
        raise InputError(f"Argument draws must be >= 1, got {draws}.")
    nodes = posterior.log_sigma2_fk
    edges = np.linspace(nodes[0], nodes[-1], CELLS_PER_NODE * (nodes.size - 1) + 1)
    mass = np.exp(CubicSpline(nodes, posterior.log_density)((edges[1:] + edges[:-1]) / 2))
    below = np.concatenate([[0.0], np.cumsum(mass)])
    sigma2_fk = np.exp(np.interp(rng.random(draws) * below[-1], below, edges))
    lam = posterior.sigma2_obs / sigma2_fk[:, None]
    sd = np.sqrt(posterior_variance(posterior.n, lam, posterior.sigma2_obs))
    return sigma2_fk, rng.normal(posterior_mean(posterior.ybar, posterior.n, lam), sd)
