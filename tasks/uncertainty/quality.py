"""How good and how honest the predictions are on held-out rows."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tasks.errors import InputError
from tasks.uncertainty.calibration import Proportion, interval_coverage, pit_values
from tasks.uncertainty.decomposition import EntropySplit, VarianceSplit
from tasks.uncertainty.protocol import FloatArray, IntArray
from tasks.uncertainty.reliability import reliability, top_label
from tasks.uncertainty.score_summary import (
    Estimate,
    auc,
    mean_score,
    score_regression,
)
from tasks.uncertainty.scores import brier, log_loss


@dataclass(frozen=True)
class Quality:
    """Quality of an ensemble on held-out rows.

    Attributes
    ----------
    scores
        By name, with standard errors.
    calibration
        What was said, and how often it came true: levels of central predictive intervals
        (regression), mean probabilities of bins (classification; of the second of two classes,
        else of the likeliest class).
    not_assessable
        Why a score is missing.
    """

    scores: dict[str, Estimate]
    calibration: tuple[tuple[float, Proportion], ...]
    not_assessable: tuple[str, ...] = ()


def regression_quality(
    y: FloatArray, members: FloatArray, split: VarianceSplit, groups: IntArray
) -> Quality:
    """Quality of a regression.

    Parameters
    ----------
    y
        Observed values, shape (N,).
    members
        Members' means, shape (B, N).
    split
        Uncertainty of the same rows; their total is the predictive variance.
    groups
        Entity of each row, shape (N,).

    Raises
    ------
    InputError
        As `score_regression`.
    """
    mean = members.mean(axis=0)
    levels = interval_coverage(pit_values(y, mean, split.total))
    return Quality(
        scores=score_regression(y, mean, split.total, groups),
        calibration=tuple((level.level, level.covered) for level in levels),
    )


def classification_quality(
    y: npt.NDArray[np.integer], members: FloatArray, groups: IntArray
) -> Quality:
    """Quality of a classification.

    Parameters
    ----------
    y
        Class codes, shape (N,).
    members
        Members' probabilities, shape (B, N, C).
    groups
        Entity of each row, shape (N,).
    """
    probabilities = members.mean(axis=0)
    scores = {
        "log_loss": mean_score(log_loss(y, probabilities), groups),
        "brier": mean_score(brier(y, probabilities), groups),
    }
    missing: tuple[str, ...] = ()
    try:
        scores["auc"] = auc(y, probabilities, groups)
    except InputError as error:
        missing = (str(error),)
    binary = probabilities.shape[1] == 2
    event = (y == 1, probabilities[:, 1]) if binary else top_label(y, probabilities)
    bins = reliability(*event).bins
    return Quality(scores, tuple((bin_.mean_probability, bin_.observed) for bin_ in bins), missing)


def mean_uncertainty(
    split: VarianceSplit | EntropySplit, rows: npt.NDArray[np.bool_]
) -> dict[str, float]:
    """Means over rows: ``epistemic``, ``aleatoric``, ``total``, of a class ``label_variance``.

    Parameters
    ----------
    split
        Uncertainty of N rows.
    rows
        Which of them count, shape (N,).
    """
    means = {
        "epistemic": float(split.epistemic[rows].mean()),
        "aleatoric": float(split.aleatoric[rows].mean()),
        "total": float(split.total[rows].mean()),
    }
    if isinstance(split, EntropySplit):
        means["label_variance"] = float(split.label_variance[rows].mean())
    return means
