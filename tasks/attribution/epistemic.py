"""Epistemic variance of each row, and what of its mean the features can and cannot explain."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tasks.attribution.members import SubEnsembles, checked_predictions
from tasks.errors import InputError


@dataclass(frozen=True)
class UncertaintySplit:
    """Mean epistemic variance U of each sub-ensemble and its two parts, each of shape (J,).

    Attributes
    ----------
    total
        U, in the target's unit squared.
    intercept
        Disagreement about the mean prediction: no feature has a share in it.
    variation
        What the members' disagreement varies over the rows: this is shared out.
    """

    total: NDArray[np.float64]
    intercept: NDArray[np.float64]
    variation: NDArray[np.float64]


def epistemic_variance(
    predictions: NDArray[np.float64], members: SubEnsembles
) -> NDArray[np.float64]:
    """Variance of the members' predictions at each row, summed over classes.

    Parameters
    ----------
    predictions
        Shape (B, N), or class probabilities (B, N, C).
    members
        The sub-ensembles, from `split_members`.

    Returns
    -------
    ndarray of shape (N, J)
        u(x) with ddof 1, in the target's unit squared.

    Raises
    ------
    InputError
        If the members are taken each by itself, for which it is undefined.
    """
    return members.variance(_disagreement(predictions, members)).T


def split_uncertainty(predictions: NDArray[np.float64], members: SubEnsembles) -> UncertaintySplit:
    """Split mean epistemic variance into intercept disagreement and variation over rows.

    Parameters
    ----------
    predictions, members
        As `epistemic_variance` takes them.

    Returns
    -------
    UncertaintySplit
        ``total = intercept + variation``. With donors that are any other row, the total effect
        of all features has mean ``variation * N / (N - 1)`` over the donors.

    Raises
    ------
    InputError
        As `epistemic_variance`.
    """
    disagreement = _disagreement(predictions, members)
    mean = disagreement.mean(axis=1, keepdims=True)
    return UncertaintySplit(
        total=members.variance(disagreement).mean(axis=1),
        intercept=members.variance(mean)[:, 0],
        variation=members.variance(disagreement - mean).mean(axis=1),
    )


def _disagreement(predictions: NDArray[np.float64], members: SubEnsembles) -> NDArray[np.float64]:
    if not members.centred:
        raise InputError(
            "Epistemic variance compares members, got each member by itself: use split_members."
        )
    return members.centre(checked_predictions(predictions, np.shape(predictions)[1], members))
