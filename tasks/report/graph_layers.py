"""Layers of a directed acyclic graph, and an order of what lies in each with few crossings."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

import networkx as nx
import numpy as np

Edge = tuple[str, str]
Item = tuple[str, ...]
"""A node, as (name,), or the place where an edge crosses a layer, as (cause, effect, layer)."""

SWEEPS = 24


def layers_of(nodes: Iterable[str], edges: Sequence[Edge]) -> dict[str, int]:
    """Put each cause in a lower layer than its effects.

    The layer is the longest way from a root; nodes with more effects than causes are then moved to
    just before their effects.

    Examples
    --------
    >>> layers_of("ABCD", [("A", "B"), ("B", "C"), ("D", "C")])
    {'A': 0, 'D': 1, 'B': 1, 'C': 2}
    """
    graph: nx.DiGraph[str] = nx.DiGraph()
    graph.add_nodes_from(nodes)
    graph.add_edges_from(edges)
    layer = {
        name: place
        for place, names in enumerate(nx.topological_generations(graph))
        for name in names
    }
    for name in reversed(list(layer)):
        if graph.out_degree(name) > graph.in_degree(name):
            layer[name] = min(layer[effect] for effect in graph.successors(name)) - 1
    return layer


def chain_of(edge: Edge, layer: Mapping[str, int]) -> list[Item]:
    """Both ends of an edge, and between them an item for each layer that it crosses."""
    cause, effect = edge
    between = range(layer[cause] + 1, layer[effect])
    return [(cause,), *((cause, effect, str(place)) for place in between), (effect,)]


def neighbours(chains: Iterable[Sequence[Item]]) -> dict[Item, list[Item]]:
    """What chains tie to each item, in the layers next to its own."""
    around: dict[Item, list[Item]] = {}
    for chain in chains:
        for low, high in pairwise(chain):
            around.setdefault(low, []).append(high)
            around.setdefault(high, []).append(low)
    return around


def ordered_rows(
    layer: Mapping[str, int], chains: Mapping[Edge, Sequence[Item]]
) -> list[list[Item]]:
    """Order the items of each layer so that few edges cross.

    Layers are put in the order of the barycentres of their neighbours, in sweeps up and down; the
    best order that these come upon is kept.

    Parameters
    ----------
    layer
        Of each node.
    chains
        Of each edge, from `chain_of`.

    References
    ----------
    .. [1] K. Sugiyama, S. Tagawa and M. Toda, "Methods for visual understanding of hierarchical
       system structures", IEEE Transactions on Systems, Man, and Cybernetics 11, 109-125 (1981).
    """
    rows: list[list[Item]] = [[] for _ in range(max(layer.values()) + 1)]
    for name, own in layer.items():
        rows[own].append((name,))
    for (cause, _), chain in chains.items():
        for place, item in enumerate(chain[1:-1], start=layer[cause] + 1):
            rows[place].append(item)
    around = neighbours(chains.values())
    best, fewest = rows, crossings(rows, around)
    for sweep in range(SWEEPS):
        rows = _swept(rows, around, upwards=sweep % 2 == 0)
        if (found := crossings(rows, around)) < fewest:
            best, fewest = rows, found
    return best


def crossings(rows: Sequence[Sequence[Item]], around: Mapping[Item, Sequence[Item]]) -> int:
    """How often edges cross between layers, each drawn straight there."""
    found = 0
    for low, high in pairwise(rows):
        rank = {item: place for place, item in enumerate(high)}
        ends = [
            (place, rank[other])
            for place, item in enumerate(low)
            for other in around.get(item, ())
            if other in rank
        ]
        starts, stops = np.array(ends, dtype=np.int64).reshape(-1, 2).T
        sides = np.subtract.outer(starts, starts) * np.subtract.outer(stops, stops)
        found += int(np.count_nonzero(sides < 0)) // 2
    return found


def _swept(
    rows: Sequence[list[Item]], around: Mapping[Item, Sequence[Item]], *, upwards: bool
) -> list[list[Item]]:
    """Each layer but the first in the order that the one before it suggests."""
    turned = list(rows) if upwards else list(reversed(rows))
    swept = turned[:1]
    for row in turned[1:]:
        swept.append(_by_barycentre(row, swept[-1], around))
    return swept if upwards else swept[::-1]


def _by_barycentre(
    row: Sequence[Item], fixed: Sequence[Item], around: Mapping[Item, Sequence[Item]]
) -> list[Item]:
    rank = {item: place for place, item in enumerate(fixed)}

    def barycentre(place: int) -> float:
        known = [rank[other] for other in around.get(row[place], ()) if other in rank]
        return float(np.mean(known)) if known else place * len(fixed) / len(row)

    return [row[place] for place in sorted(range(len(row)), key=barycentre)]
