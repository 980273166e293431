"""Tables, their columns and the features that each column gives to the model."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import factorial, prod

import numpy as np
from numpy.typing import NDArray

from tasks.errors import InputError


@dataclass(frozen=True)
class Hierarchy:
    """Which features belong to which column of which table.

    Attributes
    ----------
    tables
        Table name to column name to the indices of its features in X. A column may give several
        features (one-hot codes, aggregates): they join a coalition together.
    """

    tables: Mapping[str, Mapping[str, tuple[int, ...]]]

    @property
    def columns(self) -> tuple[tuple[str, str], ...]:
        """(table, column) of each of the K columns, table by table."""
        return tuple((table, name) for table, columns in self.tables.items() for name in columns)

    @property
    def sizes(self) -> tuple[int, ...]:
        """Number of columns of each table."""
        return tuple(len(columns) for columns in self.tables.values())

    @property
    def features(self) -> tuple[tuple[int, ...], ...]:
        """Feature indices of each of the K columns."""
        return tuple(tuple(f) for columns in self.tables.values() for f in columns.values())

    @property
    def n_orders(self) -> int:
        """Number of orders in which tables, and columns inside tables, can join a coalition."""
        return factorial(len(self.sizes)) * prod(factorial(size) for size in self.sizes)


def single_columns(groups: Mapping[str, tuple[int, ...]]) -> Hierarchy:
    """Groups that are not divided further: tables of one column each.

    Examples
    --------
    >>> single_columns({"customer": (0, 2), "product": (1,)}).columns
    (('customer', 'customer'), ('product', 'product'))
    """
    return Hierarchy({name: {name: features} for name, features in groups.items()})


def check_partition(hierarchy: Hierarchy, n_features: int) -> None:
    """Refuse a hierarchy that does not put each feature into exactly one column.

    Raises
    ------
    InputError
        If a table has no column, a column no feature, or a feature is missing, foreign or twice
        there.
    """
    if 0 in hierarchy.sizes or not hierarchy.sizes:
        raise InputError(f"Every table must have a column, got {dict(hierarchy.tables)!r}.")
    if () in hierarchy.features:
        empty = ".".join(hierarchy.columns[hierarchy.features.index(())])
        raise InputError(f"Every column must have a feature, {empty} has none.")
    given = sorted(feature for features in hierarchy.features for feature in features)
    if given != list(range(n_features)):
        raise InputError(
            f"Each of the {n_features} features must be in exactly one column, got {given}: put "
            "features that belong nowhere into a column of their own."
        )


def draw_order(sizes: tuple[int, ...], rng: np.random.Generator) -> Iterator[int]:
    """Shuffle the tables, and inside each table its columns.

    Parameters
    ----------
    sizes
        Number of columns of each table.
    rng
        Source of randomness.

    Yields
    ------
    int
        The columns, counted from 0 table by table, in the order in which they join.
    """
    columns: list[NDArray[np.intp]] = np.split(np.arange(sum(sizes)), np.cumsum(sizes)[:-1])
    for table in rng.permutation(len(sizes)):
        yield from (int(column) for column in rng.permutation(columns[table]))
