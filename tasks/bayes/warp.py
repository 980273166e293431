"""Warp transformations: a posterior brought near to a standard normal law, its mass unchanged."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.linalg import solve_triangular
from scipy.special import logsumexp

from tasks.bayes.arguments import Floats
from tasks.errors import InputError

LEAST_SPREAD = 1e-10
"""Of a dimension given those before it, as a part of its own standard deviation."""
LogDensity = Callable[[Floats], Floats]
"""Unconstrained points (S, D) to log densities (S,) that need not be normalised."""


@dataclass(frozen=True)
class Warp:
    """Shift and scale to mean 0 and covariance I, and where asked, symmetry about the mean.

    Attributes
    ----------
    location
        Mean of the law, shape (D,).
    scale
        Lower Cholesky factor of its covariance, shape (D, D).
    signs
        ``(1,)`` to shift and scale (Warp-II); ``(1, -1)`` to mix the law with its mirror image
        about the mean as well, so that no skewness is left (Warp-III).
    """

    location: Floats
    scale: Floats
    signs: tuple[int, ...]

    def standardize(self, points: Floats) -> Floats:
        """Points (S, D) with the mean taken off and the covariance divided out."""
        centred = (points - self.location).T
        return np.asarray(solve_triangular(self.scale, centred, lower=True).T)

    def place(self, standardized: Floats) -> Floats:
        """Points of each sign, shape (signs, S, D), that standardized points stand for."""
        step = standardized @ self.scale.T
        return np.stack([self.location + sign * step for sign in self.signs])

    def log_ratio(self, log_densities: Floats, standardized: Floats) -> Floats:
        """Log of the warped density over the standard normal one, shape (S,).

        Parameters
        ----------
        log_densities
            Of the points that `place` gives, shape (signs, S).
        standardized
            What `place` was given, shape (S, D).
        """
        warped = logsumexp(log_densities, axis=0) - np.log(len(self.signs))
        log_volume = np.log(np.diag(self.scale)).sum()
        dimensions = standardized.shape[1]
        normal = -0.5 * (standardized**2).sum(axis=1) - 0.5 * dimensions * np.log(2 * np.pi)
        return np.asarray(warped + log_volume - normal)


def fit_warp(draws: Floats, *, symmetric: bool) -> Warp:
    """Fit a warp to the moments of draws.

    Parameters
    ----------
    draws
        Shape (S, D).
    symmetric
        Whether the law is mixed with its mirror image.

    Raises
    ------
    InputError
        If the draws do not span all D dimensions.

    References
    ----------
    Meng & Schilling (2002), Warp Bridge Sampling, Journal of Computational and Graphical
    Statistics 11, 552-586.

    Examples
    --------
    >>> warp = fit_warp(np.array([[1.0], [3.0], [5.0]]), symmetric=True)
    >>> warp.standardize(np.array([[5.0]])), warp.place(np.array([[1.0]])).tolist()
    (array([[1.]]), [[[5.0]], [[1.0]]])
    """
    count, dimensions = draws.shape
    location = draws.mean(axis=0)
    # of the centred draws themselves: their covariance would square the condition number
    triangle = np.linalg.qr((draws - location) / np.sqrt(max(count - 1, 1))).R
    scale = triangle.T * np.sign(np.diag(triangle))
    spread = LEAST_SPREAD * np.linalg.norm(scale, axis=1)
    if count <= dimensions or (np.diag(scale) <= spread).any():
        raise InputError(
            f"The draws must span all {dimensions} dimensions, these {count} do not: leave out "
            "what the others determine, or draw more."
        )
    return Warp(location, scale, (1, -1) if symmetric else (1,))
