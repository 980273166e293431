"""What a contract expects of a table, rule by rule."""

from dataclasses import dataclass
from typing import Literal

from tasks.domain import Severity, Table

RuleName = Literal[
    "no repetition",
    "primary key",
    "readable",
    "has values",
    "required",
    "range",
    "values",
    "foreign key",
]


@dataclass(frozen=True)
class Rule:
    """One expectation of a table.

    Attributes
    ----------
    name
        What is expected.
    columns
        Of which column; several for a primary key of several.
    severity
        ``block`` stops the run, ``repairable`` marks the faulty cells.
    most
        Share of rows that may fail; more stops the run even where it is repairable.
    bounds, allowed, parent
        What `name` needs to know: the range, the set of values, the table pointed to.
    """

    name: RuleName
    columns: tuple[str, ...]
    severity: Severity
    most: float = 1
    bounds: tuple[float | None, float | None] = (None, None)
    allowed: tuple[str | int | float, ...] = ()
    parent: str = ""


def rules_of(table: Table) -> list[Rule]:
    """All rules of a table, in the order in which a reader would ask them.

    Parameters
    ----------
    table
        Its part of the contract.
    """
    rules = []
    if table.primary_key:
        rules.append(Rule("primary key", table.primary_key, "block"))
    for name, column in table.columns.items():
        is_key = name in table.primary_key
        severity: Severity = "block" if is_key else column.severity
        rules.append(Rule("readable", (name,), severity))
        rules.append(Rule("has values", (name,), severity))
        if column.required or is_key:
            rules.append(Rule("required", (name,), severity))
        if column.range:
            rules.append(Rule("range", (name,), severity, bounds=column.range))
        if column.values:
            rules.append(Rule("values", (name,), severity, allowed=column.values))
    for name, parent in table.foreign_keys.items():
        rules.append(
            Rule("foreign key", (name,), "repairable", most=table.most_orphans, parent=parent)
        )
    return rules
