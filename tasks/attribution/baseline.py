"""Rows as they are, with what the members of an ensemble predict of them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tasks.attribution.members import PredictMembers, SubEnsembles, checked_predictions
from tasks.errors import InputError


@dataclass(frozen=True)
class Baseline:
    """Rows as they are, with their members' predictions.

    Attributes
    ----------
    predict
        The ensemble. It may neither change nor keep the rows that it is given.
    rows
        X, shape (N, p).
    members
        The sub-ensembles.
    centred
        Predictions less their sub-ensemble's mean, shape (B, N, C).
    """

    predict: PredictMembers
    rows: NDArray[np.float64]
    members: SubEnsembles
    centred: NDArray[np.float64]


def baseline(predict: PredictMembers, rows: NDArray[np.float64], members: SubEnsembles) -> Baseline:
    """Predict the rows as they are.

    Raises
    ------
    InputError
        If the rows are no matrix, or the predictions have a wrong shape or are not finite.
    """
    if rows.ndim != 2 or len(rows) < 2:
        raise InputError(f"Rows must be a matrix of at least 2 rows, got shape {rows.shape}.")
    predictions = checked_predictions(predict(rows.copy()), len(rows), members)
    if not np.isfinite(predictions).all():
        raise InputError("Predictions must be finite: the ensemble gave NaN or infinity.")
    return Baseline(predict, rows, members, members.centre(predictions).copy())
