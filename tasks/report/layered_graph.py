"""Places for the nodes and edges of a directed acyclic graph that is drawn in layers."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import isotonic_regression

from tasks.report.graph_layers import Edge, Item, chain_of, layers_of, neighbours, ordered_rows

ROUNDS = 60
STRAIGHT = 4.0
"""How much more an edge is kept straight where it crosses layers than where it meets a node."""


@dataclass(frozen=True)
class LayeredGraph:
    """A drawing in layers.

    Attributes
    ----------
    layer
        Of each node, from 0; each cause lies in a lower layer than its effects.
    across
        Where in its layer the middle of each node lies.
    routes
        Of each edge: its place in each layer that it crosses between its ends.
    extent
        Of the whole graph across the layers, which begins at 0.
    """

    layer: Mapping[str, int]
    across: Mapping[str, float]
    routes: Mapping[Edge, tuple[float, ...]]
    extent: float

    @property
    def n_layers(self) -> int:
        """Number of layers."""
        return max(self.layer.values()) + 1


def layered_graph(
    nodes: Iterable[str], edges: Sequence[Edge], node_room: float, edge_room: float
) -> LayeredGraph:
    """Lay out a graph so that few edges cross and most are nearly straight.

    Nodes, and edges where they pass through a layer, are put in order and then moved by least
    squares to the means of their neighbours, without a change of that order and without overlap.

    Parameters
    ----------
    nodes, edges
        An acyclic graph.
    node_room, edge_room
        Room across the layers that a node takes, and an edge that passes through.

    References
    ----------
    .. [1] K. Sugiyama, S. Tagawa and M. Toda, "Methods for visual understanding of hierarchical
       system structures", IEEE Transactions on Systems, Man, and Cybernetics 11, 109-125 (1981).
    """
    layer = layers_of(nodes, edges)
    chains = {edge: chain_of(edge, layer) for edge in edges}
    rows = ordered_rows(layer, chains)
    room = {item: node_room if len(item) == 1 else edge_room for row in rows for item in row}
    across = _places(rows, neighbours(chains.values()), room)
    first = min(across[item] - room[item] / 2 for item in room)
    last = max(across[item] + room[item] / 2 for item in room)
    return LayeredGraph(
        layer,
        {name: across[name,] - first for name in layer},
        {edge: tuple(across[item] - first for item in chains[edge][1:-1]) for edge in edges},
        last - first,
    )


def _places(
    rows: Sequence[Sequence[Item]],
    around: Mapping[Item, Sequence[Item]],
    room: Mapping[Item, float],
) -> dict[Item, float]:
    across: dict[Item, float] = {}
    offsets = []
    for row in rows:
        sizes = np.array([room[item] for item in row])
        offsets.append(np.cumsum(sizes) - sizes / 2)
        across |= dict(zip(row, map(float, offsets[-1] - sizes.sum() / 2), strict=True))
    pairs = list(zip(rows, offsets, strict=True))
    for turn in range(ROUNDS):
        for row, offset in pairs if turn % 2 == 0 else reversed(pairs):
            wanted = np.array([_wanted(item, across, around) for item in row])
            moved = isotonic_regression(wanted - offset).x + offset
            across |= dict(zip(row, map(float, moved), strict=True))
    return across


def _wanted(
    item: Item, across: Mapping[Item, float], around: Mapping[Item, Sequence[Item]]
) -> float:
    """Mean place of the neighbours; without any, where the item is."""
    near = around.get(item)
    if not near:
        return across[item]
    weights = [STRAIGHT if len(item) > 1 and len(other) > 1 else 1.0 for other in near]
    return float(np.average([across[other] for other in near], weights=weights))
