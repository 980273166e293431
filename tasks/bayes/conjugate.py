"""Closed forms of normal means around 0 with partial pooling; one mean a foreign key.

The model is ``alpha_k ~ N(0, sigma2_fk)``, ``y_ki ~ N(alpha_k, sigma2_obs)``, i = 1..n_k, with
``sigma2_obs`` known and ``lam = sigma2_obs / sigma2_fk``. Variances are in the squared unit of y.
"""

import math

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize_scalar

from tasks.bayes.arguments import Floats, check_keys, finite, non_negative, positive, require
from tasks.errors import InputError

GRID = 256  # nodes among which the global maximum is bracketed


def shrinkage(n: npt.ArrayLike, lam: npt.ArrayLike) -> Floats:
    """Weight B = n / (n + lam) of a key's own mean; broadcasts.

    Parameters
    ----------
    n
        Number of observations, >= 0.
    lam
        Variance ratio, >= 0; infinite where the keys do not differ. ``n + lam`` must be > 0.

    Raises
    ------
    InputError
        If an argument is out of its bounds or NaN.

    Examples
    --------
    >>> float(shrinkage(5, 2.5))
    0.6666666666666666
    """
    counts, ratio = _counts_and_ratio(n, lam)
    return np.asarray(counts / (counts + ratio))


def posterior_mean(ybar: npt.ArrayLike, n: npt.ArrayLike, lam: npt.ArrayLike) -> Floats:
    """Posterior mean B ybar of alpha given lam; arguments as in `shrinkage`."""
    return shrinkage(n, lam) * finite("ybar", ybar)


def posterior_variance(n: npt.ArrayLike, lam: npt.ArrayLike, sigma2_obs: npt.ArrayLike) -> Floats:
    """Posterior variance V(n) = sigma2_obs / (n + lam) of alpha given lam, as in `shrinkage`."""
    counts, ratio = _counts_and_ratio(n, lam)
    return np.asarray(positive("sigma2_obs", sigma2_obs) / (counts + ratio))


def variance_reduction(n: npt.ArrayLike, dn: npt.ArrayLike, lam: npt.ArrayLike) -> Floats:
    """Share of the posterior variance that `dn` more observations take away (Theorem 1).

    Parameters
    ----------
    n, lam
        As in `shrinkage`.
    dn
        Number of further observations, >= 0.

    Returns
    -------
    numpy.ndarray
        ``1 - V(n + dn) / V(n) = dn / (n + dn + lam)``, from 0 to ``dn / (n + dn)``.

    Raises
    ------
    InputError
        If an argument is out of its bounds or NaN.

    Examples
    --------
    >>> float(variance_reduction(100, 100, lam=0))
    0.5
    """
    more = non_negative("dn", dn)
    counts, ratio = _counts_and_ratio(n, lam)
    return np.asarray(more / (counts + more + ratio))


def ratio_from_reduction(n: npt.ArrayLike, dn: npt.ArrayLike, reduction: npt.ArrayLike) -> Floats:
    """Variance ratio lam at which `dn` more observations give the reduction; Theorem 1 inverted.

    Raises
    ------
    InputError
        If n < 0, dn <= 0, or the reduction is not in ``(0, dn / (n + dn)]``: no lam gives it.
    """
    counts, more = non_negative("n", n), positive("dn", dn)
    share = np.asarray(reduction, dtype=np.float64)
    most = more / (counts + more)
    wrong = ~((share > 0) & (share <= most))
    if wrong.any():
        share, most, wrong = np.broadcast_arrays(share, most, wrong)
        raise InputError(
            f"Argument reduction must be above 0 and at most dn / (n + dn) = {most[wrong][0]:g}, "
            f"got {share[wrong][0]:g}: no variance ratio gives it."
        )
    return np.asarray(np.maximum(more / share - (counts + more), 0.0))


def log_marginal(sigma2_fk: Floats, ybar: Floats, error2: Floats) -> Floats:
    """Log density of all means, ``ybar_k ~ N(0, sigma2_fk + error2_k)``, alpha integrated out.

    Parameters
    ----------
    sigma2_fk
        Variances between keys, shape (m,).
    ybar, error2
        Means and their sampling variances ``sigma2_obs / n_k`` > 0, shape (K,).

    Returns
    -------
    numpy.ndarray
        Shape (m,), in nats, no constant dropped.
    """
    variance = sigma2_fk[:, None] + error2
    constant = ybar.size * math.log(2 * math.pi)
    misfit: Floats = (np.log(variance) + ybar**2 / variance).sum(axis=1)
    return -0.5 * (constant + misfit)


def empirical_bayes_variance(ybar: npt.ArrayLike, n: npt.ArrayLike, sigma2_obs: float) -> float:
    """Estimate sigma2_fk >= 0 by maximum marginal likelihood; the n_k may differ.

    Parameters
    ----------
    ybar
        Mean of each key, shape (K,); ignored where there are no observations.
    n
        Number of observations of each key, shape (K,).
    sigma2_obs
        Variance of one observation.

    Returns
    -------
    float
        The global maximum. With equal n: ``mean(ybar**2) - sigma2_obs / n``, cut at 0.

    Raises
    ------
    InputError
        As `check_keys`.

    References
    ----------
    Morris (1983), Parametric Empirical Bayes Inference, JASA 78, 47-55.

    Examples
    --------
    >>> round(empirical_bayes_variance([3.0, -1.0, 2.0, -2.0], [4, 4, 4, 4], 2.0), 6)
    4.0
    """
    means, counts = check_keys(ybar, n, sigma2_obs)
    means, error2 = means[counts > 0], sigma2_obs / counts[counts > 0]
    most = float(np.max(means**2 - error2))  # above it every term of the likelihood falls
    if most <= 0:
        return 0.0
    offset = float(error2.min())

    def minus_log_likelihood(log_total: float) -> float:
        return -float(log_marginal(np.exp([log_total]) - offset, means, error2)[0])

    grid = np.linspace(math.log(offset), math.log(offset + most), GRID)
    values = log_marginal(np.exp(grid) - offset, means, error2)
    best = int(np.argmax(values))
    bracket = (grid[max(best - 1, 0)], grid[min(best + 1, GRID - 1)])
    found = minimize_scalar(
        minus_log_likelihood, bounds=bracket, method="bounded", options={"xatol": 1e-12}
    )
    at_zero = minus_log_likelihood(math.log(offset)) <= found.fun
    return 0.0 if at_zero else math.exp(found.x) - offset


def _counts_and_ratio(n: npt.ArrayLike, lam: npt.ArrayLike) -> tuple[Floats, Floats]:
    counts, ratio = non_negative("n", n), np.asarray(lam, dtype=np.float64)
    require("lam", ratio, ratio >= 0, ">= 0")
    total = counts + ratio
    require("n + lam", total, total > 0, "> 0")
    return counts, ratio
