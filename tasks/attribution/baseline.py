"""Rows as they are, with what the members of an ensemble predict of them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tasks.attribution.members import PredictMembers, SubEnsembles, checked_predictions
from tasks.errors import InputError
from tasks.uncertainty.hybrids import EditedCopies, classes_first
from tasks.uncertainty.protocol import Hybrids


@dataclass(frozen=True)
class Baseline:
    """Rows as they are, with their members' predictions.

    Attributes
    ----------
    hybrids
        The rows, whose features can be exchanged between them.
    rows
        X, shape (N, p).
    members
        The sub-ensembles.
    predictions
        Of the rows, shape (B, C, N); C is 1 in a regression.
    """

    hybrids: Hybrids
    rows: NDArray[np.float64]
    members: SubEnsembles
    predictions: NDArray[np.float64]


def baseline(predict: PredictMembers, rows: NDArray[np.float64], members: SubEnsembles) -> Baseline:
    """Rows of any ensemble: copies of them are edited and predicted.

    Parameters
    ----------
    predict
        The ensemble. It may neither change nor keep the rows that it is given.
    rows
        X, shape (N, p).
    members
        The sub-ensembles.

    Raises
    ------
    InputError
        If the rows are no matrix, or the predictions have a wrong shape or are not finite.
    """
    _check_rows(rows)
    own = classes_first(checked_predictions(predict(rows.copy()), len(rows), members))
    return baseline_of(EditedCopies(predict, rows, np.ascontiguousarray(own)), rows, members)


def baseline_of(hybrids: Hybrids, rows: NDArray[np.float64], members: SubEnsembles) -> Baseline:
    """Rows of an ensemble that knows how to exchange their features.

    Parameters
    ----------
    hybrids
        Of the rows.
    rows, members
        As of `baseline`.

    Raises
    ------
    InputError
        As of `baseline`.
    """
    _check_rows(rows)
    nothing_joins = np.ones(rows.shape[1], dtype=np.int64)
    everyone = slice(0, len(rows))
    (own,) = hybrids.predict_steps(everyone, np.arange(len(rows)), nothing_joins, 1)
    if not np.isfinite(own).all():
        raise InputError("Predictions must be finite: the ensemble gave NaN or infinity.")
    return Baseline(hybrids, rows, members, own)


def _check_rows(rows: NDArray[np.float64]) -> None:
    if rows.ndim != 2 or len(rows) < 2:
        raise InputError(f"Rows must be a matrix of at least 2 rows, got shape {rows.shape}.")
