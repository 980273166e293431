"""Where the tables of a contract contradict themselves: keys, columns, expectations, circles."""

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from graphlib import CycleError, TopologicalSorter

from tasks.domain import Column, Domain, Expectation, Ordered, Pattern, Rows, Table, Unique

Problem = tuple[str, str]
"""A path inside the YAML, and what is wrong there."""

NUMERIC = ("integer", "number")
ORDERED = (*NUMERIC, "time")
SOME_DAY = datetime(2003, 11, 27)

RESERVED = re.compile(r"\(.*\)|\^.*\$|\*|", re.DOTALL)
"""Names of whence's own columns, such as ``(row)``, and those that Polars takes for patterns."""


def check_tables_fit(contract: Domain) -> Iterator[Problem]:
    """Find what does not fit together in the tables.

    Parameters
    ----------
    contract
        Of which the tables are looked at.
    """
    for name, table in contract.tables.items():
        here = f"tables.{name}"
        if "." in name or RESERVED.fullmatch(name):
            yield here, f"tables must not be named {name!r}: no dot, no round brackets around it"
        yield from check_names(f"{here}.primary_key", name, table, table.primary_key)
        yield from _check_foreign_keys(contract, here, name, table)
        for column, entry in table.columns.items():
            yield from _check_column(f"{here}.columns.{column}", name, table, column, entry)
        if table.time and _time_type(contract, table) != "time":
            yield f"{here}.time", f"{table.time!r} must lead to a column of type time"
        for place, expectation in enumerate(table.expectations):
            yield from _check_expectation(f"{here}.expectations.{place}", name, table, expectation)
    nodes = circle(
        [
            (name, parent)
            for name, table in contract.tables.items()
            for parent in table.foreign_keys.values()
        ]
    )
    if nodes:
        yield "tables", f"foreign keys run in a circle: {' -> '.join(nodes)}"


def check_names(here: str, name: str, table: Table, columns: tuple[str, ...]) -> Iterator[Problem]:
    """Columns must be of the table, and each named once."""
    for column in dict.fromkeys(columns):
        if column not in table.columns:
            yield here, f"{column!r} is no column of {name}"
        if columns.count(column) > 1:
            yield here, f"names {column!r} more than once"


def circle(edges: Sequence[tuple[str, str]]) -> list[str]:
    """Nodes of a circle along the edges, its first node again at its end; empty if there is none.

    Examples
    --------
    >>> circle([("a", "b"), ("b", "c"), ("c", "b")])
    ['b', 'c', 'b']
    """
    order: TopologicalSorter[str] = TopologicalSorter()
    for start, end in edges:
        order.add(end, start)
    try:
        order.prepare()
    except CycleError as error:
        *nodes, _ = error.args[1]
        first = nodes.index(next(start for start, _ in edges if start in nodes))
        return [*nodes[first:], *nodes[:first], nodes[first]]
    return []


def _check_foreign_keys(contract: Domain, here: str, name: str, table: Table) -> Iterator[Problem]:
    for column, parent in table.foreign_keys.items():
        there = f"{here}.foreign_keys.{column}"
        yield from check_names(there, name, table, (column,))
        if parent not in contract.tables:
            yield there, f"there is no table {parent!r}"
        elif len(contract.tables[parent].primary_key) != 1:
            yield there, f"{parent!r} must have a primary key of one column"
        elif column in table.columns:
            (key,) = contract.tables[parent].primary_key
            target = contract.tables[parent].columns.get(key)
            if target and target.type != table.columns[column].type:
                yield there, f"must be of the type of {parent}.{key}, which is {target.type}"


def _check_column(
    here: str, name: str, table: Table, column: str, entry: Column
) -> Iterator[Problem]:
    if RESERVED.fullmatch(column):
        yield here, f"columns must not be named {column!r}: no *, ^…$ or round brackets around it"
    if entry.range:
        least, most = entry.range
        if entry.type not in NUMERIC:
            yield f"{here}.range", f"a {entry.type} column has no range"
        if least is not None and most is not None and least > most:
            yield f"{here}.range", f"must ascend, got {list(entry.range)}"
    if entry.format:
        for what in _check_format(entry):
            yield f"{here}.format", what
    if not entry.measured and entry.most_days is not None:
        yield f"{here}.measured", "must be given beside most_days"
    if entry.measured and entry.most_days is None:
        yield f"{here}.most_days", "must be given beside measured"
    if entry.measured:
        for what in _check_measured(name, table, column, entry.measured):
            yield f"{here}.measured", what


def _check_format(entry: Column) -> Iterator[str]:
    if entry.type != "time":
        yield f"a {entry.type} column has no format"
        return
    try:
        told = datetime.strptime(SOME_DAY.strftime(entry.format), entry.format)
    except ValueError:
        told = None
    if told != SOME_DAY:
        yield f"must tell a day, as '%d.%m.%Y' does, got {entry.format!r}"


def _check_measured(name: str, table: Table, column: str, measured: str) -> Iterator[str]:
    if measured == column:
        yield "must be another column"
    elif measured not in table.columns:
        yield f"{measured!r} is no column of {name}"
    elif table.columns[measured].type != "time":
        yield f"{measured!r} must be of type time, which is {table.columns[measured].type}"


def _time_type(contract: Domain, table: Table) -> str | None:
    """Type of the column that `time` leads to."""
    key, _, beyond = table.time.partition(".")
    holder = contract.tables.get(table.foreign_keys.get(key, "")) if beyond else table
    column = holder.columns.get(beyond or key) if holder else None
    return column.type if column else None


def _check_expectation(
    here: str, name: str, table: Table, expectation: Expectation
) -> Iterator[Problem]:
    match expectation:
        case Unique(columns=columns):
            yield from check_names(f"{here}.columns", name, table, columns)
        case Ordered(lower=lower, upper=upper):
            yield from _check_ordered(here, name, table, lower, upper)
        case Pattern(column=column, regex=regex):
            yield from check_names(f"{here}.column", name, table, (column,))
            if column in table.columns and table.columns[column].type not in ("text", "category"):
                given = table.columns[column].type
                yield f"{here}.column", f"{column!r} must be text or a category, which is {given}"
            try:
                re.compile(regex)
            except re.error as error:
                yield f"{here}.regex", f"is no regular expression: {error}"
        case Rows(least=least, most=most):
            if most is not None and least > most:
                yield f"{here}.most", f"must be at least {least}, got {most}"


def _check_ordered(here: str, name: str, table: Table, lower: str, upper: str) -> Iterator[Problem]:
    yield from check_names(f"{here}.lower", name, table, (lower,))
    yield from check_names(f"{here}.upper", name, table, (upper,))
    if lower == upper:
        yield f"{here}.upper", "must be another column than lower"
    elif lower in table.columns and upper in table.columns:
        types = table.columns[lower].type, table.columns[upper].type
        if types[0] not in ORDERED:
            yield f"{here}.lower", f"{lower!r} must be of {', '.join(ORDERED)}, which is {types[0]}"
        elif types[0] != types[1]:
            yield f"{here}.upper", f"{upper!r} must be of type {types[0]}, which is {types[1]}"
