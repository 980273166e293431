"""Total effects of coalitions: by how much the members' disagreement changes with their features.

The total effect of the features S at row i is half the variance, over a sub-ensemble's members,
of f(x_i) - f(x_i with S from its donor). Row i with S from donor d is also row d with all but S
from i, so that one prediction gives two total effects: of S at i under the donors, and of the
other features at d under the inverse permutation.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from tasks.attribution.baseline import Baseline
from tasks.attribution.epistemic import epistemic_variance
from tasks.attribution.half_variances import half_variances

CHUNK = 2**21
"""Predictions that are worked on at a time (16 MiB)."""
MOST_EFFECTS = 2**24
"""Effects that are held at a time (128 MiB): a longer chain of coalitions is cut."""

Effects = tuple[NDArray[np.float64], NDArray[np.float64]]
"""Total effects of a coalition and, under the inverse donors, of all others, shape (J, N) each.

Entry i of the first belongs to row i, entry i of the second to the donor of row i.
"""


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
        self._features = [list(f) for f in features]
        self._donors = donors
        self.inverse = np.argsort(donors)

    def effects(self, coalition: int) -> Effects:
        """Total effects of one coalition; bit k says whether player k is in it."""
        (effects,) = self.effects_along([coalition])
        return effects

    def effects_along(self, coalitions: Sequence[int]) -> Iterator[Effects]:
        """Total effects of coalitions of which each holds all players of the one before it."""
        n_groups, n_rows = len(self._base.members), len(self._base.rows)
        at_once = max(1, MOST_EFFECTS // (n_groups * n_rows))
        for first in range(0, len(coalitions), at_once):
            part = coalitions[first : first + at_once]
            of_rows = np.empty((len(part), n_groups, n_rows))
            of_donors = np.empty_like(of_rows)
            self._fill(self._joins(part), of_rows, of_donors)
            yield from zip(of_rows, of_donors, strict=True)

    def _joins(self, coalitions: Sequence[int]) -> NDArray[np.int64]:
        """At which of the coalitions each feature joins; their number where it does not."""
        joins = np.full(self._base.rows.shape[1], len(coalitions), dtype=np.int64)
        for player, features in enumerate(self._features):
            joins[features] = sum(not coalition >> player & 1 for coalition in coalitions)
        return joins

    def _fill(
        self,
        joins: NDArray[np.int64],
        of_rows: NDArray[np.float64],
        of_donors: NDArray[np.float64],
    ) -> None:
        n_steps, _, n_rows = of_rows.shape
        members, own = self._base.members, self._base.predictions
        step = max(1, CHUNK // (n_steps * own.shape[0] * own.shape[1]))
        for start in range(0, n_rows, step):
            rows = slice(start, min(start + step, n_rows))
            donors = self._donors[rows]
            half_variances(
                self._base.hybrids.predict_steps(rows, donors, joins, n_steps),
                own[:, :, rows],
                own[:, :, donors],
                members,
                of_rows[:, :, rows],
                of_donors[:, :, rows],
            )


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
    everyone = slice(0, len(base.rows))
    joins = np.ones(base.rows.shape[1], dtype=np.int64)
    joins[list(features)] = 0
    (hybrid,) = base.hybrids.predict_steps(everyone, donors, joins, 1)
    before, after = (
        epistemic_variance(np.moveaxis(predictions, 1, 2), base.members)
        for predictions in (base.predictions, hybrid)
    )
    return after - before
