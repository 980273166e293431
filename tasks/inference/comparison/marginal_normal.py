"""Means of normal effects given their standard deviation, in closed form.

The model is ``y_j ~ N(theta_j, sigma_j)``, ``theta_j ~ N(mu, tau)``.
"""

import numpy as np

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
