"""The posterior of a network's last layer, given the values of its last hidden layer."""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import softmax

from tasks.errors import InputError
from tasks.uncertainty.protocol import FloatArray

LOG_PRECISIONS = (-15.0, 15.0)
SMALLEST_VARIANCE = 1e-12  # of the noise, as a share of the target's
MOST_WEIGHTS = 4000


@dataclass(frozen=True)
class NormalPosterior:
    """A multivariate normal, in axes in which its coordinates are independent.

    Attributes
    ----------
    mean
        Shape (P,).
    axes
        Orthonormal columns, shape (P, P).
    variances
        Along the axes, shape (P,).
    """

    mean: FloatArray
    axes: FloatArray
    variances: FloatArray

    def draw(self, seed: np.random.SeedSequence) -> FloatArray:
        """One draw, shape (P,)."""
        z = np.random.default_rng(seed).standard_normal(len(self.mean))
        return self.mean + self.axes @ (np.sqrt(self.variances) * z)


def with_constant(features: FloatArray) -> FloatArray:
    """Features (n, k) and a last column of ones: the bias is a weight too."""
    return np.concatenate([features, np.ones((len(features), 1))], axis=1)


def regression_posterior(design: FloatArray, target: FloatArray) -> NormalPosterior:
    """Posterior of the weights of a linear regression with normal noise and prior.

    The target is normal around design @ w with variance s2, and w is normal around 0 with variance
    s2 / r in every direction. Both s2 and r are those that maximise the marginal likelihood; s2
    given r has a closed form, and r is found by a search in one dimension.

    Parameters
    ----------
    design
        Shape (n, P).
    target
        Shape (n,), around 0 and of a spread around 1.

    References
    ----------
    MacKay (1992), Bayesian interpolation, Neural Computation 4, 415-447.
    """
    n_rows = len(target)
    eigenvalues, axes = _eigen(design.T @ design)
    projected = axes.T @ (design.T @ target)

    def noise_variance(ratio: float) -> float:
        unexplained = target @ target - np.sum(projected**2 / (eigenvalues + ratio))
        return max(float(unexplained) / n_rows, SMALLEST_VARIANCE)

    def deviance(log_ratio: float) -> float:
        """-2 log marginal likelihood, up to a constant."""
        ratio = float(np.exp(log_ratio))
        return float(n_rows * np.log(noise_variance(ratio)) + np.sum(np.log1p(eigenvalues / ratio)))

    ratio = float(np.exp(minimize_scalar(deviance, bounds=LOG_PRECISIONS, method="bounded").x))
    shrunk = 1 / (eigenvalues + ratio)
    return NormalPosterior(axes @ (projected * shrunk), axes, noise_variance(ratio) * shrunk)


def softmax_posterior(design: FloatArray, mode: FloatArray) -> NormalPosterior:
    """Laplace approximation of the weights of a softmax regression, around trained weights.

    The precision is the generalised Gauss-Newton matrix, here the Hessian of the negative log
    likelihood, plus that of a normal prior around 0, which maximises the Laplace approximation
    of the marginal likelihood with the mode held fixed.

    Parameters
    ----------
    design
        Shape (n, k).
    mode
        Trained weights, shape (k, C).

    Returns
    -------
    NormalPosterior
        Of the weights in C order, P = k * C.

    Raises
    ------
    InputError
        If P exceeds 4000.

    References
    ----------
    Daxberger et al. (2021), Laplace redux - effortless Bayesian deep learning, NeurIPS 34.
    """
    if mode.size > MOST_WEIGHTS:
        raise InputError(
            f"The last layer of a Bayesian network may hold {MOST_WEIGHTS} weights, got "
            f"{mode.size}: choose a smaller width, or another kind."
        )
    eigenvalues, axes = _eigen(softmax_curvature(design, softmax(design @ mode, axis=1)))
    square = float(np.sum(mode**2))

    def deviance(log_precision: float) -> float:
        """-2 log marginal likelihood, up to a constant."""
        precision = float(np.exp(log_precision))
        return float(precision * square + np.sum(np.log1p(eigenvalues / precision)))

    best = minimize_scalar(deviance, bounds=LOG_PRECISIONS, method="bounded")
    return NormalPosterior(mode.ravel(), axes, 1 / (eigenvalues + float(np.exp(best.x))))


def softmax_curvature(design: FloatArray, p: FloatArray) -> FloatArray:
    """Hessian of a softmax regression's negative log likelihood.

    Parameters
    ----------
    design
        Shape (n, k).
    p
        Probabilities, shape (n, C).

    Returns
    -------
    numpy.ndarray
        Sum over rows of (design design^T) x (diag(p) - p p^T), shape (k * C, k * C); the weights
        of a feature are side by side.
    """
    n_features, n_classes = design.shape[1], p.shape[1]
    curvature = np.empty((n_features, n_classes, n_features, n_classes))
    for one in range(n_classes):
        for other in range(one + 1):
            weights = p[:, one] * ((one == other) - p[:, other])
            block = design.T @ (design * weights[:, None])
            curvature[:, one, :, other] = curvature[:, other, :, one] = block
    return curvature.reshape(n_features * n_classes, -1)


def _eigen(matrix: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Of a positive semidefinite matrix: eigenvalues, none below 0 by rounding, and axes."""
    eigenvalues, axes = np.linalg.eigh(matrix)
    return np.maximum(eigenvalues, 0), axes
