"""A database's tables, columns and value ranges as the attribution sees them."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, count

import numpy as np
from numpy.typing import NDArray

from tasks.attribution.hierarchy import Hierarchy, single_columns
from tasks.attribution.ranges import CategoryRanges, NumberRanges, fit_number_ranges
from tasks.domain import PLACEBO, Node
from tasks.relations.encoding import Encoder
from tasks.relations.feature_walk import Feature

ROWS = "(rows)"
"""Column that stands for the number and recency of a table's rows."""
OWN = "(own)"
"""Key of what reaches a row through no foreign key."""
LEADING = ("value", "last", "mean", "recent mean", "count", "recent count", "days since")
"""Which feature of a column speaks for its values: the first of these on the shortest path."""


@dataclass(frozen=True)
class ColumnRanges:
    """The value ranges of one column.

    Attributes
    ----------
    feature
        Index of the feature that speaks for the column's values.
    labels
        A name for each range, no two alike.
    codes
        Range of each row, shape (N,).
    """

    feature: int
    labels: tuple[str, ...]
    codes: NDArray[np.intp]


def column_of(feature: Feature) -> tuple[str, str]:
    """Table and column to which a feature's share belongs."""
    return feature.table, feature.column or ROWS


def key_of(feature: Feature) -> str:
    """Foreign key by which a feature reaches the predicted row: the first step of its path."""
    if feature.table == PLACEBO:
        return PLACEBO
    return feature.path[0] if feature.path else OWN


def database_hierarchy(features: Sequence[Feature]) -> Hierarchy:
    """Features by table and column, in the order in which they first occur.

    Parameters
    ----------
    features
        What each column of X is.
    """
    tables: dict[str, dict[str, tuple[int, ...]]] = {}
    for index, feature in enumerate(features):
        table, column = column_of(feature)
        columns = tables.setdefault(table, {})
        columns[column] = (*columns.get(column, ()), index)
    return Hierarchy(tables)


def key_hierarchy(features: Sequence[Feature]) -> Hierarchy:
    """Features by the foreign key through which they reach the row."""
    groups: dict[str, tuple[int, ...]] = {}
    for index, feature in enumerate(features):
        key = key_of(feature)
        groups[key] = (*groups.get(key, ()), index)
    return single_columns(groups)


def leading_feature(features: Sequence[Feature], indices: Sequence[int]) -> int:
    """Which of a column's features speaks for its values.

    Parameters
    ----------
    features
        What each column of X is.
    indices
        The features of one column.
    """
    return min(
        indices,
        key=lambda index: (
            len(features[index].path),
            LEADING.index(features[index].aggregate),
            index,
        ),
    )


def column_ranges(
    encoder: Encoder,
    hierarchy: Hierarchy,
    train: NDArray[np.float64],
    rows: NDArray[np.float64],
    n_ranges: int,
) -> tuple[ColumnRanges, ...]:
    """Cut every column of the hierarchy into value ranges.

    Parameters
    ----------
    encoder
        What the columns of X are, and the names of the categories.
    hierarchy
        The K columns.
    train
        X of the rows from which ranges are learnt, shape (n, p).
    rows
        X of the rows that get codes, shape (N, p).
    n_ranges
        Of numbers: intervals of about equally many train rows. Of categories: how many of the most
        frequent have a range of their own.

    Returns
    -------
    tuple of ColumnRanges
        One a column. Ranges without a row among `rows` are kept: their part is 0.
    """
    return tuple(
        _ranges(encoder, leading_feature(encoder.nodes, features), train, rows, n_ranges)
        for features in hierarchy.features
    )


def _ranges(
    encoder: Encoder,
    feature: int,
    train: NDArray[np.float64],
    rows: NDArray[np.float64],
    n_ranges: int,
) -> ColumnRanges:
    node, values = encoder.nodes[feature], rows[:, feature]
    if node.type == "category":
        names = encoder.categories[node.name][:n_ranges]
        categories = CategoryRanges(tuple(float(code) for code in range(len(names))))
        labels = _told_apart((*names, *categories.labels[len(names) :]))
        return ColumnRanges(feature, labels, categories.codes(values))
    seen: NumberRanges = fit_number_ranges(train[:, feature], n_ranges)
    unit = " days before" if node.type == "time" else ""
    *intervals, missing = seen.labels
    labels = _told_apart((*(f"{interval}{unit}" for interval in intervals), missing))
    return ColumnRanges(feature, labels, seen.codes(values))


def _told_apart(labels: Sequence[str]) -> tuple[str, ...]:
    """Number those that come again: a category may be named as the range of all others is."""
    told: list[str] = []
    for label in labels:
        numbered = (f"{label} ({number})" for number in count(2))
        told.append(next(name for name in chain([label], numbered) if name not in told))
    return tuple(told)


def range_node(column: tuple[str, str], label: str) -> Node:
    """The node of a value range."""
    return Node(table=column[0], column=column[1], range=label)
