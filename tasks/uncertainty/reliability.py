"""Do probabilities mean what they say? Reliability of a classification."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tasks.errors import InputError
from tasks.uncertainty.calibration import Proportion, proportion
from tasks.uncertainty.prediction_checks import check_probabilities
from tasks.uncertainty.protocol import FloatArray


@dataclass(frozen=True)
class ReliabilityBin:
    """Rows with like probabilities: what was said, and how often it came true."""

    mean_probability: float
    observed: Proportion


@dataclass(frozen=True)
class Reliability:
    """Reliability of the probabilities of an event.

    Attributes
    ----------
    bins
        Those that hold rows, from low to high.
    expected_calibration_error
        Mean distance of observed share and mean probability, weighted by rows. It is biased
        upward: with few rows in a bin it is large for a calibrated forecast as well.
    expected_if_calibrated
        What it would be on average for a calibrated forecast with these probabilities (normal
        approximation); only what lies clearly above says something.
    """

    bins: tuple[ReliabilityBin, ...]
    expected_calibration_error: float
    expected_if_calibrated: float


def reliability(
    event: npt.NDArray[np.bool_], probability: FloatArray, n_bins: int = 10
) -> Reliability:
    """Reliability of the probabilities of an event, in bins of equal width.

    Parameters
    ----------
    event
        Whether it happened, shape (N,). For a class k: ``y == k``; see also `top_label`.
    probability
        What was said, shape (N,).
    n_bins
        Number of bins of [0, 1].

    Raises
    ------
    InputError
        If the shapes differ, there is no row, a probability is outside [0, 1], or there is no bin.

    References
    ----------
    Roelofs et al. (2022), Mitigating bias in calibration error estimation, AISTATS.
    """
    if event.shape != probability.shape or event.ndim != 1 or event.size == 0:
        raise InputError(
            f"Events and probabilities must be of one shape (N,), got {event.shape} and "
            f"{probability.shape}."
        )
    if not ((probability >= 0) & (probability <= 1)).all() or n_bins < 1:
        raise InputError("Probabilities must lie in [0, 1], and there must be at least 1 bin.")
    index = np.minimum((probability * n_bins).astype(np.int64), n_bins - 1)
    counts = np.bincount(index, minlength=n_bins)
    filled = counts > 0
    n = counts[filled]
    happened = np.bincount(index, weights=event, minlength=n_bins)[filled]
    said = np.bincount(index, weights=probability, minlength=n_bins)[filled]
    variance = np.bincount(index, weights=probability * (1 - probability), minlength=n_bins)[filled]
    total = len(event)
    return Reliability(
        bins=tuple(
            ReliabilityBin(float(s / k), proportion(int(h), int(k)))
            for s, h, k in zip(said, happened, n, strict=True)
        ),
        expected_calibration_error=float(np.abs(happened - said).sum() / total),
        expected_if_calibrated=float(np.sqrt(2 * variance / np.pi).sum() / total),
    )


def top_label(
    y: npt.NDArray[np.integer], probabilities: FloatArray
) -> tuple[npt.NDArray[np.bool_], FloatArray]:
    """Whether the likeliest class came true, and its probability; each of shape (N,).

    Raises
    ------
    InputError
        As `log_loss`.
    """
    check_probabilities(y, probabilities)
    return probabilities.argmax(axis=1) == y, probabilities.max(axis=1)
