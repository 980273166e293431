"""Where a contract contradicts itself: leaks, costs, causal graph and priors, and all the rest."""

import math
import re
from collections.abc import Iterator, Mapping
from typing import Literal

from tasks.domain import Column, ColumnTask, Domain, MediaMix, Prior, PriorFamily, Task
from tasks.errors import InputError
from tasks.table_checks import NUMERIC, Problem, check_names, check_tables_fit, circle
from tasks.task_checks import check_task

PARAMETERS: dict[PriorFamily, tuple[str, ...]] = {
    "normal": ("mean", "sd"),
    "student_t": ("df", "location", "scale"),
    "lognormal": ("log_mean", "log_sd"),
    "beta": ("alpha", "beta"),
    "gamma": ("shape", "rate"),
    "uniform": ("low", "high"),
}
POSITIVE = {"sd", "df", "scale", "log_sd", "alpha", "beta", "shape", "rate"}

Operation = Literal["set", "shift", "scale"]
OPERATION = re.compile(r"\s*([-+*]?=)(.*)", re.DOTALL)


def check_contract(contract: Domain) -> Iterator[Problem]:
    """Find what does not fit together: path inside the YAML and what is wrong there."""
    if not contract.tasks:
        yield "tasks", "must hold at least one task, got none"
    yield from check_tables_fit(contract)
    yield from _check_leaks(contract)
    for node in contract.costs.nodes:
        if node not in contract.tables and not _is_column(contract, node):
            yield f"costs.nodes.{node}", "is no table or table.column of this contract"
    yield from _check_causal_graph(contract)
    for node, text in contract.actions.items():
        for what in _check_action(contract, node, text):
            yield f"actions.{node}", what
    for name, prior in contract.priors.items():
        yield from _check_prior(f"priors.{name}.parameters", prior)
    for name, task in contract.tasks.items():
        for where, what in check_task(contract, task):
            yield f"tasks.{name}.{where}", what
    if contract.media_mix:
        for where, what in _check_media_mix(contract, contract.media_mix):
            yield f"media_mix.{where}", what


def _is_column(contract: Domain, node: str) -> bool:
    table, _, column = node.partition(".")
    return table in contract.tables and column in contract.tables[table].columns


def _check_leaks(contract: Domain) -> Iterator[Problem]:
    own = {f"tasks.{name}.leaks": task.leaks for name, task in contract.tasks.items()}
    for here, leaks in {"leaks": contract.leaks, **own}.items():
        for place, leak in enumerate(leaks):
            if not _is_column(contract, leak):
                yield f"{here}.{place}", f"{leak!r} is no table.column of this contract"


def _check_causal_graph(contract: Domain) -> Iterator[Problem]:
    edges = contract.causal_graph
    for place, edge in enumerate(edges):
        here = f"causal_graph.{place}"
        for node in dict.fromkeys(edge):
            if not _is_column(contract, node):
                yield here, f"{node!r} is no table.column of this contract"
        if edge[0] == edge[1]:
            yield here, f"leads from {edge[0]} to itself"
        elif edge in edges[:place]:
            yield here, f"repeats causal_graph.{edges.index(edge)}"
    nodes = circle([edge for edge in edges if edge[0] != edge[1]])
    if nodes:
        yield "causal_graph", f"runs in a circle: {' -> '.join(nodes)}"


def read_operation(text: str, entry: Column) -> tuple[Operation, float | str]:
    """Read what an action does to a column.

    Parameters
    ----------
    text
        As in the actions of `tasks.intervention.structural.action_grammar`, without the node:
        ``=5`` sets, ``=+1``, ``+=1`` and ``-=1`` shift, ``*=1.1`` scales, ``=label`` sets a label.
    entry
        What the column holds.

    Returns
    -------
    tuple of str and float or str
        What is done, and by which number or to which label; labels of a Boolean column are
        ``true`` and ``false``.

    Raises
    ------
    InputError
        If it is none of these, or the column does not hold such values.

    Examples
    --------
    >>> read_operation("-=2", Column(type="integer"))
    ('shift', -2.0)
    """
    found = OPERATION.fullmatch(text)
    if found is None:
        raise InputError(f"must begin with =, +=, -= or *=, got {text!r}")
    operator, operand = found[1], found[2].strip()
    if entry.type not in NUMERIC:
        return "set", _read_label(operator, operand, entry)
    value = _read_number(operand, entry)
    if operator == "*=":
        return "scale", value
    if operator != "=" or operand.startswith("+"):
        return "shift", -value if operator == "-=" else value
    least, most = entry.range or (None, None)
    if (least is not None and value < least) or (most is not None and value > most):
        raise InputError(f"{value:g} lies outside of the column's range, {[least, most]}")
    return "set", value


def _read_label(operator: str, operand: str, entry: Column) -> str:
    if entry.type not in ("category", "boolean"):
        raise InputError(f"a column of type {entry.type} takes no action")
    if operator != "=":
        raise InputError(f"a {entry.type} can only be set to a label, as in =label")
    allowed = ("true", "false") if entry.type == "boolean" else entry.values
    if not operand or (allowed is not None and operand not in map(str, allowed)):
        one_of = "" if allowed is None else f", one of {', '.join(map(str, allowed))}"
        raise InputError(f"must name a label{one_of}, got {operand!r}")
    return operand


def _read_number(operand: str, entry: Column) -> float:
    try:
        value = float(operand)
    except ValueError:
        raise InputError(f"the column takes numbers, got {operand!r}") from None
    if not math.isfinite(value) or (entry.type == "integer" and not value.is_integer()):
        kind = "whole" if entry.type == "integer" else "finite"
        raise InputError(f"the column takes {kind} numbers, got {operand!r}")
    return value


def _check_action(contract: Domain, node: str, text: str) -> Iterator[str]:
    if not _is_column(contract, node):
        yield "is no table.column of this contract"
        return
    name, _, column = node.partition(".")
    table = contract.tables[name]
    if column in table.primary_key or column in table.foreign_keys:
        yield "is a key, which takes no action"
    elif node in contract.leaks or column in table.bookkeeping:
        yield "is never a feature: it leaks, or says when another was measured"
    elif contract.tasks and all(
        node in (_target_of(task), *task.leaks) for task in contract.tasks.values()
    ):
        yield "is no feature: every task predicts it or lists it under its leaks"
    else:
        try:
            read_operation(text, table.columns[column])
        except InputError as error:
            yield str(error)


def _target_of(task: Task) -> str:
    """The column that a task predicts."""
    if isinstance(task, ColumnTask):
        return f"{task.table}.{task.column}"
    condition = "" if task.condition is None else task.condition.column
    return f"{task.events}.{task.column or condition}"


def law_problems(family: PriorFamily, parameters: Mapping[str, float]) -> Iterator[tuple[str, str]]:
    """Find what is wrong with the parameters of a law: which one, or none, and what."""
    names = PARAMETERS[family]
    if set(parameters) != set(names):
        got = ", ".join(parameters) or "none"
        yield "", f"a {family} prior has the parameters {', '.join(names)}; got {got}"
        return
    for name, value in parameters.items():
        if name in POSITIVE and value <= 0:
            yield name, f"must be > 0, got {value:g}"
    if family == "uniform" and parameters["low"] >= parameters["high"]:
        yield "", f"low must lie below high, got {parameters['low']:g} and {parameters['high']:g}"


def _check_prior(here: str, prior: Prior) -> Iterator[Problem]:
    for name, what in law_problems(prior.family, prior.parameters):
        yield f"{here}.{name}" if name else here, what


def _check_media_mix(contract: Domain, block: MediaMix) -> Iterator[Problem]:
    if block.table not in contract.tables:
        yield "table", f"there is no table {block.table!r}"
        return
    table = contract.tables[block.table]
    named = {
        "time": block.time,
        "sales": block.sales,
        **{f"channels.{channel}": column for channel, column in block.channels.items()},
        **{f"controls.{place}": column for place, column in enumerate(block.controls)},
    }
    seen: dict[str, str] = {}
    for where, column in named.items():
        yield from check_names(where, block.table, table, (column,))
        allowed = ("time",) if where == "time" else NUMERIC
        if column in seen:
            yield where, f"repeats media_mix.{seen[column]}, which is {column!r} too"
        elif column in table.columns and table.columns[column].type not in allowed:
            given = table.columns[column].type
            yield where, f"{column!r} must be of type {' or '.join(allowed)}, which is {given}"
        seen.setdefault(column, where)
