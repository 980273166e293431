"""The fitted members of an ensemble of trees and how they predict."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from scipy.special import expit, softmax
from sklearn.ensemble._hist_gradient_boosting.gradient_boosting import BaseHistGradientBoosting

from tasks.cores import one_thread
from tasks.errors import InputError
from tasks.uncertainty.boosting_trees import boosting_trees
from tasks.uncertainty.ensemble_checks import check_columns, check_members
from tasks.uncertainty.forest_trees import forest_trees
from tasks.uncertainty.hybrids import tree_hybrids
from tasks.uncertainty.noise_model import NoiseModel
from tasks.uncertainty.protocol import FloatArray, Hybrids


@dataclass(frozen=True)
class TreeEnsemble:
    """What `fit_bagged` returns; an `Ensemble`.

    Attributes
    ----------
    models
        The fitted members, B of them: all boosting, or all forests.
    noise_models
        Their noise models; none where the target is a class.
    n_columns
        p, the number of features.
    n_classes
        C, or None for a regression.
    """

    models: tuple[Any, ...]
    noise_models: tuple[NoiseModel, ...]
    n_columns: int
    n_classes: int | None

    @property
    def n_members(self) -> int:
        """B, the number of members."""
        return len(self.models)

    def predict_members(self, x: FloatArray) -> FloatArray:
        """As `Ensemble.predict_members`; a category that a bag lacked is taken as missing."""
        check_columns(x, self.n_columns)
        with one_thread():
            if self.n_classes is None:
                return np.stack([model.predict(x) for model in self.models])
            return np.stack([model.predict_proba(x) for model in self.models])

    def predict_noise(self, x: FloatArray) -> FloatArray:
        """As `Ensemble.predict_noise`."""
        check_columns(x, self.n_columns)
        if self.n_classes is not None:
            raise InputError("Noise variances are those of a regression, got a class target.")
        with one_thread():
            return np.stack([model.predict(x) for model in self.noise_models])

    def hybrids(self, x: FloatArray) -> Hybrids:
        """As `Ensemble.hybrids`: all trees at once."""
        check_columns(x, self.n_columns)
        if isinstance(self.models[0], BaseHistGradientBoosting):
            link = _as_they_are if self.n_classes is None else _from_scores
            return tree_hybrids(boosting_trees(self.models), x, self.n_members, link)
        link = _as_they_are if self.n_classes is None else _with_the_last
        return tree_hybrids(forest_trees(self.models), x, self.n_members, link)

    def subset(self, members: Sequence[int]) -> Self:
        """As `Ensemble.subset`; a sub-ensemble predicts as these members did in the whole."""
        chosen = check_members(members, self.n_members)
        return replace(
            self,
            models=tuple(self.models[b] for b in chosen),
            noise_models=tuple(self.noise_models[b] for b in chosen if self.noise_models),
        )


def _as_they_are(sums: FloatArray) -> FloatArray:
    return sums


def _from_scores(sums: FloatArray) -> FloatArray:
    """Probabilities from log odds (..., 1, n) or from a score a class (..., C, n)."""
    if sums.shape[-2] > 1:
        return np.asarray(softmax(sums, axis=-2))
    return np.concatenate([expit(-sums), expit(sums)], axis=-2)


def _with_the_last(sums: FloatArray) -> FloatArray:
    """Probabilities of all classes from those of all but the last, (..., C - 1, n)."""
    return np.concatenate([sums, 1 - sums.sum(axis=-2, keepdims=True)], axis=-2)
