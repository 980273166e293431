"""Prediction tasks as a contract describes them."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from tasks.domain_tables import Days, Frozen

Output = Literal["regression", "classification"]


class Split(Frozen):
    """Split by time: train before `validation`, validation before `test`, test from then on.

    Attributes
    ----------
    validation, test
        Day from which rows are for validation, and for the test.
    """

    validation: date
    test: date


class Comparison(Frozen):
    """What compares so with a value.

    Attributes
    ----------
    compare
        How.
    value
        With what: a number for numbers, a label for categories.
    """

    compare: Literal["==", "!=", "<", "<=", ">", ">="]
    value: float | str


class Condition(Comparison):
    """Which events count: those whose column compares so with the value.

    Attributes
    ----------
    compare
        How.
    value
        With what.
    column
        Of the events.
    """

    column: str


class ColumnTask(Frozen):
    """Predict a column of the fact table's own row.

    Attributes
    ----------
    output
        What the target is: a number, or a class.
    table, column
        The fact table, which must have a time, and the target in it: no key, text or time; a
        regression needs a number.
    per
        Number of the fact table by which the target is divided, such as what was ordered; rows in
        which it is not positive are left out. Empty where the target is the column itself.
    condition
        Makes a class of the column: whether it compares so with a value.
    entity
        Foreign key of the fact table whose rows depend on each other: rows of one parent stay
        together when held-out rows are split into blocks. Where none is given, the key to the
        largest table of which no value has more than a sixteenth of the rows.
    leaks
        Columns, as ``table.column``, that must not be features of this task, beside those of the
        contract. The target may be among them: its values in earlier rows are then none either.
    split
        By time.
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
    output
        ``classification`` for ``any`` and ``none``, else ``regression``.
    entity
        Table whose rows are predicted for.
    events
        Table whose rows are aggregated, which must have a time: those with
        ``t < time <= t + window_days``.
    key
        Column of `events` that points to the entity.
    aggregate
        Over `column`; ``any``, ``none`` and ``count`` are of the rows that meet `condition`, or
        of all rows where there is none.
    column
        Number of `events` that ``mean``, ``sum``, ``min`` and ``max`` are taken of.
    condition
        Which events ``any``, ``none`` and ``count`` are of.
    idle
        What becomes of an active entity without a row in the window: it is left out, or the window
        counts as one in which nothing happened: 0, and ``none`` is 1. ``none`` needs ``zero``,
        and so does ``any`` without a condition; ``mean``, ``min`` and ``max`` take none.
    window_days
        Length of the window.
    start, step_days
        Times are `start`, `start` + `step_days`, and so on.
    active_days
        An entity is predicted for at t if it has an event in the `active_days` before t.
    leaks
        Columns, as ``table.column``, that must not be features of this task, beside those of the
        contract.
    split
        By time.

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
