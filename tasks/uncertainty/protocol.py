"""What every ensemble can do, whatever its members are."""

from collections.abc import Sequence
from typing import Protocol, Self

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
TargetArray = npt.NDArray[np.floating] | npt.NDArray[np.integer]


class Ensemble(Protocol):
    """B models of one target, each fitted to its own bag of the same rows."""

    @property
    def n_members(self) -> int:
        """B, the number of members."""
        ...

    def predict_members(self, x: FloatArray) -> FloatArray:
        """Each member's own prediction.

        Parameters
        ----------
        x
            Rows, shape (N, p); NaN is missing.

        Returns
        -------
        numpy.ndarray
            Regression: means, shape (B, N), in the target's unit. Classification:
            probabilities, shape (B, N, C), classes in the order of their codes.
        """
        ...

    def predict_noise(self, x: FloatArray) -> FloatArray:
        """Each member's own noise variance (regression only).

        Parameters
        ----------
        x
            Rows, shape (N, p); NaN is missing.

        Returns
        -------
        numpy.ndarray
            Variances, shape (B, N), positive, in the target's unit squared.

        Raises
        ------
        tasks.errors.InputError
            If the ensemble classifies.
        """
        ...

    def subset(self, members: Sequence[int]) -> Self:
        """The ensemble of some of the members, in the order given."""
        ...
