"""Prediction tasks as a contract describes them."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from tasks.domain_tables import Days, Frozen

Output = Literal["regression", "classification"]


class Split(Frozen):
    """Split by time: train before `validation`, validation before `test`, test from then on."""

    validation: date
    test: date


class Comparison(Frozen):
    """What compares so with a value."""

    compare: Literal["==", "!=", "<", "<=", ">", ">="]
    value: float | str


class Condition(Comparison):
    """Which events count: those whose column compares so with the value."""

    column: str


class ColumnTask(Frozen):
    """Predict a column of the fact table's own row.

    Attributes
    ----------
    table, column
        The fact table, which must have a time, and the target in it.
    per
        Number of the fact table by which the target is divided, such as what was ordered; rows in
        which it is not positive are left out. Empty where the target is the column itself.
    condition
        Makes a class of the column: whether it compares so with a value.
    entity
        Foreign key of the fact table whose rows depend on each other: rows of one parent stay
        together when held-out rows are split into blocks. Empty where rows are independent.
    leaks
        Columns, as ``table.column``, that must not be features of this task, beside those of the
        contract. The target may be among them: its values in earlier rows are then none either.
    """

    kind: Literal["column"]
    output: Output
    table: str
    column: str
    per: str = ""
    condition: Comparison | None = None
    entity: str = ""
    leaks: tuple[str, ...] = ()
    split: Split


class WindowTask(Frozen):
    """Predict, for each entity at each of a series of times, an aggregate over what follows.

    Attributes
    ----------
    entity
        Table whose rows are predicted for.
    events
        Table whose rows are aggregated: those with ``t < time <= t + window_days``.
    key
        Column of `events` that points to the entity.
    aggregate
        Over `column`; ``any``, ``none`` and ``count`` are of the rows that meet `condition`, or
        of all rows where there is none.
    idle
        What becomes of an active entity without a row in the window: it is left out, or the window
        counts as one in which nothing happened: 0, and ``none`` is 1.
    start, step_days
        Times are `start`, `start` + `step_days`, and so on.
    active_days
        An entity is predicted for at t if it has an event in the `active_days` before t.
    leaks
        Columns, as ``table.column``, that must not be features of this task, beside those of the
        contract.

    References
    ----------
    Robinson et al. (2024), RelBench: A Benchmark for Deep Learning on Relational Databases,
    arXiv:2407.20060.
    """

    kind: Literal["window"]
    output: Output
    entity: str
    events: str
    key: str
    aggregate: Literal["mean", "sum", "min", "max", "count", "any", "none"]
    column: str | None = None
    condition: Condition | None = None
    idle: Literal["left_out", "zero"] = "left_out"
    window_days: Days
    step_days: Days
    active_days: Days
    start: date
    leaks: tuple[str, ...] = ()
    split: Split


Task = Annotated[ColumnTask | WindowTask, Field(discriminator="kind")]
