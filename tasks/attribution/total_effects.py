"""Total effects of coalitions: by how much the members' disagreement changes with their features.

The total effect of the features S at row i is half the variance, over a sub-ensemble's members,
of f(x_i) - f(x_i with S from its donor). Row i with S from donor d is also row d with all but S
from i, so that one prediction gives two total effects: of S at i under the donors, and of the
other features at d under the inverse permutation.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tasks.attribution.baseline import Baseline
from tasks.attribution.epistemic import epistemic_variance
from tasks.attribution.members import checked_predictions

CHUNK = 2**15
"""Predictions that are worked on at a time (256 KiB): they stay in the processor's cache."""


class DonorGame:
    """Total effects of coalitions under one donor permutation and its inverse.

    Parameters
    ----------
    base
        The rows and their predictions.
    features
        Indices of the features of each player; together all features.
    donors
        The donor of each row, a permutation of shape (N,).
    """

    def __init__(
        self, base: Baseline, features: Sequence[Sequence[int]], donors: NDArray[np.intp]
    ) -> None:
        self._base = base
        self._features = [_as_slice(f) for f in features]
        self._donated = base.rows[donors]
        self._donated_centred = base.centred[:, donors]
        self._hybrid = base.rows.copy()
        self._coalition = 0
        self.inverse = np.argsort(donors)

    def everything(self) -> NDArray[np.float64]:
        """Total effect of all features at each row, shape (J, N); needs no prediction."""
        return 0.5 * self._base.members.variance(self._donated_centred - self._base.centred)

    def effects(self, coalition: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Total effects of a coalition and, under the inverse donors, of all others.

        Parameters
        ----------
        coalition
            Bit k says whether player k is in it.

        Returns
        -------
        pair of ndarray of shape (J, N)
            Entry i of the first belongs to row i, entry i of the second to the donor of row i;
            ``second[:, inverse]`` is in the order of the rows.
        """
        changed = coalition ^ self._coalition
        for player, features in enumerate(self._features):
            if changed >> player & 1:
                source = self._donated if coalition >> player & 1 else self._base.rows
                self._hybrid[:, features] = source[:, features]
        self._coalition = coalition
        members, n_rows = self._base.members, len(self._hybrid)
        return self._half_variances(
            checked_predictions(self._base.predict(self._hybrid), n_rows, members)
        )

    def _half_variances(
        self, predictions: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        members = self._base.members
        n_members, n_rows, n_classes = predictions.shape
        own, donor = np.empty((len(members), n_rows)), np.empty((len(members), n_rows))
        step = max(1, CHUNK // (n_members * n_classes))
        for start in range(0, n_rows, step):
            part = slice(start, start + step)
            centred = members.centre(predictions[:, part])
            own[:, part] = members.variance(self._base.centred[:, part] - centred)
            donor[:, part] = members.variance(self._donated_centred[:, part] - centred)
        own *= 0.5
        donor *= 0.5
        return own, donor


def total_effect(
    base: Baseline, features: Sequence[int], donors: NDArray[np.intp]
) -> NDArray[np.float64]:
    """Total effect of one set of features at each row.

    Parameters
    ----------
    base
        From `baseline`. With `single_members` it is the total effect on the function itself.
    features
        Indices of the features that each row takes together from its donor.
    donors
        The donor of each row, shape (N,).

    Returns
    -------
    ndarray of shape (N, J)
        Its mean over rows estimates c(S) = 1/2 E Var_b[f_b(X) - f_b(X with S permuted)], in the
        target's unit squared.

    References
    ----------
    Jansen (1999), Analysis of variance designs for model output, Computer Physics Communications
    117, 35-43.

    Examples
    --------
    Slopes 1 and -1 have variance 2, and so has x: its total effect is 2 * 2.

    >>> from tasks.attribution.baseline import baseline
    >>> from tasks.attribution.members import split_members
    >>> rows = np.array([[-1.0], [1.0]])
    >>> base = baseline(lambda x: np.stack([x[:, 0], -x[:, 0]]), rows, split_members(2))
    >>> total_effect(base, [0], np.array([1, 0])).tolist()
    [[4.0], [4.0]]
    """
    return DonorGame(base, [features], donors).effects(1)[0].T


def uncertainty_change(
    base: Baseline, features: Sequence[int], donors: NDArray[np.intp]
) -> NDArray[np.float64]:
    """Change of each row's epistemic variance under permutation: a signed diagnostic.

    It is no importance: for features that are independent of the others its mean is 0, whatever
    their share.

    Parameters
    ----------
    base, features, donors
        As `total_effect` takes them.

    Returns
    -------
    ndarray of shape (N, J)
        u(x with S from its donor) - u(x).
    """
    hybrid = base.rows.copy()
    hybrid[:, list(features)] = base.rows[donors][:, list(features)]
    after = epistemic_variance(base.predict(hybrid), base.members)
    return after - base.members.variance(base.centred).T


def _as_slice(features: Sequence[int]) -> slice | list[int]:
    """A run of features as a slice, which is copied faster."""
    run = list(range(features[0], features[0] + len(features)))
    return slice(run[0], run[-1] + 1) if list(features) == run else list(features)
