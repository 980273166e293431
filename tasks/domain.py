"""A domain as frozen objects: nodes, and the contract of tables, keys, columns, tasks, costs."""

from typing import Annotated, Literal

from pydantic import Field, FiniteFloat

from tasks.domain_media_mix import MediaMix
from tasks.domain_sources import DemoSource, Dialect, FolderSource, Source, SqlSource
from tasks.domain_tables import (
    Column,
    ColumnType,
    Expectation,
    Frozen,
    Ordered,
    Pattern,
    Rows,
    Severity,
    Table,
    Unique,
)
from tasks.domain_tasks import ColumnTask, Comparison, Condition, Split, Task, WindowTask
from tasks.folder_names import FolderName

__all__ = [
    "PLACEBO",
    "CheckThresholds",
    "Column",
    "ColumnTask",
    "ColumnType",
    "Comparison",
    "Condition",
    "Costs",
    "DemoSource",
    "Dialect",
    "Domain",
    "Expectation",
    "FolderSource",
    "Level",
    "MediaMix",
    "Node",
    "Ordered",
    "Pattern",
    "Prior",
    "PriorFamily",
    "Rows",
    "Severity",
    "Source",
    "Split",
    "SqlSource",
    "Table",
    "Task",
    "Unique",
    "WindowTask",
]

Level = Literal["table", "column", "range"]

PLACEBO = "(placebo)"
"""Table of the column of pure noise that every run carries along."""


class Node(Frozen):
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
        if not self.range:
            return whole
        return f"{whole} {self.range}" if self.range[0] in "[<>" else f"{whole} [{self.range}]"


Cost = Annotated[FiniteFloat, Field(gt=0)]


class Costs(Frozen):
    """What mending a node costs, in units of the domain's own.

    Attributes
    ----------
    default
        Of a node without an entry of its own. A column does not inherit its table's entry, which
        is the price of the whole table.
    nodes
        By table or table.column.
    row
        Of one more row of training data; None where nobody knows.
    """

    default: Cost = 1
    nodes: dict[str, Cost] = Field(default_factory=dict)
    row: Cost | None = None

    def of(self, node: Node) -> float:
        """Cost of mending a node.

        Examples
        --------
        >>> Costs(default=2, nodes={"items": 5}).of(Node(table="items", column="weight"))
        2.0
        """
        return self.nodes.get(str(node), self.default)


PriorFamily = Literal["normal", "student_t", "lognormal", "beta", "gamma", "uniform"]


class Prior(Frozen):
    """What somebody believes of a quantity before the data are seen.

    Attributes
    ----------
    family, parameters
        ``normal``: mean, sd; ``student_t``: df, location, scale; ``lognormal``: log_mean, log_sd;
        ``beta``: alpha, beta; ``gamma``: shape, rate; ``uniform``: low, high.
    confidence
        Strictly between 0 and 1.
    note
        Whose belief it is, and why.
    """

    family: PriorFamily
    parameters: dict[str, FiniteFloat]
    confidence: Annotated[float, Field(gt=0, lt=1)]
    note: str = ""


class CheckThresholds(Frozen):
    """What makes it advisable to calibrate a model by simulation before it is trusted.

    Attributes
    ----------
    parameters, bayes_factor, decision_worth
        More than so much is a reason.
    client_confidence
        Less than so much is a reason.
    """

    parameters: Annotated[int, Field(ge=0)] = 10
    bayes_factor: Annotated[FiniteFloat, Field(ge=0)] = 10
    decision_worth: Annotated[FiniteFloat, Field(ge=0)] = 1_000_000
    client_confidence: Annotated[FiniteFloat, Field(ge=0, le=1)] = 0.6


class Domain(Frozen):
    """The whole contract; `tasks.contract.load_contract` reads and checks it.

    Attributes
    ----------
    name
        Of the domain, and of the folder of its runs.
    title
        The same for readers.
    source
        Where the tables lie.
    tables
        By name, which is also the name of the file or of the database's table.
    leaks
        Columns, as ``table.column``, that tell the target and must not be features.
    tasks
        What to predict, by name; the first is the default.
    costs
        What mending costs.
    causal_graph
        Edges from cause to effect between columns, each as ``table.column``; without a circle.
        Empty where none is known.
    actions
        Real changes that are considered: a column, as ``table.column`` -> what is done to it:
        ``=5`` sets, ``+=1`` and ``-=1`` shift, ``*=0.9`` scales, ``=label`` sets a category.
    priors
        What somebody believes, by the name of the quantity.
    decision_worth
        What hangs on acting on the report, in the unit of the costs; None where it is not known.
        More than `check_thresholds` say is one reason to calibrate the effects model.
    check_thresholds
        When the effects model is to be calibrated.
    media_mix
        What a media mix model reads; None where the domain is no business of that kind.
    """

    name: FolderName
    title: str
    source: Source
    tables: dict[str, Table]
    leaks: tuple[str, ...] = ()
    tasks: dict[str, Task]
    costs: Costs = Costs()
    causal_graph: tuple[tuple[str, str], ...] = ()
    actions: dict[str, str] = Field(default_factory=dict)
    priors: dict[str, Prior] = Field(default_factory=dict)
    decision_worth: Annotated[FiniteFloat, Field(ge=0)] | None = None
    check_thresholds: CheckThresholds = CheckThresholds()
    media_mix: MediaMix | None = None
