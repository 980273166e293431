"""Half the variance, over the members of a sub-ensemble, of how hybrid rows differ."""

import numpy as np
from numpy.typing import NDArray

from tasks.attribution.members import SubEnsembles
from tasks.compiled import compiled
from tasks.uncertainty.threads import over_rows

BLOCK = 256
"""Rows that are worked on together: what they need stays in the processor's caches."""

Floats = NDArray[np.float64]


def half_variances(
    hybrid: Floats,
    own: Floats,
    donated: Floats,
    members: SubEnsembles,
    of_rows: Floats,
    of_donors: Floats,
) -> None:
    """Half variances of the hybrid rows' differences from the rows and from their donors.

    Exactly 0 where there is no difference.

    Parameters
    ----------
    hybrid
        Predictions at every step, shape (S, B, C, n).
    own, donated
        Predictions of the rows and of their donors, shape (B, C, n).
    members
        The sub-ensembles; where they are not centred, differences vary about 0.
    of_rows, of_donors
        Are filled: shape (S, J, n); summed over classes.
    """
    bounds = np.array(members.bounds)

    def measure(rows: slice) -> None:
        _measure(
            hybrid[..., rows],
            own[..., rows],
            donated[..., rows],
            bounds,
            members.centred,
            of_rows[..., rows],
            of_donors[..., rows],
        )

    over_rows(measure, hybrid.shape[-1], BLOCK)


@compiled
def _measure(
    hybrid: Floats,
    own: Floats,
    donated: Floats,
    bounds: NDArray[np.int64],
    centred: bool,
    of_rows: Floats,
    of_donors: Floats,
) -> None:
    n_rows = hybrid.shape[3]
    mean = np.empty(BLOCK)
    for start in range(0, n_rows, BLOCK):
        rows = slice(start, min(start + BLOCK, n_rows))
        for step in range(len(hybrid)):
            for group in range(len(bounds) - 1):
                members = slice(bounds[group], bounds[group + 1])
                predicted = hybrid[step, members, :, rows]
                mine, other = own[members, :, rows], donated[members, :, rows]
                _add_up(predicted, mine, centred, mean, of_rows[step, group, rows])
                _add_up(predicted, other, centred, mean, of_donors[step, group, rows])


@compiled
def _add_up(
    predicted: Floats, reference: Floats, centred: bool, mean: Floats, total: Floats
) -> None:
    """Half the variance of the difference of (members, C, n) and (members, C, n) into (n,)."""
    n_members, n_classes, n_rows = predicted.shape
    half = 0.5 / (n_members - centred)
    total[:] = 0.0
    for label in range(n_classes):
        mean[:] = 0.0
        if centred:
            for member in range(n_members):
                for i in range(n_rows):
                    mean[i] += reference[member, label, i] - predicted[member, label, i]
            for i in range(n_rows):
                mean[i] /= n_members
        for member in range(n_members):
            for i in range(n_rows):
                difference = reference[member, label, i] - predicted[member, label, i] - mean[i]
                total[i] += half * difference * difference
