"""What is kept of N simulations: ranks, true values and the posterior's summary."""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

LOG_LIKELIHOOD = "log likelihood"
"""Name of the joint log likelihood among the quantities."""


class Status(IntEnum):
    """How a fit ended."""

    OK = 0
    SHORT = 1
    """Its effective sample size stayed below the number of draws that are kept."""
    FAILED = 2
    """It gave no draws: no place to start from, or an exception."""


@dataclass(frozen=True)
class Simulations:
    """N simulations, Q quantities, in the order of the simulations' numbers.

    Attributes
    ----------
    names
        Of the quantities, such as ``theta[3]``; the joint log likelihood is `LOG_LIKELIHOOD`.
    n_ranks
        L + 1: a rank is one of 0..L, the number of the L kept draws below the true value.
    ranks
        Shape (N, Q); -1 where the fit failed.
    truth
        True values, shape (N, Q).
    mean, sd, iqr
        Posterior mean, standard deviation and interquartile range, shape (N, Q); NaN where the fit
        failed.
    status
        One `Status` a fit, shape (N,).
    ess
        Smallest effective sample size of a parameter or of the log density, shape (N,).
    iterations, divergences, saturated
        Iterations after warm-up, those that diverged, and those that reached the tree depth
        limit, shape (N,).
    """

    names: tuple[str, ...]
    n_ranks: int
    ranks: npt.NDArray[np.int32]
    truth: FloatArray
    mean: FloatArray
    sd: FloatArray
    iqr: FloatArray
    status: npt.NDArray[np.int8]
    ess: FloatArray
    iterations: npt.NDArray[np.int32]
    divergences: npt.NDArray[np.int32]
    saturated: npt.NDArray[np.int32]

    @property
    def is_fitted(self) -> npt.NDArray[np.bool_]:
        """Which simulations have ranks, shape (N,)."""
        return np.not_equal(self.status, Status.FAILED)
