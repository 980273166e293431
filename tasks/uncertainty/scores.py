"""Proper scores of held-out rows, one by one; lower is better."""

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

from tasks.uncertainty.prediction_checks import check_normal, check_probabilities
from tasks.uncertainty.protocol import FloatArray

SMALLEST_PROBABILITY = float(np.finfo(np.float64).eps)


def gaussian_nll(y: FloatArray, mean: FloatArray, variance: FloatArray) -> FloatArray:
    """Negative log density of a normal at each row, in nats.

    Parameters
    ----------
    y, mean, variance
        Observed values and the moments of the predictive distribution, each of shape (N,). For
        an ensemble: the members' mean and the total of `split_variance`.

    Returns
    -------
    numpy.ndarray
        Shape (N,).

    Raises
    ------
    InputError
        If the shapes differ, a value is not finite, or a variance is not positive.

    Examples
    --------
    >>> gaussian_nll(np.zeros(1), np.zeros(1), np.ones(1)).round(4)
    array([0.9189])
    """
    check_normal(y, mean, variance)
    nll: FloatArray = 0.5 * (np.log(2 * np.pi * variance) + (y - mean) ** 2 / variance)
    return nll


def crps_normal(y: FloatArray, mean: FloatArray, variance: FloatArray) -> FloatArray:
    """Continuous ranked probability score of a normal at each row, in the target's unit.

    Parameters
    ----------
    y, mean, variance
        As for `gaussian_nll`.

    Returns
    -------
    numpy.ndarray
        Shape (N,).

    Raises
    ------
    InputError
        As `gaussian_nll`.

    References
    ----------
    Gneiting & Raftery (2007), Strictly proper scoring rules, prediction, and estimation, JASA
    102, 359-378, section 4.2.

    Examples
    --------
    >>> crps_normal(np.zeros(1), np.zeros(1), np.ones(1)).round(4)
    array([0.2337])
    """
    check_normal(y, mean, variance)
    sd = np.sqrt(variance)
    z = (y - mean) / sd
    density = np.exp(-0.5 * z**2) / np.sqrt(2 * np.pi)
    crps: FloatArray = sd * (z * (2 * ndtr(z) - 1) + 2 * density - 1 / np.sqrt(np.pi))
    return crps


def log_loss(y: npt.NDArray[np.integer], probabilities: FloatArray) -> FloatArray:
    """Negative log probability of the observed class at each row, in nats.

    Parameters
    ----------
    y
        Class codes, shape (N,).
    probabilities
        Shape (N, C). Below 2.2e-16 they are taken as that, as in scikit-learn.

    Returns
    -------
    numpy.ndarray
        Shape (N,).

    Raises
    ------
    InputError
        If the shapes differ, a code is out of range, or a row is no probability distribution.

    Examples
    --------
    >>> log_loss(np.array([1]), np.array([[0.75, 0.25]])).round(4)
    array([1.3863])
    """
    check_probabilities(y, probabilities)
    observed = probabilities[np.arange(len(y)), y]
    loss: FloatArray = -np.log(np.clip(observed, SMALLEST_PROBABILITY, 1.0))
    return loss


def brier(y: npt.NDArray[np.integer], probabilities: FloatArray) -> FloatArray:
    """Brier's score at each row, summed over the classes: 0 to 2, for two classes as well.

    Parameters
    ----------
    y, probabilities
        As for `log_loss`.

    Returns
    -------
    numpy.ndarray
        Shape (N,).

    Raises
    ------
    InputError
        As `log_loss`.

    References
    ----------
    Brier (1950), Monthly Weather Review 78, 1-3.

    Examples
    --------
    >>> brier(np.array([1]), np.array([[0.75, 0.25]]))
    array([1.125])
    """
    check_probabilities(y, probabilities)
    score: FloatArray = ((probabilities - np.eye(probabilities.shape[1])[y]) ** 2).sum(axis=1)
    return score
