"""What every ensemble can do, whatever its members are."""

from collections.abc import Sequence
from typing import Protocol, Self

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
TargetArray = npt.NDArray[np.floating] | npt.NDArray[np.integer]


class Hybrids(Protocol):
    """Rows of an ensemble whose features are exchanged between them."""

    def predict_steps(
        self, rows: slice, donors: IntArray, joins: IntArray, n_steps: int
    ) -> FloatArray:
        """Each member's predictions at every step at which features join.

        Parameters
        ----------
        rows
            Which rows, n of them.
        donors
            The row that each takes features from, shape (n,).
        joins
            Step from which on a feature is the donor's, shape (p,); `n_steps` where it never is.
        n_steps
            S.

        Returns
        -------
        ndarray of shape (S, B, C, n)
            As `Ensemble.predict_members`, rows last; C is 1 in a regression.
        """
        ...


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

    def hybrids(self, x: FloatArray) -> Hybrids:
        """Rows whose features can be exchanged between them, for attribution.

        Parameters
        ----------
        x
            All rows, shape (N, p); NaN is missing.
        """
        ...

    def subset(self, members: Sequence[int]) -> Self:
        """The ensemble of some of the members, in the order given."""
        ...
