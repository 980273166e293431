"""A causal graph, drawn from causes to effects, with how well each mechanism holds."""

from collections.abc import Mapping
from typing import Any

from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch
from matplotlib.path import Path

from tasks.report.calibration_style import HEAD, legend_above
from tasks.report.comparison_style import BAD, FINE
from tasks.report.drawing import GREY, figure_style, write
from tasks.report.graph_layers import Edge
from tasks.report.scm_graph_drawing import BOX, SMALL, GraphDrawing, graph_drawing
from tasks.report.scm_scores import node_scores, r2_text

Record = Mapping[str, Any]

MOST_NODES, MOST_EDGES = 40, 80
"""More cannot be read."""
LEAST_WIDTH = 5.2
"""Room for the legend, in inches."""

STYLES = {
    None: ("white", GREY, 0.9, "no causes"),
    True: (to_rgba(FINE[0], 0.14), FINE[0], 0.9, "mechanism holds"),
    False: (to_rgba(BAD[0], 0.22), BAD[0], 2.0, "mechanism does not hold"),
}
"""Filling, edge, its width and name, by whether a node's mechanism holds, if it has one."""


def is_readable(record: Record) -> bool:
    """Whether the graph of a fit is small enough to be drawn."""
    graph = record["scm"]["graph"]
    return len(graph["nodes"]) <= MOST_NODES and len(graph["edges"]) <= MOST_EDGES


def graph_figure(record: Record) -> Figure:
    """Draw the graph in layers, side by side if there is room, else one below the other.

    Parameters
    ----------
    record
        Of a fit whose graph is readable.
    """
    nodes, threshold = list(record["scm"]["mechanisms"]), record["validation"]["r2_threshold"]
    scores = {of.node: of for of in node_scores(record)}
    holds = {node: scores[node].holds if node in scores else None for node in nodes}
    told = {
        node: f"R² {r2_text(scores[node].r2, threshold)}" if node in scores else ""
        for node in nodes
    }
    edges = [(cause, effect) for cause, effect in record["scm"]["graph"]["edges"]]
    drawing = graph_drawing(told, edges)
    across, down = drawing.size
    width, height = max(across, LEAST_WIDTH), down + HEAD
    with figure_style():
        figure = Figure(figsize=(width, height))
        axes = figure.add_axes((0, 0, across / width, down / height))
        axes.set(xlim=(0, across), ylim=(0, down))
        axes.set_axis_off()
        for edge in edges:
            _draw_edge(axes, drawing, edge)
        for style in STYLES:
            for node in nodes:
                if holds[node] is style:
                    _draw_node(axes, drawing, node, told[node], style)
        legend_above(figure)
    return figure


def _draw_node(axes: Any, drawing: GraphDrawing, node: str, told: str, holds: bool | None) -> None:
    face, color, line, meaning = STYLES[holds]
    x, y = drawing.middle(node)
    corner = x - drawing.box / 2, y - BOX / 2
    style: dict[str, Any] = {"fc": face, "ec": color, "lw": line, "label": meaning, "zorder": 3}
    shape = "round,pad=0,rounding_size=0.06"
    axes.add_patch(FancyBboxPatch(corner, drawing.box, BOX, shape, **style))
    centred = {"ha": "center", "va": "center_baseline", "zorder": 4}
    write(axes, x, y + (0.08 if told else 0), drawing.name(node), **centred)
    if told:
        write(axes, x, y - 0.095, told, fontsize=SMALL, **centred)


def _draw_edge(axes: Any, drawing: GraphDrawing, edge: Edge) -> None:
    (start, *first), *others = drawing.curves(edge)
    points, codes = [start, *first], [Path.MOVETO, *[Path.CURVE4] * 3]
    for curve in others:
        points += curve
        codes += [Path.LINETO, *[Path.CURVE4] * 3]
    axes.add_patch(
        FancyArrowPatch(
            path=Path(points, codes),
            arrowstyle="-|>,head_length=0.45,head_width=0.2",
            mutation_scale=10,
            color=GREY,
            linewidth=0.8,
            zorder=2,
        )
    )
