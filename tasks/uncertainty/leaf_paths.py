"""Predictions of rows of which some features come from a donor, by paths to leaves.

For trees of any depth. Along an order in which features join S, a row's leaf changes only at the
next feature to join on its path where row and donor go different ways; from there it descends anew.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from tasks.compiled import compiled
from tasks.uncertainty.path_trees import PathTrees
from tasks.uncertainty.protocol import FloatArray, IntArray
from tasks.uncertainty.threads import over_rows

BLOCK = 64
"""Rows that follow one another through a tree, whose nodes stay in the processor's caches."""


def walk_paths(
    trees: PathTrees, own: FloatArray, donated: FloatArray, joins: IntArray, sums: FloatArray
) -> None:
    """Sum the trees of each output at every step of an order.

    Parameters
    ----------
    trees
        The ensemble.
    own, donated
        The rows and their donors, shape (p, n); NaN is missing.
    joins, sums
        As of `tasks.uncertainty.leaf_masks.walk_masks`.
    """

    def walk(rows: slice) -> None:
        mine, other = own[:, rows].T.copy(), donated[:, rows].T.copy()
        _walk(trees, mine, other, joins, sums[:, :, rows])

    over_rows(walk, sums.shape[2], BLOCK)


@compiled
def _walk(
    trees: PathTrees, own: FloatArray, donated: FloatArray, joins: IntArray, sums: FloatArray
) -> None:
    n_steps, n_outputs, n_rows = sums.shape
    nodes, sets = trees.nodes, trees.left_categories
    path = np.empty(trees.depth + 1, np.int64)
    turns = np.empty(trees.depth + 1, np.int64)
    changes = np.empty((BLOCK, n_steps + 1), np.int64)
    for start in range(0, n_rows, BLOCK):
        stop = min(start + BLOCK, n_rows)
        for output in range(n_outputs):
            changes[:] = 0
            for tree in range(trees.trees_of[output], trees.trees_of[output + 1]):
                root = trees.roots[tree]
                for i in range(start, stop):
                    change = changes[i - start]
                    _walk_tree(nodes, sets, root, own[i], donated[i], joins, path, turns, change)
            for i in range(start, stop):
                total = changes[i - start, n_steps]
                for step in range(n_steps):
                    total += changes[i - start, step]
                    sums[step, output, i] = trees.intercepts[output] + trees.unit * total


@compiled
def _walk_tree(
    nodes: Any,
    sets: npt.NDArray[np.bool_],
    root: int,
    own: FloatArray,
    donated: FloatArray,
    joins: IntArray,
    path: IntArray,
    turns: IntArray,
    changes: IntArray,
) -> None:
    """Add the row's leaf to the last entry of `changes`, and how it changes to each step's."""
    n_steps = len(changes) - 1
    step, depth = -1, 0
    path[0] = root
    before = 0
    while True:
        node = path[depth]
        while nodes[node].feature >= 0:
            feature = nodes[node].feature
            goes_left = _goes_left(nodes[node], sets, own[feature])
            donor_goes_left = _goes_left(nodes[node], sets, donated[feature])
            turns[depth] = n_steps
            if goes_left != donor_goes_left:
                if joins[feature] <= step:
                    goes_left = donor_goes_left
                else:
                    turns[depth] = joins[feature]
            node = nodes[node].left if goes_left else nodes[node].right
            depth += 1
            path[depth] = node
        value = nodes[node].value
        changes[step] += value - before  # the entry of step -1 is the last one
        before = value
        length, step = depth, n_steps
        for k in range(length):
            if turns[k] < step:
                step, depth = turns[k], k
        if step == n_steps:
            return


@compiled
def _goes_left(node: Any, sets: npt.NDArray[np.bool_], value: float) -> bool:
    if np.isnan(value):
        return bool(node.missing_left)
    if node.categories < 0:
        return bool(value <= node.threshold)
    code = int(value)
    if 0 <= code < sets.shape[1] and code == value:
        return bool(sets[node.categories, code])
    return bool(node.missing_left)
