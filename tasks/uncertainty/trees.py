"""Fitted trees of any library, in one form."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tasks.uncertainty.protocol import FloatArray, IntArray


@dataclass(frozen=True)
class Tree:
    """One tree: its nodes, the root first.

    Attributes
    ----------
    feature
        On which a node splits, shape (M,); -1 for a leaf.
    threshold
        Rows with at most this value go to the left, shape (M,).
    missing_left
        Whether rows without a value go to the left, shape (M,).
    left, right
        The node's children, shape (M,).
    value
        Of a leaf, shape (M,).
    categories
        Of a node that splits categories its row of `left_categories`, else -1, shape (M,).
    left_categories
        Whether each code goes to the left, shape (categorical splits, 255).
    """

    feature: IntArray
    threshold: FloatArray
    missing_left: npt.NDArray[np.bool_]
    left: IntArray
    right: IntArray
    value: FloatArray
    categories: IntArray
    left_categories: npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Trees:
    """Sums of trees: an output is an intercept and the leaves that a row reaches.

    Attributes
    ----------
    outputs
        The trees of each output; member b's outputs stand together.
    intercepts
        One an output.
    n_features
        p.
    in_single_precision
        Whether values are rounded to single precision before they meet a threshold.
    """

    outputs: tuple[tuple[Tree, ...], ...]
    intercepts: FloatArray
    n_features: int
    in_single_precision: bool = False
