"""What the figures of a calibration share: marks, a legend above, a note below."""

from matplotlib.figure import Figure

from tasks.report.drawing import PALETTE, label

MARKS = {False: (PALETTE[0], "o", "not rejected"), True: (PALETTE[5], "D", "rejected")}
"""Colour, mark and name, by whether the ranks of a quantity are rejected."""

LINE, HEAD = 0.19, 0.3
"""Height of a line of text and of the legend, in inches."""


def legend_above(figure: Figure) -> None:
    """What was drawn with a name, in a row at the top; each name once."""
    pairs = [axes.get_legend_handles_labels() for axes in figure.axes]
    entries = {
        name: handle
        for handles, names in pairs
        for handle, name in zip(handles, names, strict=True)
    }
    figure.legend(
        list(entries.values()),
        list(entries),
        loc="upper left",
        ncols=len(entries),
        columnspacing=1.4,
        handletextpad=0.5,
        borderaxespad=0.3,
    )


def note_below(figure: Figure, *lines: str) -> None:
    """Lines at the bottom, each cut in its middle where it is too wide."""
    width, height = figure.get_size_inches()
    for place, line in enumerate(reversed(lines)):
        corner = 0.1 / width, (0.08 + place * LINE) / height
        figure.text(*corner, label(line, width - 0.2), parse_math=False, va="bottom")
