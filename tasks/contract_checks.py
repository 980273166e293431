"""Where a contract contradicts itself: leaks, costs, causal graph and priors, and all the rest."""

from collections.abc import Iterator, Mapping

from tasks.domain import Domain, MediaMix, Prior, PriorFamily
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


def check_contract(contract: Domain) -> Iterator[Problem]:
    """Find what does not fit together: path inside the YAML and what is wrong there."""
    if not contract.tasks:
        yield "tasks", "must hold at least one task, got none"
    yield from check_tables_fit(contract)
    for place, leak in enumerate(contract.leaks):
        if not _is_column(contract, leak):
            yield f"leaks.{place}", f"{leak!r} is no table.column of this contract"
    for node in contract.costs.nodes:
        if node not in contract.tables and not _is_column(contract, node):
            yield f"costs.nodes.{node}", "is no table or table.column of this contract"
    yield from _check_causal_graph(contract)
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
