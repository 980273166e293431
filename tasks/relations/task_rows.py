"""Which rows a task predicts, and the entity whose rows depend on each other."""

import polars as pl

from tasks.domain import ColumnTask, Domain, Task, WindowTask
from tasks.errors import InputError
from tasks.relations.events import LABEL, TIME, compares, row_times, window_rows
from tasks.relations.gate import repeated_rows

ENTITY = "(entity)"
FACT = "(fact row)"
LARGEST_SHARE = 1 / 16
"""Of the rows, that one entity may have where the contract names no entity."""


def task_rows(contract: Domain, tables: dict[str, pl.DataFrame], task: Task) -> pl.DataFrame:
    """The rows that a task predicts, with their labels.

    Parameters
    ----------
    contract, tables
        The domain.
    task
        What to predict, for whom and when.

    Returns
    -------
    polars.DataFrame
        N rows. Window task: its key, as `window_rows` gives them. Column task: the fact table's
        primary key and `FACT`, the row's number in that table; rows without the target or a time
        and rows that repeat an earlier one in every column are left out, and so are rows without a
        positive `per` where the target is divided by one. Both: `TIME`; `LABEL`
        (Float64, or String for a class that is text); and `ENTITY` (Int64), the same for rows
        that depend on each other: the window task's key, the column task's `entity`, without one
        the foreign key to the largest table whose most frequent value has at most a sixteenth of
        the rows, and without such a key the row itself.

    Raises
    ------
    InputError
        If the task leaves no row, or the fact table has no time.
    """
    if isinstance(task, WindowTask):
        rows = window_rows(contract, tables, task)
        return rows.with_columns(_codes(rows[task.key]))
    frame, primary = tables[task.table], contract.tables[task.table].primary_key
    key = _entity_key(contract, tables, task)
    facts = (
        frame.select(*dict.fromkeys(filter(None, (*primary, task.column, task.per, key))))
        .with_columns(row_times(contract, tables, task.table))
        .with_row_index(FACT)
        .filter(~repeated_rows(frame))
        .with_columns(_label(task, frame.schema).alias(LABEL))
        .drop_nulls([LABEL, TIME])
    )
    if facts.is_empty():
        raise InputError(f"No row of {task.table} has both {task.column} and a time.")
    rows = facts.select(*primary, FACT, TIME, LABEL)
    entities = _codes(facts[key]) if key else facts[FACT].cast(pl.Int64).alias(ENTITY)
    return rows.with_columns(entities)


def _label(task: ColumnTask, schema: pl.Schema) -> pl.Expr:
    column = pl.col(task.column)
    if task.condition is not None:
        return compares(column, task.condition).cast(pl.Float64)
    if task.per:
        return column / pl.when(pl.col(task.per) > 0).then(task.per)
    return column if schema[task.column] == pl.String else column.cast(pl.Float64)


def drawn_by(contract: Domain, tables: dict[str, pl.DataFrame], task: Task) -> str:
    """What `ENTITY` is, such as ``sales.shop``; empty where each row is an entity of its own."""
    if isinstance(task, WindowTask):
        return f"{task.events}.{task.key}"
    key = _entity_key(contract, tables, task)
    return f"{task.table}.{key}" if key else ""


def _entity_key(contract: Domain, tables: dict[str, pl.DataFrame], task: ColumnTask) -> str:
    """The task's entity, or the key to the largest parent; empty where there is no key.

    A key of which one value has more than a sixteenth of the rows is none: with it, held-out rows
    could not be split into blocks of whole entities.
    """
    if task.entity:
        return task.entity
    keys, frame = contract.tables[task.table].foreign_keys, tables[task.table]
    even = [key for key in keys if _largest_share(frame[key]) <= LARGEST_SHARE]
    return max(even, key=lambda key: tables[keys[key]].height, default="")


def _largest_share(keys: pl.Series) -> float:
    """Share of all rows that have the most frequent key."""
    return float(keys.drop_nulls().unique_counts().max() or 0) / max(len(keys), 1)  # type: ignore[arg-type]


def _codes(keys: pl.Series) -> pl.Series:
    """Integers as they are, texts by their order; a row without a key is an entity of its own."""
    codes = keys if keys.dtype.is_integer() else keys.rank("dense")
    own = -1 - pl.int_range(len(keys), eager=True)
    return codes.cast(pl.Int64).zip_with(codes.is_not_null(), own).alias(ENTITY)
