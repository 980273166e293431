"""Mean scores with their standard errors, for rows that may come in groups."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import rankdata

from tasks.errors import InputError
from tasks.uncertainty.prediction_checks import check_normal, check_probabilities
from tasks.uncertainty.protocol import FloatArray, IntArray
from tasks.uncertainty.scores import brier, crps_normal, gaussian_nll, log_loss


@dataclass(frozen=True)
class Estimate:
    """A score over held-out rows.

    Attributes
    ----------
    value
        The score.
    standard_error
        Over samples of held-out rows (or groups of them), the ensemble being fixed.
    """

    value: float
    standard_error: float


def score_regression(
    y: FloatArray, mean: FloatArray, variance: FloatArray, groups: IntArray | None = None
) -> dict[str, Estimate]:
    """RMSE, R2, NLL and CRPS of normal predictions.

    Parameters
    ----------
    y, mean, variance
        As for `gaussian_nll`.
    groups
        Id of each row's entity, shape (N,), where rows of an entity depend on each other.

    Returns
    -------
    dict of str to Estimate
        ``rmse``, ``r2``, ``nll`` and ``crps``. Standard errors of the first two are by
        linearisation.

    Raises
    ------
    InputError
        As `gaussian_nll`; also if `y` is constant (R2 is then undefined) or as `mean_score`.
    """
    check_normal(y, mean, variance)
    if np.ptp(y) == 0:
        raise InputError(f"R2 needs observed values that vary, got {y[0]:g} in every row.")
    squared, spread = (y - mean) ** 2, (y - y.mean()) ** 2
    rmse, unexplained = np.sqrt(squared.mean()), squared.mean() / spread.mean()
    slope = 0.5 / rmse if rmse > 0 else 0.0
    return {
        "rmse": _estimate(float(rmse), slope * (squared - rmse**2), groups),
        "r2": _estimate(
            float(1 - unexplained), (squared - unexplained * spread) / spread.mean(), groups
        ),
        "nll": mean_score(gaussian_nll(y, mean, variance), groups),
        "crps": mean_score(crps_normal(y, mean, variance), groups),
    }


def score_classification(
    y: npt.NDArray[np.integer], probabilities: FloatArray, groups: IntArray | None = None
) -> dict[str, Estimate]:
    """Log loss, Brier score and area under the ROC curve of class probabilities.

    Parameters
    ----------
    y, probabilities
        As for `log_loss`.
    groups
        Id of each row's entity, shape (N,), where rows of an entity depend on each other.

    Returns
    -------
    dict of str to Estimate
        ``log_loss``, ``brier`` and ``auc``.

    Raises
    ------
    InputError
        As `log_loss`, `auc` and `mean_score`.
    """
    return {
        "log_loss": mean_score(log_loss(y, probabilities), groups),
        "brier": mean_score(brier(y, probabilities), groups),
        "auc": auc(y, probabilities, groups),
    }


def mean_score(scores: FloatArray, groups: IntArray | None = None) -> Estimate:
    """Mean of a score over rows.

    Parameters
    ----------
    scores
        One of each row, shape (N,).
    groups
        Id of each row's entity, shape (N,); sums over entities are then what varies.

    Raises
    ------
    InputError
        If there are fewer than two rows (groups), or not one group a row.

    Examples
    --------
    >>> mean_score(np.array([1.0, 3.0]))
    Estimate(value=2.0, standard_error=1.0)
    """
    mean = float(scores.mean())
    return _estimate(mean, scores - mean, groups)


def auc(
    y: npt.NDArray[np.integer], probabilities: FloatArray, groups: IntArray | None = None
) -> Estimate:
    """Area under the ROC curve, each class against the rest, averaged over the classes.

    Parameters
    ----------
    y, probabilities
        As for `log_loss`. For two classes it is the usual area.
    groups
        As for `mean_score`.

    Raises
    ------
    InputError
        As `log_loss`; also if a class is not among the rows.

    References
    ----------
    DeLong, DeLong & Clarke-Pearson (1988), Biometrics 44, 837-845, for the standard error.
    """
    check_probabilities(y, probabilities)
    n, n_classes = probabilities.shape
    found = np.unique(y)
    if len(found) < max(n_classes, 2):
        raise InputError(
            f"AUC needs rows of each of the {n_classes} classes, got {found.tolist()} only."
        )
    area, influence = 0.0, np.zeros(n)
    for code in range(n_classes):
        inside = y == code
        n_inside, n_outside = int(inside.sum()), int((~inside).sum())
        ranks = rankdata(probabilities[:, code])
        below = np.empty(n)  # share of the other side that lies on the right side of the row
        below[inside] = (ranks[inside] - rankdata(probabilities[inside, code])) / n_outside
        outside_ranks = rankdata(probabilities[~inside, code])
        below[~inside] = 1 - (ranks[~inside] - outside_ranks) / n_inside
        this_area = below[inside].mean()
        area += this_area / n_classes
        share = np.where(inside, n_inside, n_outside) / n
        influence += (below - this_area) / share / n_classes
    return _estimate(float(area), influence, groups)


def _estimate(value: float, influence: FloatArray, groups: IntArray | None) -> Estimate:
    n = len(influence)
    if groups is not None and groups.shape != (n,):
        raise InputError(f"Groups must hold one id a row, got {groups.shape} for {n} rows.")
    unit = np.arange(n) if groups is None else np.unique(groups, return_inverse=True)[1]
    sums = np.bincount(unit, weights=influence)
    n_units = len(sums)
    if n_units < 2:
        raise InputError(f"A standard error needs at least 2 rows or groups, got {n_units}.")
    variance = n_units / (n_units - 1) * float((sums**2).sum()) / n**2
    return Estimate(value, variance**0.5)
