"""What follows from a column in a task's causal graph, and whether its values can be told."""

from collections.abc import Iterable

from tasks.domain import Domain, Node
from tasks.intervention.faulty_database import FaultyDatabase
from tasks.intervention.repairs import NUMBERS
from tasks.intervention.structural.causal_graph import CausalGraph, make_graph

VALUED = (*NUMBERS, "category", "boolean")


def node_of(name: str) -> Node:
    """The column that a causal graph calls ``table.column``; a table's name holds no dot."""
    table, _, column = name.partition(".")
    return Node(table=table, column=column)


def task_graph(database: FaultyDatabase) -> CausalGraph:
    """The contract's causal graph; without one: parents' columns -> fact's columns -> target.

    The fact table is the one whose column is predicted; its parents are the tables that its own
    keys lead to. Columns are those that may be changed and hold numbers, categories or truth
    values.

    Raises
    ------
    InputError
        If the graph has too many nodes.
    """
    edges = database.contract.causal_graph or _default_edges(database)
    if not edges:
        return CausalGraph((), ())
    return make_graph(list(dict.fromkeys(node for edge in edges for node in edge)), edges)


def _default_edges(database: FaultyDatabase) -> tuple[tuple[str, str], ...]:
    fact, target = database.target
    parents = dict.fromkeys(database.contract.tables[fact].foreign_keys.values())
    causes = [name for parent in parents for name in _valued(database, parent)]
    own = _valued(database, fact)
    last = [(name, f"{fact}.{target}") for name in own] if target else []
    return (*((cause, effect) for effect in own for cause in causes), *last)


def _valued(database: FaultyDatabase, table: str) -> list[str]:
    """Columns that may be nodes of a causal graph, apart from the target."""
    columns = database.mendable(table).items()
    return [f"{table}.{column}" for column, entry in columns if entry.type in VALUED]


def following_features(database: FaultyDatabase, graph: CausalGraph, node: str) -> tuple[str, ...]:
    """Features that follow from a column, causes before effects; the target is none."""
    if node not in graph.nodes:
        return ()
    reached = graph.affected_by([node]) - {node}
    return tuple(
        name
        for name in graph.order
        if name in reached and node_of(name).column in database.mendable(node_of(name).table)
    )


def obstacle(database: FaultyDatabase, graph: CausalGraph, names: Iterable[str]) -> str:
    """Say in a sentence why no mechanism can give some columns; empty if all can have one."""
    for name in names:
        table = node_of(name).table
        if database.mendable(table)[node_of(name).column].type not in NUMBERS:
            return f"{name} holds no numbers: what is its own, beside its causes, cannot be told."
        for cause in graph.parents(name):
            if cause not in _valued(database, node_of(cause).table):
                return (
                    f"{name} follows from {cause}, which is the target, a key, a time, or no "
                    "feature."
                )
            if key_path(database.contract, table, node_of(cause).table) is None:
                return f"{name} follows from {cause}, to which no key of {table} leads."
    return ""


def key_path(contract: Domain, start: str, goal: str) -> tuple[str, ...] | None:
    """The fewest foreign keys from a table to another, the contract's first ones; None if none do.

    Examples
    --------
    >>> from tasks.contract import load_contract
    >>> key_path(load_contract("f1"), "results", "circuits")
    ('raceId', 'circuitId')
    """
    paths: dict[str, tuple[str, ...]] = {start: ()}
    waiting = [start]
    for table in waiting:
        for key, parent in contract.tables[table].foreign_keys.items():
            if parent not in paths:
                paths[parent] = (*paths[table], key)
                waiting.append(parent)
    return paths.get(goal)
