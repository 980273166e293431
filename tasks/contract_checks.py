"""Where a contract contradicts itself: leaks, costs, causal graph and priors, and all the rest."""

from collections.abc import Iterator

from tasks.domain import Domain, Prior, PriorFamily
from tasks.table_checks import Problem, check_tables_fit, circle
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


def _check_prior(here: str, prior: Prior) -> Iterator[Problem]:
    names = PARAMETERS[prior.family]
    if set(prior.parameters) != set(names):
        got = ", ".join(prior.parameters) or "none"
        yield here, f"a {prior.family} prior has the parameters {', '.join(names)}; got {got}"
        return
    for name, value in prior.parameters.items():
        if name in POSITIVE and value <= 0:
            yield f"{here}.{name}", f"must be > 0, got {value:g}"
    if prior.family == "uniform" and prior.parameters["low"] >= prior.parameters["high"]:
        low, high = prior.parameters["low"], prior.parameters["high"]
        yield here, f"low must lie below high, got {low:g} and {high:g}"
