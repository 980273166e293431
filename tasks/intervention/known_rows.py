"""Rows of a task with features and targets."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from tasks.intervention.feature_rows import FeatureRows
from tasks.relations.features import FeatureTable
from tasks.uncertainty.model_data import ModelData, TrainingRows


@dataclass(frozen=True)
class Known:
    """Rows of a task with features and targets.

    Attributes
    ----------
    given
        N rows with their features.
    target
        The same rows as members are fitted to, or scored on.
    """

    given: FeatureRows
    target: TrainingRows

    def take(self, chosen: npt.NDArray[np.intp]) -> "Known":
        """Some of the N rows."""
        given = self.given
        rows = replace(given, rows=given.rows[chosen], x=given.x[chosen])
        return Known(rows, self.target.take(chosen))


def known_rows(table: FeatureTable, data: ModelData, chosen: npt.NDArray[np.intp]) -> Known:
    """Some rows of a feature table.

    Parameters
    ----------
    table, data
        Features of all rows, also as a matrix with targets.
    chosen
        Which.
    """
    given = FeatureRows(table.rows[chosen], data.encoder, data.x[chosen])
    target = replace(
        data.training, x=data.x[chosen], y=data.y[chosen], entities=data.entities[chosen]
    )
    return Known(given, target)
