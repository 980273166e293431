"""Trees of at most 64 leaves as masks: which leaves are left to a row by each of its values."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from tasks.uncertainty.fixed_point import in_unit, sum_unit
from tasks.uncertainty.protocol import FloatArray, IntArray
from tasks.uncertainty.training_data import MOST_CATEGORIES
from tasks.uncertainty.trees import Tree, Trees
from tasks.uncertainty.value_codes import MISSING, ValueCodes

MOST_LEAVES = 64
Masks = npt.NDArray[np.uint32 | np.uint64]


class MaskedTrees(NamedTuple):
    """All trees one after the other; a slot is a feature that a tree splits on.

    Leaves are bits, from left to right. A row that goes to the right at a node cannot reach the
    leaves below its left child; the leaf that it reaches is the lowest bit that all nodes leave.

    Attributes
    ----------
    trees_of, slots_of, nodes_of
        Where the trees of an output, the slots of a tree and the numeric nodes of a slot begin;
        one more than there are of them.
    feature
        Of each slot.
    table
        Of each slot its row of `tables` where the feature is categorical, else -1.
    low, width
        Codes from `low` to ``low + width`` go to the left at a node.
    left_out
        What is left of the leaves to a row that goes to the right at a node.
    tables
        What is left of the leaves to a row with each code, shape (categorical slots, codes).
    values_of
        Where the values of a tree's leaves begin.
    values
        Of all leaves, in `unit`: whole numbers, whose sums do not depend on their order.
    unit
        As of `sum_unit`.
    intercepts
        One an output.
    """

    trees_of: IntArray
    slots_of: IntArray
    nodes_of: IntArray
    feature: IntArray
    table: IntArray
    low: npt.NDArray[np.uint16]
    width: npt.NDArray[np.uint16]
    left_out: Masks
    tables: Masks
    values_of: IntArray
    values: IntArray
    unit: float
    intercepts: FloatArray


def masked_trees(trees: Trees, codes: ValueCodes) -> MaskedTrees | None:
    """Masks of all nodes.

    Returns
    -------
    MaskedTrees or None
        None where a tree has more than 64 leaves.
    """
    every = [tree for output in trees.outputs for tree in output]
    most = max(int((tree.feature < 0).sum()) for tree in every)
    if most > MOST_LEAVES:
        return None
    kind = np.uint32 if most <= MOST_LEAVES // 2 else np.uint64
    slots_of, nodes_of, feature, table = [0], [0], [], []
    low, width, left_out, values = [], [], [], []
    tables: list[Masks] = []
    values_of = [0]
    for tree in every:
        kept, leaves = _kept_masks(tree, kind)
        for of in np.unique(tree.feature[tree.feature >= 0]):
            nodes = np.flatnonzero(tree.feature == of)
            feature.append(of)
            if codes.is_categorical[of]:
                table.append(len(tables))
                tables.append(_table(tree, nodes, kept))
            else:
                table.append(-1)
                for node in nodes:
                    first = MISSING if tree.missing_left[node] else MISSING + 1
                    last = 1 + np.searchsorted(codes.thresholds[of], tree.threshold[node])
                    low.append(first)
                    width.append(last - first)
                    left_out.append(kept[node])
            nodes_of.append(len(low))
        slots_of.append(len(feature))
        values.append(tree.value[leaves])
        values_of.append(values_of[-1] + len(leaves))
    unit = sum_unit(values)
    return MaskedTrees(
        trees_of=np.cumsum([0, *map(len, trees.outputs)]),
        slots_of=np.array(slots_of),
        nodes_of=np.array(nodes_of),
        feature=np.array(feature, dtype=np.int64),
        table=np.array(table, dtype=np.int64),
        low=np.array(low, dtype=np.uint16),
        width=np.array(width, dtype=np.uint16),
        left_out=np.array(left_out, dtype=kind),
        tables=np.vstack([np.empty((0, MOST_CATEGORIES + 1), kind), *tables]),
        values_of=np.array(values_of),
        values=in_unit(np.concatenate(values), unit),
        unit=unit,
        intercepts=trees.intercepts,
    )


def _kept_masks(tree: Tree, kind: type[np.uint32 | np.uint64]) -> tuple[Masks, list[int]]:
    """What going to the right at each node leaves of the leaves; and the leaves in their order."""
    leaves: list[int] = []
    below = np.zeros(len(tree.feature), dtype=kind)  # leaves below a node's left child
    stack = [(0, False)]
    first = np.zeros(len(tree.feature), dtype=np.int64)
    while stack:
        node, left_is_done = stack.pop()
        if tree.feature[node] < 0:
            leaves.append(node)
        elif not left_is_done:
            first[node] = len(leaves)
            stack += [(node, True), (int(tree.left[node]), False)]
        else:
            below[node] = (1 << len(leaves)) - (1 << int(first[node]))
            stack.append((int(tree.right[node]), False))
    return ~below, leaves


def _table(tree: Tree, nodes: IntArray, kept: Masks) -> Masks:
    """What all of a feature's nodes leave to each code: missing first."""
    table = np.full(MOST_CATEGORIES + 1, ~kept.dtype.type(0))
    for node in nodes:
        goes_left = np.append(tree.missing_left[node], tree.left_categories[tree.categories[node]])
        table[~goes_left] &= kept[node]
    return table
