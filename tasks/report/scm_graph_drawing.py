"""Where the nodes and edges of a causal graph lie on paper, in inches."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from tasks.report.comparison_style import CONTENT
from tasks.report.drawing import FONT_SIZE, label, text_width
from tasks.report.graph_layers import Edge
from tasks.report.layered_graph import LayeredGraph, layered_graph

Point = tuple[float, float]

BOX = 0.4
"""Height of a node."""
WIDEST = {True: 1.7, False: 1.25}
"""Of a node, where layers lie side by side and where they lie one below the other."""
CLOSEST, FARTHEST = {True: 0.75, False: 0.55}, 2.2
"""Distances of two layers; they grow with the extent where there is room."""
STEEP = 6.0
"""How many times as long as that distance the extent may be."""
GAP, PASSING, MARGIN, PADDING = 0.14, 0.16, 0.12, 0.2
"""Between two nodes of a layer, for an edge that passes by, around all, and in a node."""
SMALL = FONT_SIZE - 1


@dataclass(frozen=True)
class GraphDrawing:
    """A graph laid out.

    Attributes
    ----------
    graph
        Nodes in layers.
    sideways
        Whether layers lie side by side, causes at the left; else causes lie at the top.
    box
        Width of a node.
    """

    graph: LayeredGraph
    sideways: bool
    box: float

    @property
    def size(self) -> Point:
        """Width and height."""
        n = self.graph.n_layers
        along = n * self._thickness + (n - 1) * self._between + 2 * MARGIN
        across = self.graph.extent + 2 * MARGIN
        return (along, across) if self.sideways else (across, along)

    def middle(self, node: str) -> Point:
        """Of a node."""
        return self._at(self.graph.layer[node], 0, self.graph.across[node])

    def name(self, node: str) -> str:
        """Name of a node, as far as there is room for it."""
        return label(node, WIDEST[self.sideways] - PADDING)

    def curves(self, edge: Edge) -> list[tuple[Point, Point, Point, Point]]:
        """Bézier curves from layer to layer; what is between two of them is straight.

        The two middle points make each leave and come in at a right angle to the layers.
        """
        cause, effect = edge
        graph, found = self.graph, []
        stops = (graph.across[cause], *graph.routes[edge], graph.across[effect])
        for layer, (start, end) in enumerate(pairwise(stops), start=graph.layer[cause]):
            low, high = self._at(layer, 1, start), self._at(layer + 1, -1, end)
            x, y = (low[0] + high[0]) / 2, (low[1] + high[1]) / 2
            middle = ((x, low[1]), (x, high[1])) if self.sideways else ((low[0], y), (high[0], y))
            found.append((low, *middle, high))
        return found

    @property
    def _thickness(self) -> float:
        """Of a layer."""
        return self.box if self.sideways else BOX

    @property
    def _between(self) -> float:
        """Distance of two layers."""
        n = self.graph.n_layers
        room = (CONTENT - n * self._thickness - 2 * MARGIN) / (n - 1)
        return max(CLOSEST[self.sideways], min(self.graph.extent / STEEP, room, FARTHEST))

    def _at(self, layer: int, side: float, across: float) -> Point:
        """A point: -1 is that face of a layer at which edges come in, 1 the other, 0 the middle."""
        along = layer * (self._thickness + self._between) + (1 + side) * self._thickness / 2
        x, y = (along, across) if self.sideways else (across, along)
        return MARGIN + x, self.size[1] - MARGIN - y


def graph_drawing(told: Mapping[str, str], edges: Sequence[Edge]) -> GraphDrawing:
    """Lay out a graph sideways if there is room, else downwards, or as is less wide.

    Parameters
    ----------
    told
        What stands under the name of each node.
    edges
        At least one.
    """
    drawings = [_drawing(told, edges, sideways) for sideways in (True, False)]
    narrowest = min(drawings, key=lambda drawing: drawing.size[0])
    return next((of for of in drawings if of.size[0] <= CONTENT), narrowest)


def _drawing(told: Mapping[str, str], edges: Sequence[Edge], sideways: bool) -> GraphDrawing:
    names = [text_width(label(node, WIDEST[sideways] - PADDING)) for node in told]
    box = max(*names, *(text_width(text, SMALL) for text in told.values())) + PADDING
    room = (BOX if sideways else box) + GAP
    return GraphDrawing(layered_graph(told, edges, room, PASSING), sideways, box)
