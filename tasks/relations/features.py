"""The feature table of a task: one row for each prediction, one column for each feature."""

from dataclasses import dataclass
from datetime import timedelta

import polars as pl

from tasks.domain import ColumnTask, Domain, Task, WindowTask
from tasks.errors import InputError
from tasks.relations.as_of import KEY, ROW
from tasks.relations.events import LABEL, TIME, window_rows, with_condition, with_time
from tasks.relations.feature_walk import Feature, FeatureWalk, Found, found_feature

RECENT_DAYS = 365


@dataclass(frozen=True)
class FeatureTable:
    """What a model is fitted to.

    Attributes
    ----------
    rows
        N rows: the entity's key, `TIME` and `LABEL` (Float64; String for a class that is text).
    features
        N rows in the same order, a column for each feature by its name: Float64 for numbers,
        String for categories, Datetime for times. A key that points to nothing gives null.
    nodes
        What each column of `features` is, in their order.
    """

    rows: pl.DataFrame
    features: pl.DataFrame
    nodes: list[Feature]


def build_features(contract: Domain, tables: dict[str, pl.DataFrame], task: Task) -> FeatureTable:
    """Build the feature table of a task.

    Parameters
    ----------
    contract
        Keys, times, types, and the columns that leak.
    tables
        Frames by name, as `read_tables` gives them.
    task
        What to predict, for whom and when.

    Raises
    ------
    InputError
        If the task leaves no row, or the fact table has no time.
    """
    if isinstance(task, WindowTask):
        return _window_features(contract, tables, task)
    return _column_features(contract, tables, task)


def _window_features(
    contract: Domain, tables: dict[str, pl.DataFrame], task: WindowTask
) -> FeatureTable:
    """Entities at times; the past of what is to be predicted is a feature like any other."""
    rows = window_rows(contract, tables, task)
    if task.condition is not None:
        contract, tables = with_condition(contract, tables, task.events, task.condition)
    walk = FeatureWalk(contract, tables, task.events, timedelta(days=task.active_days))
    spine = rows.select(pl.col(task.key).alias(KEY), TIME).with_row_index(ROW)
    found = walk.own(task.entity, spine, ())
    found += walk.all_children(task.entity, spine, (), turn=True)
    return _table(rows, found)


def _column_features(
    contract: Domain, tables: dict[str, pl.DataFrame], task: ColumnTask
) -> FeatureTable:
    """Rows of the fact table: its other columns, and all that its foreign keys lead to."""
    facts = with_time(contract, tables, task.table).drop_nulls([task.column, TIME])
    if facts.is_empty():
        raise InputError(f"No row of {task.table} has both {task.column} and a time.")
    walk = FeatureWalk(contract, tables, task.table, timedelta(days=RECENT_DAYS))
    spine = facts.select(TIME).with_row_index(ROW)
    found: Found = [
        found_feature((), task.table, column, "value", entry, facts[column])
        for column, entry in walk.usable(task.table).items()
        if column != task.column
    ]
    for key, parent in contract.tables[task.table].foreign_keys.items():
        onward, path = spine.with_columns(facts[key].alias(KEY)), (f"->{key}",)
        found += walk.own(parent, onward, path)
        found += walk.all_children(parent, onward, path, turn=False)
    rows = facts.select(
        *contract.tables[task.table].primary_key, TIME, pl.col(task.column).alias(LABEL)
    )
    return _table(rows, found)


def _table(rows: pl.DataFrame, found: Found) -> FeatureTable:
    features = pl.DataFrame([values.alias(feature.name) for feature, values in found])
    return FeatureTable(rows, features, [feature for feature, _ in found])
