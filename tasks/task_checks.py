"""Where a prediction task does not fit the tables of its contract."""

from collections.abc import Iterator

from tasks.domain import ColumnTask, ColumnType, Domain, Table, Task, WindowTask
from tasks.table_checks import NUMERIC, Problem, check_names


def check_task(contract: Domain, task: Task) -> Iterator[Problem]:
    """Find what does not fit together: path below the task, and what is wrong there.

    Parameters
    ----------
    contract
        Of which the tables and leaks are looked at.
    task
        One of its tasks.
    """
    if task.split.validation >= task.split.test:
        yield "split", "validation must lie before test"
    if isinstance(task, ColumnTask):
        yield from _check_column_task(contract, task)
    else:
        yield from _check_window_task(contract, task)


def _check_column_task(contract: Domain, task: ColumnTask) -> Iterator[Problem]:
    if task.table not in contract.tables:
        yield "table", f"there is no table {task.table!r}"
        return
    table = contract.tables[task.table]
    if not table.time:
        yield "table", f"{task.table} must have a time, by which its rows are split"
    if task.entity and task.entity not in table.foreign_keys:
        yield "entity", f"{task.entity!r} must be a foreign key of {task.table}"
    yield from check_names("column", task.table, table, (task.column,))
    if f"{task.table}.{task.column}" in contract.leaks:
        yield "column", "the target is listed under leaks: it is never a feature anyway"
    if task.column in table.primary_key or task.column in table.foreign_keys:
        yield "column", f"{task.column!r} is a key of {task.table}, which is no target"
    elif task.column in table.columns:
        given = table.columns[task.column].type
        if given in ("text", "time"):
            yield "column", f"{task.column!r} is of type {given}, which is no target"
        elif (task.output == "regression" or task.per) and given not in NUMERIC:
            yield "column", f"a regression needs a numeric target, {task.column!r} is {given}"
        elif task.condition is not None:
            yield from _check_comparison(task, given)
    if task.per:
        yield from _check_per(table, task)


def _check_comparison(task: ColumnTask, given: ColumnType) -> Iterator[Problem]:
    assert task.condition is not None  # noqa: S101 (the caller saw to it)
    if task.output != "classification":
        yield "condition", "whether a condition is met is a class: output must be classification"
    if isinstance(task.condition.value, str) == (given in (*NUMERIC, "boolean")):
        yield "condition.value", f"{task.column!r} is {given}, got {task.condition.value!r}"
    elif given not in NUMERIC and task.condition.compare not in ("==", "!="):
        yield "condition.compare", f"must be == or !=, as {task.column!r} is {given}"


def _check_per(table: Table, task: ColumnTask) -> Iterator[Problem]:
    yield from check_names("per", task.table, table, (task.per,))
    entry = table.columns.get(task.per)
    if entry and entry.type not in NUMERIC:
        yield "per", f"must be a number, {task.per!r} is {entry.type}"
    if task.per == task.column:
        yield "per", "must be another column than the target"
    if task.condition is not None or task.output != "regression":
        yield "per", "a rate is a regression without a condition"


def _check_window_task(contract: Domain, task: WindowTask) -> Iterator[Problem]:
    if task.entity not in contract.tables:
        yield "entity", f"there is no table {task.entity!r}"
    if (task.aggregate in ("any", "none")) != (task.output == "classification"):
        yield "output", f"aggregate {task.aggregate} does not give a {task.output}"
    yield from _check_idle(task)
    if task.events not in contract.tables:
        yield "events", f"there is no table {task.events!r}"
        return
    events = contract.tables[task.events]
    if not events.time:
        yield "events", f"{task.events} must have a time"
    if task.key not in events.columns:
        yield "key", f"{task.key!r} is no column of {task.events}"
    elif events.foreign_keys.get(task.key) != task.entity:
        yield "key", f"{task.key!r} of {task.events} must be a foreign key to {task.entity}"
    if task.aggregate in ("any", "none", "count"):
        if task.condition is not None:
            where = "condition.column"
            yield from check_names(where, task.events, events, (task.condition.column,))
    elif task.column is None:
        yield "column", f"aggregate {task.aggregate} needs a column"
    else:
        yield from check_names("column", task.events, events, (task.column,))
        entry = events.columns.get(task.column)
        if entry and entry.type not in NUMERIC:
            yield (
                "column",
                f"aggregate {task.aggregate} needs numbers, {task.column!r} is {entry.type}",
            )


def _check_idle(task: WindowTask) -> Iterator[Problem]:
    if task.idle == "zero":
        if task.aggregate in ("mean", "min", "max"):
            yield "idle", f"there is no {task.aggregate} of no events: it must be left_out"
    elif task.aggregate == "none":
        yield "idle", "aggregate none needs zero: without an event its label is 1"
    elif task.aggregate == "any" and task.condition is None:
        yield "condition", "aggregate any needs a condition, or idle: zero"
