"""The trees inside scikit-learn's forests."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from tasks.uncertainty.training_data import MOST_CATEGORIES
from tasks.uncertainty.trees import Tree, Trees


def forest_trees(models: Sequence[Any]) -> Trees:
    """Take forests apart.

    Parameters
    ----------
    models
        Fitted to the same p features; of each the outputs are its prediction in a regression, else
        the probabilities of all classes but the last.
    """
    outputs = tuple(output for model in models for output in _outputs(model))
    return Trees(
        outputs,
        intercepts=np.zeros(len(outputs)),
        n_features=models[0].n_features_in_,
        in_single_precision=True,
    )


def _outputs(model: Any) -> Iterator[tuple[Tree, ...]]:
    is_regression = not hasattr(model, "classes_")
    for output in range(1 if is_regression else len(model.classes_) - 1):
        yield tuple(_tree(of.tree_, output, len(model.estimators_)) for of in model.estimators_)


def _tree(nodes: Any, output: int, n_trees: int) -> Tree:
    is_leaf = nodes.children_left < 0
    return Tree(
        feature=np.where(is_leaf, -1, nodes.feature),
        threshold=nodes.threshold.copy(),
        missing_left=nodes.missing_go_to_left.astype(bool),
        left=nodes.children_left.copy(),
        right=nodes.children_right.copy(),
        value=nodes.value[:, 0, output] / n_trees,
        categories=np.full(nodes.node_count, -1),
        left_categories=np.empty((0, MOST_CATEGORIES), dtype=bool),
    )
