"""Read a domain's contract and say, with the path inside the YAML, where it contradicts itself."""

from collections.abc import Iterator
from pathlib import Path

import yaml
from pydantic import ValidationError

from tasks.domain import ColumnTask, DemoSource, Domain, Table, Task, WindowTask
from tasks.errors import InputError
from tasks.locations import resource

Problem = tuple[str, str]


def contracts_folder() -> Path:
    """Folder of the contracts that ship with the project."""
    return resource("data_contracts")


def known_domains() -> dict[str, Path]:
    """Contracts that ship with the project, by the name of the domain."""
    return {path.stem: path for path in sorted(contracts_folder().glob("*.yaml"))}


def load_contract(domain: str | Path) -> Domain:
    """Read and check a contract.

    Parameters
    ----------
    domain
        Name of a domain that ships with the project, or path of a YAML file.

    Raises
    ------
    InputError
        If there is no such contract, it is no YAML in UTF-8, or it breaks a rule; a line for each
        broken rule starts with its path, such as ``tables.results.foreign_keys.raceId``.
    """
    path = known_domains().get(str(domain), Path(domain))
    if not path.is_file():
        names = ", ".join(known_domains()) or "none"
        raise InputError(f"There is no contract {str(domain)!r}; known domains: {names}.")
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError(f"{path} must be YAML in UTF-8: {error}") from error
    try:
        contract = Domain.model_validate(content)
    except ValidationError as error:
        problems = [
            (".".join(str(part) for part in entry["loc"]) or "(top)", entry["msg"])
            for entry in error.errors()
        ]
        raise InputError(_describe(path, problems)) from error
    problems = list(check_contract(contract))
    if problems:
        raise InputError(_describe(path, problems))
    source = contract.source
    if isinstance(source, DemoSource) or source.location is None:
        return contract
    location = str(path.parent.absolute() / source.location)
    return contract.model_copy(update={"source": source.model_copy(update={"location": location})})


def check_contract(contract: Domain) -> Iterator[Problem]:
    """Find what does not fit together: path inside the YAML and what is wrong there."""
    if not contract.tasks:
        yield "tasks", "must hold at least one task, got none"
    for name, table in contract.tables.items():
        yield from _check_table(contract, name, table)
    yield from _check_cycles(contract)
    for place, nodes in (("leaks", contract.leaks), ("costs.nodes", tuple(contract.costs.nodes))):
        for node in nodes:
            if not _has_node(contract, node):
                yield f"{place}.{node}", "is no table or table.column of this contract"
    for name, task in contract.tasks.items():
        for where, what in _check_task(contract, task):
            yield f"tasks.{name}.{where}", what


def _describe(path: Path, problems: list[Problem]) -> str:
    lines = "\n".join(f"  {where}: {what}" for where, what in problems)
    return f"The contract {path} breaks these rules:\n{lines}"


def _has_node(contract: Domain, node: str) -> bool:
    table, _, column = node.partition(".")
    known = contract.tables.get(table)
    return known is not None and (not column or column in known.columns)


def _check_table(contract: Domain, name: str, table: Table) -> Iterator[Problem]:
    here = f"tables.{name}"
    for column in table.primary_key:
        if column not in table.columns:
            yield f"{here}.primary_key", f"{column!r} is no column of {name}"
    for column, parent in table.foreign_keys.items():
        there = f"{here}.foreign_keys.{column}"
        if column not in table.columns:
            yield there, f"{column!r} is no column of {name}"
        if parent not in contract.tables:
            yield there, f"there is no table {parent!r}"
        elif len(contract.tables[parent].primary_key) != 1:
            yield there, f"{parent!r} must have a primary key of one column"
        elif column in table.columns:
            (key,) = contract.tables[parent].primary_key
            there_type = contract.tables[parent].columns.get(key)
            if there_type and there_type.type != table.columns[column].type:
                yield there, f"must be of the type of {parent}.{key}, which is {there_type.type}"
    for column, entry in table.columns.items():
        if entry.range and entry.type not in ("integer", "number"):
            yield f"{here}.columns.{column}.range", f"a {entry.type} column has no range"
        if entry.range and None not in entry.range and entry.range[0] > entry.range[1]:  # type: ignore[operator]
            yield f"{here}.columns.{column}.range", f"must ascend, got {list(entry.range)}"
    if table.time and _time_column(contract, table) != "time":
        yield f"{here}.time", f"{table.time!r} must lead to a column of type time"


def _time_column(contract: Domain, table: Table) -> str | None:
    """Type of the column that `time` leads to."""
    key, _, beyond = table.time.partition(".")
    holder = contract.tables.get(table.foreign_keys.get(key, "")) if beyond else table
    column = holder.columns.get(beyond or key) if holder else None
    return column.type if column else None


def _check_cycles(contract: Domain) -> Iterator[Problem]:
    """Foreign keys must not lead back to where they came from."""
    finished: set[str] = set()

    def visit(name: str, trail: tuple[str, ...]) -> tuple[str, ...] | None:
        if name in trail:
            return (*trail[trail.index(name) :], name)
        if name in finished or name not in contract.tables:
            return None
        for parent in contract.tables[name].foreign_keys.values():
            cycle = visit(parent, (*trail, name))
            if cycle:
                return cycle
        finished.add(name)
        return None

    for name in contract.tables:
        cycle = visit(name, ())
        if cycle:
            yield "tables", f"foreign keys run in a circle: {' -> '.join(cycle)}"
            return


def _check_task(contract: Domain, task: Task) -> Iterator[Problem]:
    if task.split.validation >= task.split.test:
        yield "split", "validation must lie before test"
    if isinstance(task, ColumnTask):
        yield from _check_column(contract, "column", task.table, task.column)
        if f"{task.table}.{task.column}" in contract.leaks:
            yield "column", "the target is listed under leaks: it is never a feature anyway"
    else:
        yield from _check_window(contract, task)


def _check_window(contract: Domain, task: WindowTask) -> Iterator[Problem]:
    if task.entity not in contract.tables:
        yield "entity", f"there is no table {task.entity!r}"
    yield from _check_column(contract, "key", task.events, task.key)
    events = contract.tables.get(task.events)
    if events is not None:
        if events.foreign_keys.get(task.key) != task.entity:
            yield "key", f"{task.key!r} of {task.events} must be a foreign key to {task.entity}"
        if not events.time:
            yield "events", f"{task.events} must have a time"
    if task.aggregate in ("any", "count"):
        if task.condition is not None:
            yield from _check_column(contract, "condition", task.events, task.condition.column)
        elif task.aggregate == "any":
            yield "condition", "aggregate any needs a condition"
    elif task.column is None:
        yield "column", f"aggregate {task.aggregate} needs a column"
    else:
        yield from _check_column(contract, "column", task.events, task.column)
    if (task.aggregate == "any") != (task.output == "classification"):
        yield "output", f"aggregate {task.aggregate} does not give a {task.output}"


def _check_column(contract: Domain, where: str, table: str, column: str) -> Iterator[Problem]:
    if table not in contract.tables:
        yield where, f"there is no table {table!r}"
    elif column not in contract.tables[table].columns:
        yield where, f"{column!r} is no column of {table}"
