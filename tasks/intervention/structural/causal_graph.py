"""Causal graphs: nodes and edges from cause to effect, checked."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

import networkx as nx

from tasks.bayes.digests import digest_of
from tasks.errors import InputError

T = TypeVar("T")

MOST_NODES = 500


@dataclass(frozen=True)
class CausalGraph:
    """A directed acyclic graph whose nodes are columns of traces.

    Attributes
    ----------
    nodes
        Names, sorted.
    edges
        Pairs of cause and effect, sorted.
    """

    nodes: tuple[str, ...]
    edges: tuple[tuple[str, str], ...]

    @cached_property
    def digraph(self) -> "nx.DiGraph[str]":
        """The graph in networkx' form; nodes and edges are put in sorted."""
        graph: nx.DiGraph[str] = nx.DiGraph()
        graph.add_nodes_from(self.nodes)
        graph.add_edges_from(self.edges)
        return graph

    @cached_property
    def order(self) -> tuple[str, ...]:
        """The nodes, causes before effects."""
        return tuple(nx.topological_sort(self.digraph))

    def parents(self, node: str) -> tuple[str, ...]:
        """Direct causes of a node, sorted."""
        return tuple(sorted(self.digraph.predecessors(node)))

    @cached_property
    def mechanisms(self) -> tuple[str, ...]:
        """Nodes with parents, causes before effects."""
        return tuple(node for node in self.order if self.digraph.in_degree(node))

    def affected_by(self, nodes: Iterable[str]) -> frozenset[str]:
        """These nodes and all their descendants."""
        given = set(nodes)
        return frozenset(given.union(*(nx.descendants(self.digraph, node) for node in given)))

    @property
    def digest(self) -> str:
        """SHA-256 of the sorted nodes and edges."""
        return digest_of(*self.nodes, "edges", *(part for edge in self.edges for part in edge))


def make_graph(nodes: Sequence[str], edges: Sequence[Sequence[str]]) -> CausalGraph:
    """Check a causal graph.

    Parameters
    ----------
    nodes
        Names in any order.
    edges
        Pairs of cause and effect.

    Raises
    ------
    InputError
        If a name is empty or comes twice, an edge is no pair of two different nodes or comes
        twice, the graph runs in a circle, has no edge, or has too many nodes.

    Examples
    --------
    >>> make_graph(["Y", "X"], [["X", "Y"]]).parents("Y")
    ('X',)
    """
    if len(nodes) > MOST_NODES:
        raise InputError(f"A causal graph has at most {MOST_NODES} nodes, got {len(nodes)}.")
    if any(not node.strip() for node in nodes):
        raise InputError("Every node of the causal graph needs a name, got an empty one.")
    if twice := _repeated(nodes):
        raise InputError(f"Each node is listed once, got {twice!r} twice.")
    known = set(nodes)
    for place, edge in enumerate(edges):
        if isinstance(edge, str) or len(edge) != 2:
            got = edge if isinstance(edge, str) else list(edge)
            raise InputError(f"Edge {place} must be a pair [cause, effect], got {got!r:.60}.")
        if unknown := [end for end in edge if end not in known]:
            raise InputError(
                f"Edge {edge[0]} -> {edge[1]}: {unknown[0]!r} is no node of the graph."
            )
        if edge[0] == edge[1]:
            raise InputError(f"Edge {edge[0]} -> {edge[1]} leads from a node to itself.")
    pairs = [(str(cause), str(effect)) for cause, effect in edges]
    if repeated := _repeated(pairs):
        raise InputError(f"Each edge is listed once, got {repeated[0]} -> {repeated[1]} twice.")
    if not pairs:
        raise InputError("A causal graph needs an edge: without one there is no mechanism to fit.")
    graph = CausalGraph(tuple(sorted(known)), tuple(sorted(pairs)))
    if not nx.is_directed_acyclic_graph(graph.digraph):
        circle = [cause for cause, _ in nx.find_cycle(graph.digraph)]
        raise InputError(f"The causal graph runs in a circle: {' -> '.join([*circle, circle[0]])}.")
    return graph


def _repeated(items: Sequence[T]) -> T | None:
    """The first item that comes twice."""
    counts = Counter(items)
    return next((item for item in counts if counts[item] > 1), None)
