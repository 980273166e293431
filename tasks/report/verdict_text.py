"""A verdict with its evidence, as plain text."""

from collections.abc import Iterable, Iterator, Sequence

from tasks.report.layout import display_width
from tasks.report.plain import body_lines, heading, wrapped
from tasks.report.section import Section
from tasks.report.text import WIDTH


def verdict_text(
    title: str, told: Sequence[str], sections: Iterable[Section], first: Sequence[str] = ()
) -> str:
    """Give a verdict as text, at most `WIDTH` columns wide.

    Parameters
    ----------
    title
        Of what is judged.
    told
        Sentences of the verdict, each a paragraph.
    sections
        The evidence.
    first
        What a reader must know even before the title.
    """
    above = [line for sentence in first for line in wrapped(sentence)]
    name = wrapped(title)
    lines = [*above, ""] if above else []
    lines += [*name, "=" * min(max(map(display_width, name)), WIDTH)]
    for sentence in told:
        lines += ["", *wrapped(sentence)]
    for section in sections:
        lines += [*heading(section.title), *body_lines(section)]
    return "\n".join(piece for line in lines for piece in _folded(line)) + "\n"


def _folded(line: str) -> Iterator[str]:
    """Break a line inside of a word where a name is wider than the text."""
    piece, width = "", 0
    for char in line:
        width += display_width(char)
        if width > WIDTH:
            yield piece.rstrip()
            piece, width = "", display_width(char)
        piece += char
    yield piece
