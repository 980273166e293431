"""Rows as events in time: when each row became known, and the windows it falls into."""

from datetime import timedelta

import polars as pl

from tasks.domain import Comparison, Condition, Domain, WindowTask
from tasks.errors import InputError
from tasks.relations.as_of import find_rows

TIME = "(time)"
LABEL = "(label)"
STEP = "(step)"


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
    return compares(pl.col(condition.column), condition)


def compares(column: pl.Expr, comparison: Comparison) -> pl.Expr:
    """Whether values compare so with a value; null where they are missing."""
    value = comparison.value
    return {
        "==": column == value,
        "!=": column != value,
        "<": column < value,
        "<=": column <= value,
        ">": column > value,
        ">=": column >= value,
    }[comparison.compare]


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
        in its table that has an event in (t - active_days, t] and, unless the task is for idle
        entities too, a label in (t, t + window_days]; t runs while the window lies within the data.
        A window reaches into no later part of the split: where it is wider than a step, rows whose
        window ends after the first t of the next part are left out.

    Raises
    ------
    InputError
        If no row is left.
    """
    events = _events(contract, tables, task)
    start = pl.lit(task.start).cast(pl.Datetime("us"))
    step, window = timedelta(days=task.step_days), timedelta(days=task.window_days)
    since = pl.col(TIME) - start
    # The grid is t_k = start + k step. An event at tau labels t_k < tau <= t_k + window, and
    # shows activity at tau <= t_k < tau + active.
    first_not_before = -(-since.dt.total_microseconds() // (step // timedelta(microseconds=1)))
    last = pl.lit(events.select(since.max()).item(), dtype=pl.Duration("us"))
    complete = (pl.col(STEP) >= 0) & (pl.col(STEP) * step + window <= last)
    for day in (task.split.validation, task.split.test):
        first = -((task.start - day) // step)  # of the grid's times, the first of the next part
        complete &= (pl.col(STEP) >= first) | (pl.col(STEP) * step + window <= first * step)
    labels = (
        _spread(events, first_not_before - 1, -1, task.window_days, task.step_days)
        .filter(complete, since <= pl.col(STEP) * step + window)
        .group_by(task.key, STEP)
        .agg(_aggregate(task).cast(pl.Float64).alias(LABEL))
        .collect()
    )
    # Of the events before one time of the grid the latest shows activity the longest.
    latest = events.group_by(task.key, first_not_before.alias(STEP)).agg(pl.col(TIME).max())
    active = (
        _spread(latest, first_not_before, 1, task.active_days, task.step_days)
        .filter(complete, pl.col(STEP) * step < since + timedelta(days=task.active_days))
        .select(task.key, STEP)
        .unique()
        .collect()
    )
    rows = active.join(labels, on=[task.key, STEP], how="left")
    if task.idle == "zero":
        rows = rows.with_columns(pl.col(LABEL).fill_null(float(task.aggregate == "none")))
    rows = (
        rows.drop_nulls(LABEL)
        .sort(STEP, task.key)
        .select(task.key, (start + pl.col(STEP) * step).alias(TIME), LABEL)
    )
    if rows.is_empty():
        ahead = "" if task.idle == "zero" else f" and {task.window_days} days after"
        raise InputError(
            f"No {task.entity} has an event in {task.events} within {task.active_days} days before"
            f"{ahead} any time from {task.start} to {task.window_days} days before the last event "
            "whose window ends before the next part of the split."
        )
    return rows


def _events(contract: Domain, tables: dict[str, pl.DataFrame], task: WindowTask) -> pl.DataFrame:
    """Those of a known entity and time, and of their columns only what the task reads."""
    read = {task.key, task.column, task.condition and task.condition.column} - {None}
    frame = tables[task.events]
    times = row_times(contract, tables, task.events)
    (primary,) = contract.tables[task.entity].primary_key
    known = frame[task.key].is_in(tables[task.entity][primary].implode())
    columns = [name for name in frame.columns if name in read]
    return frame.select(columns).with_columns(times).filter(known).drop_nulls(TIME)


def _spread(
    events: pl.DataFrame, first: pl.Expr, direction: int, days: int, step: int
) -> pl.LazyFrame:
    """Repeat each event for the grid times that it can reach within so many days."""
    reach = range(-(-days // step))
    steps = [(first + direction * offset).cast(pl.Int32).alias(STEP) for offset in reach]
    return pl.concat([events.lazy().with_columns(step) for step in steps])


def _aggregate(task: WindowTask) -> pl.Expr:
    met = pl.lit(True) if task.condition is None else meets(task.condition)
    values = pl.col(task.column or task.key)
    return {
        "count": pl.len() if task.condition is None else met.sum(),
        "any": met.any(),
        "none": ~met.any(),
        "mean": values.mean(),
        "sum": values.sum(),
        "min": values.min(),
        "max": values.max(),
    }[task.aggregate]
