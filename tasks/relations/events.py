"""Rows as events in time: when each row became known, and the windows it falls into."""

from datetime import timedelta

import polars as pl

from tasks.domain import Condition, Domain, WindowTask
from tasks.errors import InputError
from tasks.relations.as_of import find_rows

TIME = "(time)"
LABEL = "(label)"


def row_times(contract: Domain, tables: dict[str, pl.DataFrame], name: str) -> pl.Series:
    """When each row of a table became known.

    Parameters
    ----------
    contract
        Says which column, perhaps behind a foreign key, holds the time.
    tables
        Frames by name.
    name
        Which table.

    Returns
    -------
    polars.Series
        A time for each row; null where it is missing.

    Raises
    ------
    InputError
        If the contract gives the table no time.
    """
    table = contract.tables[name]
    if not table.time:
        raise InputError(f"Table {name} has no time in the contract of {contract.name}.")
    key, _, beyond = table.time.partition(".")
    if not beyond:
        return tables[name][key].alias(TIME)
    parent = tables[table.foreign_keys[key]]
    (primary,) = contract.tables[table.foreign_keys[key]].primary_key
    return parent[beyond].gather(find_rows(tables[name][key], parent[primary])).alias(TIME)


def meets(condition: Condition) -> pl.Expr:
    """Whether a row meets a condition; null where its value is missing."""
    column, value = pl.col(condition.column), condition.value
    return {
        "==": column == value,
        "!=": column != value,
        "<": column < value,
        "<=": column <= value,
        ">": column > value,
        ">=": column >= value,
    }[condition.compare]


def window_rows(
    contract: Domain, tables: dict[str, pl.DataFrame], task: WindowTask
) -> pl.DataFrame:
    """The rows that a window task predicts, with their labels.

    Parameters
    ----------
    contract, tables
        The domain.
    task
        Times, windows, activity and aggregate.

    Returns
    -------
    polars.DataFrame
        Columns: the task's key, `TIME` (t) and `LABEL`, ordered by both. One row for each entity
        that has an event in (t - active_days, t] and a label in (t, t + window_days]; t runs
        while the window lies within the data.

    Raises
    ------
    InputError
        If no row is left.
    """
    events = tables[task.events].with_columns(row_times(contract, tables, task.events))
    events = events.drop_nulls([task.key, TIME])
    start = pl.lit(task.start).cast(pl.Datetime("us"))
    step = timedelta(days=task.step_days)
    since = pl.col(TIME) - start
    # The grid is t_k = start + k step. An event at tau labels t_k < tau <= t_k + window, and
    # shows activity at tau <= t_k < tau + active.
    first_not_before = -(-since.dt.total_microseconds() // (step // timedelta(microseconds=1)))
    labelled = _spread(events, first_not_before - 1, -1, task.window_days, task.step_days)
    labelled = labelled.filter(
        pl.col("k") >= 0, since <= pl.col("k") * step + timedelta(days=task.window_days)
    )
    active = _spread(events, first_not_before, 1, task.active_days, task.step_days).filter(
        pl.col("k") * step < since + timedelta(days=task.active_days)
    )
    complete = (
        pl.col("k") * step + timedelta(days=task.window_days)
        <= events.select((pl.col(TIME) - start).max()).item()
    )
    rows = (
        labelled.filter(complete)
        .group_by(task.key, "k")
        .agg(_aggregate(task).alias(LABEL))
        .drop_nulls(LABEL)
        .join(active.select(task.key, "k").unique(), on=[task.key, "k"], how="semi")
        .sort("k", task.key)
        .select(task.key, (start + pl.col("k") * step).alias(TIME), pl.col(LABEL).cast(pl.Float64))
    )
    if rows.is_empty():
        raise InputError(
            f"No {task.entity} has an event in {task.events} within {task.active_days} days before "
            f"and {task.window_days} days after any time from {task.start} on."
        )
    return rows


def _spread(
    events: pl.DataFrame, first: pl.Expr, direction: int, days: int, step: int
) -> pl.DataFrame:
    """Repeat each event for the grid times that it can reach within so many days."""
    reach = -(-days // step)
    offsets = [first + direction * offset for offset in range(reach)]
    return events.with_columns(pl.concat_list(offsets).alias("k")).explode("k")


def _aggregate(task: WindowTask) -> pl.Expr:
    if task.aggregate == "any":
        assert task.condition is not None  # noqa: S101 (the contract's check saw to it)
        return meets(task.condition).any()
    if task.aggregate == "count":
        return pl.len() if task.condition is None else meets(task.condition).sum()
    values = pl.col(str(task.column))
    aggregates = {"mean": values.mean(), "sum": values.sum(), "min": values.min()}
    return (aggregates | {"max": values.max()})[task.aggregate]
