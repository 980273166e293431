"""Models among which the mechanism of a node is chosen: those that DoWhy tries."""

from collections.abc import Callable
from typing import Any, Literal

import numpy.typing as npt
from dowhy.gcm import auto
from dowhy.gcm.ml import PredictionModel
from dowhy.gcm.util.general import auto_apply_encoders, auto_fit_encoders

from tasks.errors import InputError
from tasks.intervention.structural.traces import Kind

Quality = Literal["good", "better", "best"]
Factory = Callable[[], PredictionModel]

MOST_POLYNOMIAL_FEATURES = 5


def candidates(x: npt.NDArray[Any], kind: Kind, quality: Quality) -> list[Factory]:
    """Models that compete for a node, in DoWhy's order.

    Parameters
    ----------
    x
        Values of its n parents, shape (rows, n): numbers, or objects where some are labels.
    kind
        Of the node itself.
    quality
        ``good`` or ``better``. A node has a polynomial among its candidates where its parents are
        at most five features.

    Returns
    -------
    list of callable
        Makers of regression models, or of classification models if the node is categorical.
    """
    classifies = kind == "categorical"
    if quality == "good":
        chosen = (
            auto._LIST_OF_POTENTIAL_CLASSIFIERS_GOOD
            if classifies
            else auto._LIST_OF_POTENTIAL_REGRESSORS_GOOD
        )
    else:
        chosen = (
            auto._LIST_OF_POTENTIAL_CLASSIFIERS_BETTER
            if classifies
            else auto._LIST_OF_POTENTIAL_REGRESSORS_BETTER
        )
    if auto_apply_encoders(x, auto_fit_encoders(x)).shape[1] > MOST_POLYNOMIAL_FEATURES:
        return list(chosen)
    if classifies:
        return [*chosen, _polynomial_classifier]
    return [*chosen, auto.create_polynom_regressor]


def _polynomial_classifier() -> PredictionModel:
    return auto.create_polynom_logistic_regression_classifier(max_iter=10000)


def require_quality(quality: Quality) -> None:
    """Refuse the quality that cannot be had.

    Raises
    ------
    InputError
        For ``best``. It is AutoGluon, of which no version goes with the pandas that this project
        needs; DoWhy 0.14 calls ``persist_models`` of it, which AutoGluon no longer has; and its
        models lie in a folder of pickles of their own, for which no digest of ours could vouch.
    """
    if quality == "best":
        raise InputError(
            "Quality 'best' is AutoGluon, which goes neither with this pandas nor with this DoWhy: "
            "choose 'good' or 'better'."
        )
