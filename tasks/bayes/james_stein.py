"""Theorem 2: what estimating sigma2_fk costs, for keys with equally many observations each.

The model is that of `tasks.bayes.conjugate`; ``s = sigma2_obs / n`` is the sampling variance of a
mean. For unequal n_k there is no closed form: simulate, or use `tasks.bayes.key_importance`.
"""

import numpy as np
import numpy.typing as npt

from tasks.bayes.arguments import Floats, check_keys, positive
from tasks.bayes.conjugate import empirical_bayes_variance, posterior_variance
from tasks.errors import InputError


def james_stein_factor(ybar: npt.ArrayLike, n: float, sigma2_obs: float) -> Floats:
    """Estimate the shrinkage B by 1 - (K - 2) s / sum(ybar**2).

    Parameters
    ----------
    ybar
        Means, shape (..., K), K >= 3; the sum runs over the last axis.
    n
        Number of observations of each key.
    sigma2_obs
        Variance of one observation.

    Returns
    -------
    numpy.ndarray
        Shape (...,). It is below 0 where the means vary less than their own error.

    Raises
    ------
    InputError
        If K < 3, n <= 0, sigma2_obs <= 0, a value is not finite, or all means are 0.

    References
    ----------
    James & Stein (1961), Estimation with Quadratic Loss, Proc. 4th Berkeley Symposium 1, 361-379.
    Efron & Morris (1973), Stein's Estimation Rule and Its Competitors, JASA 68, 117-130.

    Examples
    --------
    >>> float(james_stein_factor([2.0, 0.0, 0.0, 2.0], n=2, sigma2_obs=4.0))
    0.5
    """
    means = np.asarray(ybar, dtype=np.float64)
    keys = means.shape[-1] if means.ndim else 1
    _require_keys(keys)
    error2 = positive("sigma2_obs", sigma2_obs) / positive("n", n)
    total = positive("sum(ybar**2)", (means**2).sum(axis=-1))
    return np.asarray(1 - (keys - 2) * error2 / total)


def james_stein(ybar: npt.ArrayLike, n: float, sigma2_obs: float) -> Floats:
    """Estimate alpha by the positive part of `james_stein_factor` times the mean.

    Returns
    -------
    numpy.ndarray
        Shape (..., K) as `ybar`; arguments and errors as in `james_stein_factor`.
    """
    factor = np.maximum(james_stein_factor(ybar, n, sigma2_obs), 0.0)
    return np.asarray(factor[..., None] * np.asarray(ybar, dtype=np.float64))


def empirical_bayes_constant(n: npt.ArrayLike, lam: npt.ArrayLike) -> Floats:
    """Give c = 2 lam / n: the estimate's expected squared error is V (1 + c / K) at most.

    It is exactly that for the James-Stein estimate without the positive part. It has no bound
    that holds for all lam: it grows without limit as sigma2_fk falls to 0.

    Parameters
    ----------
    n
        Number of observations of each key, > 0.
    lam
        Variance ratio ``sigma2_obs / sigma2_fk`` > 0.

    Raises
    ------
    InputError
        If an argument is not finite and > 0.

    Examples
    --------
    >>> float(empirical_bayes_constant(n=5, lam=2))
    0.8
    """
    return np.asarray(2 * positive("lam", lam) / positive("n", n))


def empirical_bayes_posterior_variance(ybar: npt.ArrayLike, n: float, sigma2_obs: float) -> Floats:
    """Var(alpha_k | y) around the plug-in variance, Vhat (1 + c_k / K), of each key.

    The plug-in Vhat takes sigma2_fk for known; c_k = (2 s / sigma2_fk_hat) (ybar_k**2 / vhat)
    adds what the estimate may be wrong by, under the prior 1 / v on v = sigma2_fk + s.

    Parameters
    ----------
    ybar
        Means, shape (K,), K >= 3.
    n
        Number of observations of each key.
    sigma2_obs
        Variance of one observation.

    Returns
    -------
    numpy.ndarray
        Shape (K,), variances.

    Raises
    ------
    InputError
        If an argument is out of its bounds, or the estimate of sigma2_fk is 0: the prior ignores
        that v >= s, so nothing can be said there.

    References
    ----------
    Morris (1983), Parametric Empirical Bayes Inference, JASA 78, 47-55.
    """
    means = np.asarray(ybar, dtype=np.float64)
    means, counts = check_keys(means, np.broadcast_to(positive("n", n), means.shape), sigma2_obs)
    _require_keys(means.size)
    between = empirical_bayes_variance(means, counts, sigma2_obs)
    if between == 0:
        raise InputError(
            "The posterior variance is not assessable in closed form where the estimate of "
            "sigma2_fk is 0, as for these ybar: use the full Bayes posterior."
        )
    error2 = sigma2_obs / n
    plug_in = posterior_variance(n, sigma2_obs / between, sigma2_obs)
    constant = (2 * error2 / between) * means**2 / (between + error2)
    return np.asarray(plug_in * (1 + constant / means.size))


def _require_keys(keys: int) -> None:
    if keys < 3:
        raise InputError(
            f"Theorem 2 needs at least 3 keys, got {keys}: use the full Bayes posterior."
        )
