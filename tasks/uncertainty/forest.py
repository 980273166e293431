"""Bagged random forests and extremely randomised trees."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sklearn.ensemble import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)

from tasks.errors import InputError


@dataclass(frozen=True)
class ForestSettings:
    """Size of each member, which is a whole forest: a single deep tree says little of a forest.

    Category codes are taken as numbers.

    Attributes
    ----------
    trees
        Number of trees.
    min_samples_leaf
        Fewest rows of a leaf; a row counts as often as it was drawn.
    is_extra
        Whether thresholds are drawn at random (Geurts, Ernst & Wehenkel 2006) in trees grown on
        the whole bag, or searched for in trees grown on a bootstrap of it (Breiman 2001).
    """

    trees: int = 50
    min_samples_leaf: int = 5
    is_extra: bool = False

    def __post_init__(self) -> None:
        if self.trees < 1 or self.min_samples_leaf < 1:
            raise InputError(
                "Forests need trees >= 1 and min_samples_leaf >= 1, got "
                f"{self.trees} and {self.min_samples_leaf}."
            )

    def model(self, classifies: bool, categorical: Sequence[int], random_state: int) -> Any:
        """As `tasks.uncertainty.bagging.MemberSettings.model`."""
        if classifies:
            kind = ExtraTreesClassifier if self.is_extra else RandomForestClassifier
        else:
            kind = ExtraTreesRegressor if self.is_extra else RandomForestRegressor
        return kind(
            n_estimators=self.trees,
            min_samples_leaf=self.min_samples_leaf,
            max_features="sqrt" if classifies else 1 / 3,
            random_state=random_state,
        )
