"""Means of normal effects given their standard deviation, in closed form.

The model is ``y_j ~ N(theta_j, sigma_j)``, ``theta_j ~ N(mu, tau)``.
"""

import numpy as np
from scipy import special

from tasks.inference.comparison.units import FloatArray


def precision_weighted(
    tau: FloatArray, y: FloatArray, sigma: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Mean and variance of mu given tau under a flat prior, each of the shape of `tau`."""
    weights = 1 / (np.square(tau)[..., None] + np.square(sigma))
    total = weights.sum(axis=-1)
    return weights @ y / total, 1 / total


def restricted_log_likelihood(tau: FloatArray, y: FloatArray, sigma: FloatArray) -> FloatArray:
    """Log likelihood of tau with mu integrated out under a flat prior, up to a constant.

    References
    ----------
    Harville (1977), Maximum likelihood approaches to variance component estimation and to related
    problems, JASA 72, 320-338.
    """
    mean, variance = precision_weighted(tau, y, sigma)
    total = np.square(tau)[..., None] + np.square(sigma)
    misfit = np.log(total) + np.square(y - mean[..., None]) / total
    return np.asarray(0.5 * np.log(variance) - 0.5 * misfit.sum(axis=-1))


def effects_given(
    mu: FloatArray, tau: FloatArray, y: FloatArray, sigma: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Mean and sd of every effect given mu and tau, shape (..., J)."""
    kept = np.square(tau)[..., None] / (np.square(tau)[..., None] + np.square(sigma))
    mean = mu[..., None] + kept * (y - mu[..., None])
    return mean, np.sqrt(kept) * sigma


def effective_tau(
    tau: FloatArray, threshold: float, sigma_pooled: float, steepness: float
) -> FloatArray:
    """Standard deviation of the effects in the adaptive model.

    Parameters
    ----------
    tau
        The parameter.
    threshold
        Value of `tau` around which the scale changes.
    sigma_pooled
        Spread of the effects at the threshold, seen from below.
    steepness
        Of the change, in 1 / the unit of `tau`.

    Examples
    --------
    >>> effective_tau(np.array([0, 0.3, 3, 30]), 3, 4, 2).round(3).tolist()
    [0.0, 0.4, 3.5, 30.0]
    """
    above = special.expit(steepness * (tau - threshold))
    return np.asarray(tau * (above + (1 - above) * sigma_pooled / threshold))
