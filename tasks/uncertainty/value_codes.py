"""Values as small whole numbers, so that a split of any tree is an interval or a set of them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tasks.uncertainty.protocol import FloatArray
from tasks.uncertainty.training_data import MOST_CATEGORIES
from tasks.uncertainty.trees import Trees

Codes = npt.NDArray[np.uint16]
MISSING = 0
MOST_THRESHOLDS = 2**16 - 2


@dataclass(frozen=True)
class ValueCodes:
    """Codes of the values of p features: 0 is missing, others are in the order of the values.

    Attributes
    ----------
    thresholds
        Of each feature, ascending; code c > 0 holds the values above the threshold c - 2 and up to
        the threshold c - 1.
    is_categorical
        Features whose value v has the code v + 1, shape (p,).
    """

    thresholds: tuple[FloatArray, ...]
    is_categorical: npt.NDArray[np.bool_]

    def codes(self, x: FloatArray) -> Codes:
        """Codes of rows, feature by feature.

        Parameters
        ----------
        x
            Rows, shape (N, p); NaN is missing, and so is what is no category.

        Returns
        -------
        ndarray of shape (p, N)
        """
        codes = np.empty(x.shape[::-1], dtype=np.uint16)
        for feature, (values, thresholds) in enumerate(zip(x.T, self.thresholds, strict=True)):
            if self.is_categorical[feature]:
                is_code = (values >= 0) & (values < MOST_CATEGORIES) & (values == np.floor(values))
                codes[feature] = np.where(is_code, values + 1, MISSING)
            else:
                above = np.searchsorted(thresholds, values) + 1
                codes[feature] = np.where(np.isnan(values), MISSING, above)
        return codes


def value_codes(trees: Trees) -> ValueCodes | None:
    """Codes that tell apart whatever a split of a tree tells apart.

    Returns
    -------
    ValueCodes or None
        None where a feature has more thresholds than there are codes.
    """
    every = [tree for output in trees.outputs for tree in output]
    feature = np.concatenate([tree.feature for tree in every])
    threshold = np.concatenate([tree.threshold for tree in every])
    in_categories = np.concatenate([tree.categories for tree in every]) >= 0
    is_categorical = np.zeros(trees.n_features, dtype=bool)
    is_categorical[feature[in_categories]] = True
    found = tuple(np.unique(threshold[feature == k]) for k in range(trees.n_features))
    return ValueCodes(found, is_categorical) if _fit(found) else None


def _fit(thresholds: Sequence[FloatArray]) -> bool:
    return max(map(len, thresholds)) <= MOST_THRESHOLDS
