"""The trees inside scikit-learn's histogram boosting."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tasks.uncertainty.protocol import FloatArray
from tasks.uncertainty.training_data import MOST_CATEGORIES
from tasks.uncertainty.trees import Tree, Trees

BITS = 32


def boosting_trees(models: Sequence[Any]) -> Trees:
    """Take the trees of histogram boosting apart.

    Parameters
    ----------
    models
        Fitted to the same p features; of each the outputs are its raw predictions: one for a
        regression or two classes, else one a class.
    """
    outputs, intercepts = [], []
    for model in models:
        columns = _columns(model)
        encoded = model._preprocess_X(_every_code(len(columns)), reset=False)
        for k in range(model.n_trees_per_iteration_):
            outputs.append(tuple(_tree(of[k], columns, encoded) for of in model._predictors))
        intercepts.append(np.ravel(model._baseline_prediction))
    return Trees(tuple(outputs), np.concatenate(intercepts), models[0].n_features_in_)


def _columns(model: Any) -> npt.NDArray[np.intp]:
    """Feature that stands in each column inside of the model: categories come first."""
    if model.is_categorical_ is None:
        return np.arange(model.n_features_in_)
    return np.argsort(~model.is_categorical_, kind="stable")


def _every_code(n_features: int) -> FloatArray:
    """Rows that hold each code in all features."""
    return np.tile(np.arange(float(MOST_CATEGORIES))[:, None], n_features)


def _tree(predictor: Any, columns: npt.NDArray[np.intp], encoded: FloatArray) -> Tree:
    nodes = predictor.nodes
    is_leaf = nodes["is_leaf"].astype(bool)
    splits = np.flatnonzero(nodes["is_categorical"].astype(bool) & ~is_leaf)
    categories = np.full(len(nodes), -1)
    categories[splits] = np.arange(len(splits))
    sets = [
        _goes_left(
            encoded[:, nodes["feature_idx"][node]],
            predictor.raw_left_cat_bitsets[nodes["bitset_idx"][node]],
            bool(nodes["missing_go_to_left"][node]),
        )
        for node in splits
    ]
    return Tree(
        feature=np.where(is_leaf, -1, columns[nodes["feature_idx"]]),
        threshold=nodes["num_threshold"].copy(),
        missing_left=nodes["missing_go_to_left"].astype(bool),
        left=nodes["left"].astype(np.int64),
        right=nodes["right"].astype(np.int64),
        value=nodes["value"].copy(),
        categories=categories,
        left_categories=np.array(sets, dtype=bool).reshape(len(splits), MOST_CATEGORIES),
    )


def _goes_left(
    encoded: FloatArray, bits: npt.NDArray[np.uint32], missing_left: bool
) -> npt.NDArray[np.bool_]:
    """Whether each code goes to the left; one that the member's bag lacked is missing."""
    is_known = ~np.isnan(encoded)
    category = np.where(is_known, encoded, 0).astype(np.int64)
    is_in = (bits[category // BITS] >> (category % BITS).astype(np.uint32)) & 1 == 1
    return np.where(is_known, is_in, missing_left)
