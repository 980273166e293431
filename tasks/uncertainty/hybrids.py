"""Predictions of hybrid rows: rows of which ever more features come from a donor."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from tasks.uncertainty.leaf_masks import walk_masks
from tasks.uncertainty.leaf_paths import walk_paths
from tasks.uncertainty.masked_trees import MaskedTrees, masked_trees
from tasks.uncertainty.path_trees import PathTrees, path_trees
from tasks.uncertainty.protocol import FloatArray, IntArray
from tasks.uncertainty.trees import Trees
from tasks.uncertainty.value_codes import Codes, value_codes

Link = Callable[[FloatArray], FloatArray]
"""Sums of trees (..., outputs of a member, n) to predictions (..., C, n)."""


@dataclass(frozen=True)
class EditedCopies:
    """Hybrids of any ensemble: copies of the rows are edited and predicted, step by step.

    Attributes
    ----------
    predict
        The ensemble: rows (n, p) to (B, n), or class probabilities (B, n, C). It may neither
        change nor keep the rows that it is given.
    x
        All rows, shape (N, p).
    own
        Their predictions, shape (B, C, N): they serve where nothing or everything is exchanged.
    """

    predict: Callable[[FloatArray], FloatArray]
    x: FloatArray
    own: FloatArray

    def predict_steps(
        self, rows: slice, donors: IntArray, joins: IntArray, n_steps: int
    ) -> FloatArray:
        """As `Hybrids.predict_steps`."""
        hybrid, donated = self.x[rows].copy(), self.x[donors]
        steps = np.empty((n_steps, *self.own.shape[:2], len(donors)))
        for step in range(n_steps):
            joining = np.flatnonzero(joins == step)
            hybrid[:, joining] = donated[:, joining]
            if joins.min() > step:
                steps[step] = self.own[:, :, rows]
            elif joins.max() <= step:
                steps[step] = self.own[:, :, donors]
            else:
                steps[step] = classes_first(self.predict(hybrid))
        return steps


def edited_copies(predict: Callable[[FloatArray], FloatArray], x: FloatArray) -> EditedCopies:
    """Hybrids of any ensemble; predicts the rows once."""
    return EditedCopies(predict, x, np.ascontiguousarray(classes_first(predict(x.copy()))))


@dataclass(frozen=True)
class TreeHybrids:
    """Hybrids of trees: all of them at once, along all steps.

    Attributes
    ----------
    trees
        Of all members.
    values
        Of all rows, shape (p, N): their codes where the trees are masks.
    n_members
        B; each has as many outputs.
    link
        Of the sums of trees.
    """

    trees: MaskedTrees | PathTrees
    values: Codes | FloatArray
    n_members: int
    link: Link

    def predict_steps(
        self, rows: slice, donors: IntArray, joins: IntArray, n_steps: int
    ) -> FloatArray:
        """As `Hybrids.predict_steps`."""
        walk: Any = walk_masks if isinstance(self.trees, MaskedTrees) else walk_paths
        sums = np.empty((n_steps, len(self.trees.intercepts), len(donors)))
        walk(self.trees, self.values[:, rows], self.values[:, donors], joins, sums)
        return self.link(sums.reshape(n_steps, self.n_members, -1, len(donors)))


def tree_hybrids(trees: Trees, x: FloatArray, n_members: int, link: Link) -> TreeHybrids:
    """Hybrids of trees.

    Parameters
    ----------
    trees
        Of all members.
    x
        Rows, shape (N, p).
    n_members
        B; each has as many outputs.
    link
        Of the sums of trees.

    Returns
    -------
    TreeHybrids
        By masks of leaves where no tree has more than 64 and no feature more thresholds than
        there are codes, else by paths.
    """
    values = x.astype(np.float32).astype(np.float64) if trees.in_single_precision else x
    codes = value_codes(trees)
    masks = codes and masked_trees(trees, codes)
    if codes and masks:
        return TreeHybrids(masks, codes.codes(values), n_members, link)
    return TreeHybrids(path_trees(trees), values.T, n_members, link)


def classes_first(predictions: FloatArray) -> FloatArray:
    """Predictions (B, n) or (B, n, C) as (B, C, n)."""
    values = np.asarray(predictions, dtype=np.float64)
    return values[:, None, :] if values.ndim == 2 else np.moveaxis(values, 2, 1)
