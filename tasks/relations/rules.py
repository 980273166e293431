"""What a contract expects of a table, rule by rule."""

from dataclasses import dataclass
from typing import Literal

from tasks.domain import Column, Expectation, Ordered, Pattern, Severity, Table, Unique

RuleName = Literal[
    "no repetition",
    "primary key",
    "readable",
    "has values",
    "required",
    "range",
    "values",
    "fresh",
    "foreign key",
    "unique",
    "ordered",
    "pattern",
    "rows",
]


@dataclass(frozen=True)
class Rule:
    """One expectation of a table.

    Attributes
    ----------
    name
        What is expected.
    columns
        Of which columns; none where it is the rows as such.
    severity
        ``block`` stops the run, ``repairable`` marks the faulty cells.
    most
        Share of rows that may fail; more stops the run even where it is repairable.
    bounds
        Least and largest value, or number of rows.
    allowed, parent, regex
        What else `name` needs to know: the set of values, the table pointed to, the regular
        expression.
    measured, most_days
        The column that says when a value was taken, and how old it may be.
    """

    name: RuleName
    columns: tuple[str, ...]
    severity: Severity
    most: float = 1
    bounds: tuple[float | None, float | None] = (None, None)
    allowed: tuple[str | int | float, ...] = ()
    parent: str = ""
    regex: str = ""
    measured: str = ""
    most_days: int = 0


def rules_of(table: Table) -> list[Rule]:
    """All rules of a table, each once, in the order in which a reader would ask them.

    Parameters
    ----------
    table
        Its part of the contract.
    """
    rules = []
    if table.primary_key:
        rules.append(Rule("primary key", table.primary_key, "block"))
    for name, column in table.columns.items():
        rules += _column_rules(name, column, is_key=name in table.primary_key)
    for name, parent in table.foreign_keys.items():
        rules.append(
            Rule("foreign key", (name,), "repairable", most=table.most_orphans, parent=parent)
        )
    rules += [_explicit_rule(expectation) for expectation in table.expectations]
    return list(dict.fromkeys(rules))


def _column_rules(name: str, column: Column, *, is_key: bool) -> list[Rule]:
    severity: Severity = "block" if is_key else column.severity
    rules = [Rule("readable", (name,), severity), Rule("has values", (name,), severity)]
    if column.required or is_key:
        rules.append(Rule("required", (name,), severity))
    if column.range:
        rules.append(Rule("range", (name,), severity, bounds=column.range))
    if column.values:
        rules.append(Rule("values", (name,), severity, allowed=column.values))
    if column.measured and column.most_days:
        rules.append(
            Rule(
                "fresh",
                (name,),
                severity,
                measured=column.measured,
                most_days=column.most_days,
            )
        )
    return rules


def _explicit_rule(expectation: Expectation) -> Rule:
    severity = expectation.severity
    match expectation:
        case Unique(columns=columns):
            return Rule("unique", columns, severity)
        case Ordered(lower=lower, upper=upper):
            return Rule("ordered", (lower, upper), severity)
        case Pattern(column=column, regex=regex):
            return Rule("pattern", (column,), severity, regex=regex)
        case rows:
            return Rule("rows", (), severity, bounds=(rows.least, rows.most))
