"""What all figures share: colours, fonts, labels that are shown as they are, and file formats."""

import io
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

from tasks.report.effect_record import Confidence
from tasks.report.layout import display_width, shorten
from tasks.report.wording import printable

FONTS = ["DejaVu Sans", "Noto Sans CJK KR", "Noto Sans KR", "NanumGothic", "Malgun Gothic"]
"""Tried in turn for each character; a browser falls back on its own."""

GREY, DARK, LIGHT = "#888888", "#333333", "#dddddd"
PALETTE = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00")
"""Okabe & Ito (2008), Color Universal Design: told apart by the colour-blind as well."""

CONFIDENCE_STYLE: dict[Confidence, tuple[str, str]] = {
    "high": ("#0072b2", "o"),
    "medium": ("#009e73", "s"),
    "needs more data": ("#d55e00", "D"),
}
"""Colour and mark."""

FONT_SIZE = 9
EM = 0.6
"""Mean width of a character of `FONTS`, in font sizes; a little more than measured."""

_STYLE = {
    "svg.fonttype": "none",
    "svg.hashsalt": "whence",
    "font.family": [*FONTS, "sans-serif"],  # a generic name alone stands for one font
    "font.sans-serif": FONTS[:1],
    "font.size": FONT_SIZE,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": GREY,
    "axes.labelcolor": DARK,
    "axes.titlesize": FONT_SIZE + 1,
    "text.color": DARK,
    "xtick.color": DARK,
    "ytick.color": DARK,
    "legend.frameon": False,
}
_NO_METADATA = dict.fromkeys(("Date", "Creator", "Format", "Type"))


def as_svg(figure: Figure) -> str:
    """Give a figure as SVG; text stays text, equal figures give equal bytes."""
    stream = io.StringIO()
    with figure_style():
        figure.savefig(stream, format="svg", metadata=_NO_METADATA)
    return stream.getvalue()


def as_png(figure: Figure, dpi: int = 150) -> bytes:
    """Give a figure as PNG, with so many dots an inch."""
    stream = io.BytesIO()
    with figure_style():
        figure.savefig(stream, format="png", dpi=dpi, metadata={"Software": None})
    return stream.getvalue()


@contextmanager
def figure_style() -> Iterator[None]:
    """Draw in this style, without a warning for each font that this machine lacks."""
    log = logging.getLogger("matplotlib.font_manager")
    with mpl.rc_context(_STYLE), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        log.addFilter(_is_not_about_a_family)
        try:
            yield
        finally:
            log.removeFilter(_is_not_about_a_family)


def text_width(text: str, size: float = FONT_SIZE) -> float:
    """Width of a text, in inches, near enough to leave room for it."""
    return display_width(text) * size * EM / 72


def label(text: str, inches: float, size: float = FONT_SIZE) -> str:
    """Give a text as a label no wider than so many inches."""
    return shorten(printable(text), max(int(inches / text_width("x", size)), 1))


def write(axes: Any, x: float, y: float, text: str, **style: Any) -> None:
    """Write a text as it is: a dollar sign starts no formula."""
    axes.text(x, y, text, parse_math=False, **style)


def _is_not_about_a_family(record: logging.LogRecord) -> bool:
    return "Font family" not in record.getMessage()
