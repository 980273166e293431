"""Which members of an ensemble are compared with each other, and their variance."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from tasks.errors import InputError

PredictMembers = Callable[[NDArray[np.float64]], NDArray[np.float64]]
"""Rows (N, p) to the members' predictions: (B, N), or class probabilities (B, N, C)."""


@dataclass(frozen=True)
class SubEnsembles:
    """Members in J disjoint runs.

    Attributes
    ----------
    bounds
        Sub-ensemble j holds the members ``bounds[j]`` to ``bounds[j + 1] - 1``.
    centred
        True for the disagreement of a sub-ensemble's members about their mean; False for the
        members' own functions, about 0.
    """

    bounds: tuple[int, ...]
    centred: bool = True

    def __len__(self) -> int:
        return len(self.bounds) - 1

    @property
    def n_members(self) -> int:
        """Number of members, B."""
        return self.bounds[-1]

    @cached_property
    def _group(self) -> NDArray[np.intp]:
        """Sub-ensemble of each member, shape (B,)."""
        return np.repeat(np.arange(len(self)), np.diff(self.bounds))

    @cached_property
    def _indicator(self) -> NDArray[np.float64]:
        """Whether a member is in a sub-ensemble, shape (J, B)."""
        return np.eye(len(self))[:, self._group]

    def centre(self, predictions: NDArray[np.float64]) -> NDArray[np.float64]:
        """Each member's difference from the mean of its sub-ensemble, shape (B, n, C)."""
        if not self.centred:
            return predictions
        flat = predictions.reshape(len(predictions), -1)
        means = self._indicator @ flat
        means /= np.diff(self.bounds)[:, None]
        return (flat - means[self._group]).reshape(predictions.shape)

    def variance(self, centred: NDArray[np.float64]) -> NDArray[np.float64]:
        """Variance over each sub-ensemble's members (ddof 1), summed over classes.

        Parameters
        ----------
        centred
            As `centre` gives it, or a difference of two such arrays, shape (B, n, C).

        Returns
        -------
        ndarray of shape (J, n)
        """
        _, n_rows, n_classes = centred.shape
        squares = self._indicator @ np.square(centred.reshape(len(centred), -1))
        squares /= (np.diff(self.bounds) - self.centred)[:, None]
        return squares if n_classes == 1 else squares.reshape(-1, n_rows, n_classes).sum(axis=2)


def split_members(n_members: int, n_groups: int = 1) -> SubEnsembles:
    """Split an ensemble evenly into disjoint sub-ensembles, whose sizes differ by at most 1.

    Parameters
    ----------
    n_members
        B.
    n_groups
        J.

    Raises
    ------
    InputError
        If a sub-ensemble would have fewer than 2 members: disagreement is then undefined.

    Examples
    --------
    >>> split_members(7, 3).bounds
    (0, 3, 5, 7)
    """
    if n_groups < 1:
        raise InputError(f"The number of sub-ensembles must be >= 1, got {n_groups}.")
    if n_members < 2 * n_groups:
        raise InputError(
            "Epistemic uncertainty needs at least 2 members in each sub-ensemble, got "
            f"{n_members} for {n_groups}: fit more members or ask for fewer sub-ensembles."
        )
    sizes = [len(part) for part in np.array_split(np.arange(n_members), n_groups)]
    return SubEnsembles(bounds=(0, *(int(bound) for bound in np.cumsum(sizes))))


def single_members(n_members: int) -> SubEnsembles:
    """Each member by itself and not centred: shares are then Shapley effects of its function.

    Examples
    --------
    >>> single_members(2).bounds
    (0, 1, 2)
    """
    return SubEnsembles(bounds=tuple(range(n_members + 1)), centred=False)


def checked_predictions(
    predictions: NDArray[np.float64], n_rows: int, members: SubEnsembles
) -> NDArray[np.float64]:
    """Predictions with an axis of classes (of length 1 in regression), shape (B, N, C).

    Raises
    ------
    InputError
        If their shape is not (B, N) or (B, N, C).
    """
    values = np.asarray(predictions, dtype=np.float64)
    if values.ndim not in (2, 3) or values.shape[:2] != (members.n_members, n_rows):
        raise InputError(
            f"Predictions must have shape ({members.n_members}, {n_rows}) or "
            f"({members.n_members}, {n_rows}, classes), got {values.shape}."
        )
    return values[:, :, None] if values.ndim == 2 else values
