"""Shares of uncertainty as an icicle: tables, their columns, the columns' ranges."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from tasks.domain import Node
from tasks.report.drawing import PALETTE, figure_style, label, write
from tasks.report.numerals import fixed
from tasks.report.schema import Report, Share
from tasks.report.share_sections import children

COLUMN = 3.0
"""Width of a level, in inches."""

LINE = 0.165
"""Height that a label needs, in inches."""

HEADS = ("table", "column", "value range")
WHITE = (0.25, 0.55, 0.78)
"""How much white the colour of a table holds at each level."""


@dataclass(frozen=True)
class Box:
    """A node drawn at a level from 0 to 2, from `top` down, of all the height 1."""

    share: Share
    color: str
    depth: int
    top: float
    height: float


def boxes(report: Report) -> list[Box]:
    """Lay out the shares: each node fills its parent by its part of the parent's shares above 0."""
    return list(_fill(report, None, "", 0, 0.0, 1.0))


def share_figure(report: Report) -> Figure:
    """Icicle of the three levels, each box as high as its share; labels where there is room.

    Tables too low for a label are told below, with their colours.
    """
    drawn = boxes(report)
    depths = 1 + max(box.depth for box in drawn)
    columns = sum(box.depth == 1 for box in drawn)
    body = min(max(3.0, 0.22 * columns), 12.0)
    hidden = [box for box in drawn if box.depth == 0 and box.height * body < LINE]
    width, head, foot = depths * COLUMN + 0.2, 0.35, 0.1 + LINE * 1.2 * len(hidden)
    height = body + head + foot
    with figure_style():
        figure = Figure(figsize=(width, height))
        axes = figure.add_axes((0.1 / width, 0, 1 - 0.2 / width, 1))
        axes.set_xlim(0, depths * COLUMN)
        axes.set_ylim(height, 0)
        axes.set_axis_off()
        for depth, name in enumerate(HEADS[:depths]):
            write(axes, depth * COLUMN + 0.06, head - 0.1, f"{name}, share of U")
        for box in drawn:
            _draw(axes, box, head, body)
        for place, box in enumerate(hidden):
            _draw_legend(axes, box, head + body + 0.1 + place * LINE * 1.2)
    return figure


def _fill(
    report: Report, parent: Node | None, color: str, depth: int, top: float, height: float
) -> Iterator[Box]:
    parts = [share for share in children(report, parent) if share.fraction > 0]
    total = sum(share.fraction for share in parts)
    for place, share in enumerate(parts):
        own = color or PALETTE[place % len(PALETTE)]
        part = height * share.fraction / total
        yield Box(share, own, depth, top, part)
        yield from _fill(report, share.node, own, depth + 1, top, part)
        top += part


def _draw(axes: Any, box: Box, head: float, body: float) -> None:
    left, top, height = box.depth * COLUMN, head + box.top * body, box.height * body
    edge = min(0.8, height * 20)
    axes.add_patch(
        Rectangle(
            (left, top),
            COLUMN - 0.02,
            height,
            facecolor=_lighter(box.color, WHITE[box.depth]),
            edgecolor="white",
            linewidth=edge,
        )
    )
    if height >= LINE:
        write(
            axes,
            left + 0.06,
            top + height / 2,
            _told(box.share, COLUMN - 0.15),
            va="center_baseline",
            color="black",
        )


def _draw_legend(axes: Any, box: Box, top: float) -> None:
    color = _lighter(box.color, WHITE[0])
    axes.add_patch(Rectangle((0.06, top), LINE * 0.8, LINE * 0.8, facecolor=color))
    where = (0.3, top + LINE * 0.4)
    write(axes, *where, _told(box.share, COLUMN - 0.4), va="center_baseline")


def _told(share: Share, inches: float) -> str:
    """Name and share, the name cut where both are wider than that."""
    size = f": {fixed(100 * share.fraction, 1)} %"
    node = share.node
    name = node.range or node.column or node.table
    return label(name, inches - 0.5) + size


def _lighter(color: str, white: float) -> tuple[float, ...]:
    return tuple(part + (1 - part) * white for part in to_rgb(color))
