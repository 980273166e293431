"""Random correlation matrices, and covariances from them."""

import math

import numpy as np

from tasks.calibration.simulator import FloatArray


def lkj_correlations(size: int, shape: float, rng: np.random.Generator) -> FloatArray:
    """One draw from the LKJ law of correlation matrices, by partial correlations along a C-vine.

    Parameters
    ----------
    size
        F.
    shape
        The density is proportional to the determinant to the power of `shape` - 1.
    rng
        Source of randomness.

    Returns
    -------
    numpy.ndarray
        Correlations below the diagonal, row by row, shape (F (F - 1) / 2,).

    References
    ----------
    Lewandowski, Kurowicka & Joe (2009), Generating random correlation matrices based on vines and
    extended onion method, Journal of Multivariate Analysis 100, 1989-2001.
    """
    partial, matrix = np.zeros((size, size)), np.eye(size)
    for k in range(size - 1):
        beta = shape + (size - 2 - k) / 2
        for i in range(k + 1, size):
            partial[k, i] = correlation = 2 * rng.beta(beta, beta) - 1
            for m in range(k - 1, -1, -1):
                spread = (1 - partial[m, i] ** 2) * (1 - partial[m, k] ** 2)
                correlation = correlation * math.sqrt(spread) + partial[m, i] * partial[m, k]
            matrix[i, k] = correlation
    return np.asarray(matrix[np.tril_indices(size, -1)])


def covariance(sd: FloatArray, below: FloatArray) -> FloatArray:
    """Covariance matrices from sds and correlations.

    Parameters
    ----------
    sd
        Shape (..., F).
    below
        Correlations below the diagonal, row by row, shape (..., F (F - 1) / 2).

    Returns
    -------
    numpy.ndarray
        Shape (..., F, F).

    Examples
    --------
    >>> covariance(np.array([1.0, 2.0]), np.array([0.5])).tolist()
    [[1.0, 1.0], [1.0, 4.0]]
    """
    size = sd.shape[-1]
    rows, columns = np.tril_indices(size, -1)
    matrix = np.zeros((*sd.shape, size))
    matrix[..., range(size), range(size)] = 1
    matrix[..., rows, columns] = matrix[..., columns, rows] = below
    return np.asarray(sd[..., :, None] * matrix * sd[..., None, :])
