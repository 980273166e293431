"""Folds of a cross-validation and the losses that models have in them."""

import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.exceptions import ConvergenceWarning

AnyArray = npt.NDArray[Any]
FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Fold:
    """Rows to fit and rows to predict, categories encoded.

    Attributes
    ----------
    x_train, x_test
        Features, shapes (n, p) and (m, p).
    y_train, y_test
        Numbers or labels, shapes (n,) and (m,).
    """

    x_train: AnyArray
    y_train: AnyArray
    x_test: AnyArray
    y_test: AnyArray

    @property
    def has_labels(self) -> bool:
        """Whether the rows to fit and the rows to predict hold two labels at least."""
        return min(len(set(self.y_train)), len(set(self.y_test))) > 1


def fitted_losses(model: Any, fold: Fold, classifies: bool) -> FloatArray:
    """Fit a model to a fold and give the loss of each row that it predicts, shape (m,).

    Parameters
    ----------
    model
        A scikit-learn estimator; it is fitted.
    fold
        The rows.
    classifies
        Whether losses are log losses in nats, else squared errors. A label that is not among the
        rows to fit has the least probability that a float tells from 0.
    """
    with warnings.catch_warnings():
        for category in (ConvergenceWarning, RuntimeWarning, FutureWarning):
            warnings.simplefilter("ignore", category)
        model.fit(fold.x_train, fold.y_train)
        if not classifies:
            return squared_errors(fold, model.predict(fold.x_test))
        probabilities = model.predict_proba(fold.x_test)
    eps = np.finfo(np.float64).eps
    found = label_probabilities(model.classes_, probabilities, fold.y_test)
    losses: FloatArray = -np.log(np.clip(found, eps, 1 - eps))
    return losses


def squared_errors(fold: Fold, predicted: AnyArray) -> FloatArray:
    """Squared error of each row to predict, shape (m,)."""
    errors: FloatArray = (fold.y_test - predicted.reshape(-1)) ** 2
    return errors


def label_probabilities(
    classes: Iterable[Any], probabilities: FloatArray, labels: AnyArray
) -> FloatArray:
    """Probability that each row's own label has, shape (m,); 0 where it is no class.

    Examples
    --------
    >>> label_probabilities(["a", "b"], np.array([[0.2, 0.8], [0.5, 0.5]]), np.array(["b", "c"]))
    array([0.8, 0. ])
    """
    place = {label: column for column, label in enumerate(classes)}
    columns = np.array([place.get(label, -1) for label in labels])
    return np.where(columns >= 0, probabilities[np.arange(len(labels)), columns], 0.0)
