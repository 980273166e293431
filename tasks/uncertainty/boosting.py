"""Bagged histogram gradient boosting, with native categories and missing values."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

from tasks.errors import InputError


@dataclass(frozen=True)
class BoostingSettings:
    """Size of each member.

    Attributes
    ----------
    iterations
        Number of trees (of each class, where there are more than two).
    learning_rate
        Shrinkage of each tree, in (0, 1].
    max_leaf_nodes
        Most leaves of a tree.
    min_samples_leaf
        Fewest rows of a leaf; a row counts as often as it was drawn.
    """

    iterations: int = 100
    learning_rate: float = 0.05
    max_leaf_nodes: int = 15
    min_samples_leaf: int = 20

    def __post_init__(self) -> None:
        if self.iterations < 1 or self.max_leaf_nodes < 2 or self.min_samples_leaf < 1:
            raise InputError(
                f"Members need iterations >= 1, max_leaf_nodes >= 2, min_samples_leaf >= 1, "
                f"got {self.iterations}, {self.max_leaf_nodes}, {self.min_samples_leaf}."
            )
        if not 0 < self.learning_rate <= 1:
            raise InputError(f"learning_rate must lie in (0, 1], got {self.learning_rate}.")

    def model(self, classifies: bool, categorical: Sequence[int], random_state: int) -> Any:
        """As `tasks.uncertainty.bagging.MemberSettings.model`."""
        kind = HistGradientBoostingClassifier if classifies else HistGradientBoostingRegressor
        return kind(
            max_iter=self.iterations,
            learning_rate=self.learning_rate,
            max_leaf_nodes=self.max_leaf_nodes,
            min_samples_leaf=self.min_samples_leaf,
            categorical_features=list(categorical),
            early_stopping=False,
            random_state=random_state,
        )
