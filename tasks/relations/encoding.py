"""Features as a matrix: what is learnt for it is learnt from the train rows alone."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from tasks.domain import Split
from tasks.errors import InputError
from tasks.relations.as_of import SECONDS_A_DAY
from tasks.relations.events import TIME
from tasks.relations.feature_walk import Feature
from tasks.relations.features import FeatureTable

MOST_CATEGORIES = 200


@dataclass(frozen=True)
class Encoder:
    """How a feature table becomes a matrix.

    Attributes
    ----------
    nodes
        The p features that are kept, in the order of the matrix's columns: those that vary among
        the train rows.
    categories
        For each category feature by name its values, most frequent first; the code of a value is
        its place, and all other values share the code after the last.
    """

    nodes: tuple[Feature, ...]
    categories: dict[str, tuple[str, ...]]

    @property
    def categorical(self) -> tuple[int, ...]:
        """Columns of the matrix that hold codes."""
        return tuple(k for k, node in enumerate(self.nodes) if node.type == "category")

    def transform(self, table: FeatureTable) -> npt.NDArray[np.float64]:
        """The matrix, shape (N, p); a missing value is NaN, a time is days before the row's own."""
        return self._matrix(table, self.nodes)

    def transform_some(
        self, table: FeatureTable
    ) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.float64]]:
        """Those q columns of the matrix whose features a table holds: indices and (N, q)."""
        held = set(table.features.columns)
        places = [place for place, node in enumerate(self.nodes) if node.name in held]
        matrix = self._matrix(table, [self.nodes[place] for place in places])
        return np.array(places, dtype=np.intp), matrix

    def _matrix(self, table: FeatureTable, nodes: Sequence[Feature]) -> npt.NDArray[np.float64]:
        matrix = np.empty((table.rows.height, len(nodes)))
        for place, node in enumerate(nodes):
            matrix[:, place] = self._column(table, node).to_numpy()
        return matrix

    def _column(self, table: FeatureTable, node: Feature) -> pl.Series:
        values = table.features[node.name]
        if node.type == "category":
            known = self.categories[node.name]
            codes = {value: float(code) for code, value in enumerate(known)}
            coded = values.replace_strict(codes, default=float(len(known)), return_dtype=pl.Float64)
            return coded.set(values.is_null(), None)
        if node.type == "time":
            return (table.rows[TIME] - values).dt.total_seconds() / SECONDS_A_DAY
        return values


def fit_encoder(table: FeatureTable, train: npt.NDArray[np.bool_]) -> Encoder:
    """Learn which features vary and which categories there are.

    Parameters
    ----------
    table
        Features of N rows.
    train
        Which of the N rows may be looked at.

    Raises
    ------
    InputError
        If no row is for training, or no feature varies among those that are.
    """
    if not train.any():
        raise InputError("No row lies before the split's validation date: nothing to train on.")
    seen = table.features.filter(pl.Series(train))
    nodes = tuple(node for node in table.nodes if seen[node.name].n_unique() > 1)
    if not nodes:
        raise InputError("No feature varies among the train rows: there is nothing to learn from.")
    categories = {
        node.name: tuple(_by_frequency(seen[node.name]))
        for node in nodes
        if node.type == "category"
    }
    return Encoder(nodes, categories)


def _by_frequency(values: pl.Series) -> list[str]:
    counts = values.drop_nulls().value_counts(name="(rows)")
    ordered = counts.sort("(rows)", values.name, descending=[True, False])
    return ordered[values.name].head(MOST_CATEGORIES).to_list()


def split_rows(
    times: pl.Series, split: Split
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Which rows are for training, validation and test, by their times."""
    days = times.dt.date()
    train = (days < split.validation).to_numpy()
    test = (days >= split.test).to_numpy()
    return train, ~train & ~test, test
