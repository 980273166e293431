"""The rules that predictions keep before they are scored or split."""

import numpy as np
import numpy.typing as npt

from tasks.errors import InputError
from tasks.uncertainty.protocol import FloatArray

TOLERANCE = 1e-6


def check_normal(y: FloatArray, mean: FloatArray, variance: FloatArray) -> None:
    """Refuse observed values and normal moments that do not fit together."""
    if y.ndim != 1 or not y.shape == mean.shape == variance.shape or y.size == 0:
        raise InputError(
            "Observed values, means and variances must be of one shape (N,), got "
            f"{y.shape}, {mean.shape} and {variance.shape}."
        )
    if not (np.isfinite(y).all() and np.isfinite(mean).all() and np.isfinite(variance).all()):
        raise InputError("Observed values, means and variances must be finite, got NaN or inf.")
    if (variance <= 0).any():
        raise InputError(f"Predictive variances must be positive, got {variance.min():g}.")


def check_probabilities(y: npt.NDArray[np.integer], probabilities: FloatArray) -> None:
    """Refuse observed classes and probabilities that do not fit together."""
    if probabilities.ndim != 2 or y.shape != probabilities.shape[:1] or y.size == 0:
        raise InputError(
            "Classes must be of shape (N,) and probabilities of shape (N, C), got "
            f"{y.shape} and {probabilities.shape}."
        )
    n_classes = probabilities.shape[1]
    if y.dtype.kind not in "iu" or y.min() < 0 or y.max() >= n_classes:
        raise InputError(
            f"Class codes must be integers from 0 to {n_classes - 1}, got {y.dtype} "
            f"from {y.min()} to {y.max()}."
        )
    check_distribution(probabilities)


def check_distribution(probabilities: FloatArray) -> None:
    """Refuse probabilities, classes last, that are negative, not finite or do not sum to 1."""
    sums = probabilities.sum(axis=-1)
    if not ((probabilities >= 0).all() and np.allclose(sums, 1, rtol=0, atol=TOLERANCE)):
        raise InputError(
            "Class probabilities must be non-negative and sum to 1 in each row, got sums from "
            f"{sums.min():g} to {sums.max():g} and a smallest value of {probabilities.min():g}."
        )
