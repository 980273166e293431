"""Predictions of rows of which some features come from a donor, by masks of leaves.

Masks of different features are independent of each other: a row whose features S come from a donor
reaches, in each tree, the lowest leaf of (the donor's masks over S) AND (the row's own over the
others). Along an order in which features join S, a tree costs a prefix and a suffix of such ANDs
over the few features that it splits on, and its leaf changes only where one of them joins.

References
----------
Lucchese, Nardini, Orlando, Perego, Tonellotto & Venturini (2015), QuickScorer: a fast algorithm to
rank documents with additive ensembles of regression trees, SIGIR, 73-82.
"""

import numpy as np

from tasks.compiled import compiled, lowest_bit
from tasks.uncertainty.masked_trees import MaskedTrees, Masks
from tasks.uncertainty.protocol import FloatArray, IntArray
from tasks.uncertainty.threads import over_rows
from tasks.uncertainty.value_codes import Codes

BLOCK = 256
"""Rows that are worked on together: what they need stays in the processor's caches."""


def walk_masks(
    trees: MaskedTrees, own: Codes, donated: Codes, joins: IntArray, sums: FloatArray
) -> None:
    """Sum the trees of each output at every step of an order.

    Parameters
    ----------
    trees
        The ensemble.
    own, donated
        Codes of the rows and of their donors, shape (p, n).
    joins
        Step from which on a feature is the donor's, shape (p,); S where it never is.
    sums
        Is filled: shape (S, outputs, n).
    """

    def walk(rows: slice) -> None:
        _walk(trees, own[:, rows], donated[:, rows], joins, sums[:, :, rows])

    over_rows(walk, sums.shape[2], BLOCK)


@compiled
def _walk(
    trees: MaskedTrees, own: Codes, donated: Codes, joins: IntArray, sums: FloatArray
) -> None:
    n_rows = sums.shape[2]
    for start in range(0, n_rows, BLOCK):
        rows = slice(start, min(start + BLOCK, n_rows))
        block_own, block_donated = own[:, rows].copy(), donated[:, rows].copy()
        _walk_block(trees, block_own, block_donated, joins, sums[:, :, rows])


@compiled
def _walk_block(
    trees: MaskedTrees, own: Codes, donated: Codes, joins: IntArray, sums: FloatArray
) -> None:
    n_steps, n_outputs, n_rows = sums.shape
    n_features = len(joins)
    kept = np.empty((n_features + 1, n_rows), trees.left_out.dtype)
    donors = np.empty(n_rows, trees.left_out.dtype)
    before = np.empty(n_rows, np.int64)
    total = np.empty(n_rows, np.int64)
    changes = np.empty((n_steps, n_rows), np.int64)
    ordered = np.empty(n_features, np.int64)
    for output in range(n_outputs):
        total[:] = 0
        changes[:] = 0
        for tree in range(trees.trees_of[output], trees.trees_of[output + 1]):
            n_slots = _order_slots(trees, tree, joins, ordered)
            kept[n_slots] = ~kept.dtype.type(0)
            for k in range(n_slots - 1, -1, -1):
                kept[k] = kept[k + 1]
                _leave_out(trees, ordered[k], own, kept[k])
            values = trees.values[trees.values_of[tree] : trees.values_of[tree + 1]]
            donors[:] = ~donors.dtype.type(0)
            for i in range(n_rows):
                before[i] = values[lowest_bit(kept[0, i])]
                total[i] += before[i]
            for k in range(n_slots):
                step = joins[trees.feature[ordered[k]]]
                if step == n_steps:
                    break
                _leave_out(trees, ordered[k], donated, donors)
                if k + 1 < n_slots and joins[trees.feature[ordered[k + 1]]] == step:
                    continue
                change, left = changes[step], kept[k + 1]
                for i in range(n_rows):
                    value = values[lowest_bit(donors[i] & left[i])]
                    change[i] += value - before[i]
                    before[i] = value
        for step in range(n_steps):
            for i in range(n_rows):
                total[i] += changes[step, i]
                sums[step, output, i] = trees.intercepts[output] + trees.unit * total[i]


@compiled
def _order_slots(trees: MaskedTrees, tree: int, joins: IntArray, ordered: IntArray) -> int:
    """Put a tree's slots into the order in which their features join; gives their number."""
    first = trees.slots_of[tree]
    n_slots = trees.slots_of[tree + 1] - first
    for k in range(n_slots):
        place, step = k, joins[trees.feature[first + k]]
        while place > 0 and joins[trees.feature[ordered[place - 1]]] > step:
            ordered[place] = ordered[place - 1]
            place -= 1
        ordered[place] = first + k
    return int(n_slots)


@compiled
def _leave_out(trees: MaskedTrees, slot: int, codes: Codes, masks: Masks) -> None:
    """Take from each row's leaves those that its value of the slot's feature leaves out."""
    values, everything = codes[trees.feature[slot]], ~masks.dtype.type(0)
    table = trees.table[slot]
    if table >= 0:
        for i in range(len(masks)):
            masks[i] &= trees.tables[table, values[i]]
    for node in range(trees.nodes_of[slot], trees.nodes_of[slot + 1]):
        low, width, left_out = trees.low[node], trees.width[node], trees.left_out[node]
        for i in range(len(masks)):
            goes_left = np.uint16(values[i] - low) <= width
            masks[i] &= everything if goes_left else left_out
