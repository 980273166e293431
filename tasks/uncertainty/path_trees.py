"""Trees of any depth as records of nodes, one after the other."""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from tasks.uncertainty.fixed_point import in_unit, sum_unit
from tasks.uncertainty.protocol import FloatArray, IntArray
from tasks.uncertainty.training_data import MOST_CATEGORIES
from tasks.uncertainty.trees import Trees

NODE = np.dtype(
    [
        ("threshold", np.float64),
        ("value", np.int64),
        ("feature", np.int32),
        ("left", np.int32),
        ("right", np.int32),
        ("categories", np.int32),
        ("missing_left", np.bool_),
    ],
    align=True,
)


class PathTrees(NamedTuple):
    """All trees one after the other.

    Attributes
    ----------
    trees_of
        Where the trees of an output begin; one more than there are of them.
    roots
        The root of each tree among all nodes.
    nodes
        As of `Tree`, children counted over all trees; a leaf's value is in `unit`.
    left_categories
        As of `Tree`, of all trees.
    unit, intercepts
        As of `MaskedTrees`.
    depth
        Most splits on the way to a leaf.
    """

    trees_of: IntArray
    roots: IntArray
    nodes: npt.NDArray[Any]
    left_categories: npt.NDArray[np.bool_]
    unit: float
    intercepts: FloatArray
    depth: int


def path_trees(trees: Trees) -> PathTrees:
    """Put the nodes of all trees into one array."""
    every = [tree for output in trees.outputs for tree in output]
    values = [np.where(tree.feature < 0, tree.value, 0.0) for tree in every]
    unit = sum_unit(values)
    roots = np.cumsum([0, *(len(tree.feature) for tree in every)])
    sets = np.cumsum([0, *(len(tree.left_categories) for tree in every)])
    nodes = np.zeros(roots[-1], dtype=NODE)
    for tree, value, root, first in zip(every, values, roots[:-1], sets[:-1], strict=True):
        part = nodes[root : root + len(tree.feature)]
        part["threshold"], part["value"] = tree.threshold, in_unit(value, unit)
        part["feature"], part["missing_left"] = tree.feature, tree.missing_left
        part["left"], part["right"] = tree.left + root, tree.right + root
        part["categories"] = np.where(tree.categories < 0, -1, tree.categories + first)
    return PathTrees(
        trees_of=np.cumsum([0, *map(len, trees.outputs)]),
        roots=roots[:-1],
        nodes=nodes,
        left_categories=np.vstack(
            [np.empty((0, MOST_CATEGORIES), bool), *(tree.left_categories for tree in every)]
        ),
        unit=unit,
        intercepts=trees.intercepts,
        depth=_depth(nodes, roots[:-1]),
    )


def _depth(nodes: npt.NDArray[Any], roots: IntArray) -> int:
    """Most splits on the way from a root to a leaf."""
    level, depth = roots, 0
    while True:
        level = level[nodes["feature"][level] >= 0]
        if not len(level):
            return depth
        level = np.concatenate([nodes["left"][level], nodes["right"][level]])
        depth += 1
