"""A domain as frozen objects: nodes, and the contract of tables, keys, columns, tasks, costs."""

from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

ColumnType = Literal["integer", "number", "category", "boolean", "time", "text"]
Severity = Literal["block", "repairable"]
Share = Annotated[float, Field(ge=0, le=1)]
Days = Annotated[int, Field(gt=0)]


def _as_tuple(value: object) -> object:
    return (value,) if isinstance(value, str) else value


Names = Annotated[tuple[str, ...], BeforeValidator(_as_tuple)]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


Level = Literal["table", "column", "range"]

PLACEBO = "(placebo)"
"""Table of the column of pure noise that every run carries along."""


class Node(_Frozen):
    """A place in the database: a table, a column of it, or a value range of that column.

    Attributes
    ----------
    table
        Its name.
    column
        Empty for a whole table.
    range
        Label of the value range; empty for a whole column.

    Examples
    --------
    >>> node = Node(table="items", column="weight", range="missing")
    >>> node.level, str(node), str(node.parent)
    ('range', 'items.weight [missing]', 'items.weight')
    """

    table: str
    column: str = ""
    range: str = ""

    @property
    def level(self) -> Level:
        """Which of the three levels it is on."""
        return "range" if self.range else "column" if self.column else "table"

    @property
    def parent(self) -> "Node | None":
        """The node that it is part of; None for a table."""
        if self.range:
            return Node(table=self.table, column=self.column)
        return Node(table=self.table) if self.column else None

    def __str__(self) -> str:
        """Name as a reader knows it."""
        whole = f"{self.table}.{self.column}" if self.column else self.table
        return f"{whole} [{self.range}]" if self.range else whole


class Column(_Frozen):
    """What a column holds.

    Attributes
    ----------
    type
        ``integer`` and ``number`` are numeric, ``category`` is a code or name, ``time`` a date or
        moment; ``text`` is read but never a feature.
    unit
        For the report.
    range
        Least and largest allowed value; null leaves a side open.
    values
        Allowed values.
    missing
        Texts that stand for a missing value, beside those of the table.
    required
        Whether a missing value breaks the contract.
    severity
        Whether values that break the contract stop the run or are marked for repair.
    """

    type: ColumnType
    unit: str = ""
    range: tuple[float | None, float | None] | None = None
    values: tuple[str | int | float, ...] | None = None
    missing: tuple[str, ...] = ()
    required: bool = False
    severity: Severity = "repairable"


class Table(_Frozen):
    """One table of the database.

    Attributes
    ----------
    columns
        By name; what is not named here is not read.
    primary_key
        One or several columns; empty where the table has none.
    foreign_keys
        Column -> table whose primary key it holds.
    most_orphans
        Largest share of rows whose foreign key points to nothing; more stops the run.
    time
        When a row became known: a column, or ``key.column`` through a foreign key. Empty for a
        table that holds at all times.
    missing
        Texts that stand for a missing value in every column.
    """

    columns: dict[str, Column]
    primary_key: Names = ()
    foreign_keys: dict[str, str] = {}
    most_orphans: Share = 0.2
    time: str = ""
    missing: tuple[str, ...] = ()


class FolderSource(_Frozen):
    """Where the tables lie: a folder with a file for each table, named after it.

    Attributes
    ----------
    location
        The folder, relative to the contract's own; None where it is given with each run.
    """

    kind: Literal["csv", "parquet"]
    location: str | None = None


class DemoSource(_Frozen):
    """The generated manufacturing database.

    Attributes
    ----------
    documents
        Number of sales documents before some are repeated.
    seed
        Of the generator.
    """

    kind: Literal["demo"]
    documents: Annotated[int, Field(ge=100)] = 20_000
    seed: Annotated[int, Field(ge=0)] = 1


Source = Annotated[FolderSource | DemoSource, Field(discriminator="kind")]


class Split(_Frozen):
    """Split by time: train before `validation`, validation before `test`, test from then on."""

    validation: date
    test: date


class Condition(_Frozen):
    """Which events count: those whose column compares so with the value."""

    column: str
    compare: Literal["==", "!=", "<", "<=", ">", ">="]
    value: float | str


class ColumnTask(_Frozen):
    """Predict a column of the fact table's own row."""

    kind: Literal["column"]
    output: Literal["regression", "classification"]
    table: str
    column: str
    split: Split


class WindowTask(_Frozen):
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
        Over `column`; ``any`` and ``count`` are of the rows that meet `condition`.
    start, step_days
        Times are `start`, `start` + `step_days`, and so on.
    active_days
        An entity is predicted for at t if it has an event in the `active_days` before t.

    References
    ----------
    Robinson et al. (2024), RelBench: A Benchmark for Deep Learning on Relational Databases,
    arXiv:2407.20060.
    """

    kind: Literal["window"]
    output: Literal["regression", "classification"]
    entity: str
    events: str
    key: str
    aggregate: Literal["mean", "sum", "min", "max", "count", "any"]
    column: str | None = None
    condition: Condition | None = None
    window_days: Days
    step_days: Days
    active_days: Days
    start: date
    split: Split


Task = Annotated[ColumnTask | WindowTask, Field(discriminator="kind")]


class Costs(_Frozen):
    """What mending a node costs, in units of the domain's own; nodes are table or table.column."""

    default: Annotated[float, Field(gt=0)] = 1
    nodes: dict[str, Annotated[float, Field(gt=0)]] = {}


class Domain(_Frozen):
    """The whole contract; `tasks.contract.load_contract` reads and checks it.

    Attributes
    ----------
    leaks
        Columns, as ``table.column``, that tell the target and must not be features.
    tasks
        By name; the first is the default.
    """

    name: str
    title: str
    source: Source
    tables: dict[str, Table]
    leaks: tuple[str, ...] = ()
    tasks: dict[str, Task]
    costs: Costs = Costs()
