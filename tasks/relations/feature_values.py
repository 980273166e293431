"""What the rows that are reached tell: a parent's values, aggregates over child rows before."""

from collections.abc import Collection, Iterator
from typing import NamedTuple

import polars as pl

from tasks.domain import Column, ColumnTask, Domain, Task, WindowTask
from tasks.relations.events import meets
from tasks.relations.feature_walk import Feature, Reach

NUMERIC = ("integer", "number", "boolean")
Columns = Collection[tuple[str, str]]
"""Columns as (table, name)."""


def leaks_of(contract: Domain, task: Task) -> frozenset[str]:
    """Columns, as ``table.column``, that must not be a task's features: the contract's and its."""
    return frozenset((*contract.leaks, *task.leaks))


def usable_columns(contract: Domain, task: Task, name: str) -> dict[str, Column]:
    """Columns of a table that may be a task's features: no keys, texts, leaks or bookkeeping."""
    table = contract.tables[name]
    barred = {*table.primary_key, *table.foreign_keys, *table.bookkeeping}
    leaks = leaks_of(contract, task)
    return {
        column: entry
        for column, entry in table.columns.items()
        if column not in barred and entry.type != "text" and f"{name}.{column}" not in leaks
    }


class Source(NamedTuple):
    """What is told of each row of a table: a column's value, or whether it meets a condition."""

    column: str
    type: str
    values: pl.Series
    condition: str = ""


def sources_of(
    contract: Domain, task: Task, reach: Reach, frame: pl.DataFrame, columns: Columns | None
) -> list[Source]:
    """What a reached table tells; the past of what is to be predicted is among it.

    Parameters
    ----------
    contract, task
        The domain and what is predicted.
    reach
        Which table, and by which path.
    frame
        That table.
    columns
        Restricts the result to these; None for all.
    """
    name = reach.table
    usable = usable_columns(contract, task, name)
    if isinstance(task, ColumnTask) and not reach.path:
        usable.pop(task.column, None)
    sources = [Source(column, entry.type, frame[column]) for column, entry in usable.items()]
    condition = task.condition if isinstance(task, WindowTask) and name == task.events else None
    if condition is not None and f"{name}.{condition.column}" not in leaks_of(contract, task):
        met = frame.select(meets(condition)).to_series()
        text = f"{condition.compare} {condition.value}"
        sources.append(Source(condition.column, "boolean", met, text))
    return [source for source in sources if columns is None or (name, source.column) in columns]


def features_of(reach: Reach, sources: list[Source]) -> Iterator[tuple[Feature, pl.Series]]:
    """The features of what a reached table tells, numbers as Float64.

    Parameters
    ----------
    reach
        Rows of the table for each of N rows.
    sources
        What the table tells.

    Yields
    ------
    tuple of Feature and polars.Series
        N values.
    """
    past = reach.past
    for source in sources:
        values = source.values.gather(reach.rows)
        yield _feature(reach, source, "value" if past is None else "last", values)
    for source in sources:
        if past is not None and source.type in NUMERIC:
            mean, recent = past.means(source.values)
            yield _feature(reach, source, "mean", mean)
            yield _feature(reach, source, "recent mean", recent)


def count_features(reach: Reach) -> Iterator[tuple[Feature, pl.Series]]:
    """Number and recency of the child rows, whatever they hold; nothing of a single parent."""
    if reach.past is not None:
        counts = {
            "count": reach.past.count,
            "recent count": reach.past.recent_count,
            "days since": reach.past.days,
        }
        for aggregate, values in counts.items():
            yield _feature(reach, Source("", "number", values), aggregate, values)


def _feature(
    reach: Reach, source: Source, aggregate: str, values: pl.Series
) -> tuple[Feature, pl.Series]:
    is_number = source.type in NUMERIC
    kind = "number" if is_number else source.type
    feature = Feature(reach.path, reach.table, source.column, aggregate, kind, source.condition)
    return feature, values.cast(pl.Float64) if is_number else values
