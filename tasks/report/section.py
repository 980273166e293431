"""Parts of a report in words, before they are laid out as text or as a page."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

Picture = Literal["effects", "shares", "shrinkage", "calibration"]
PICTURES: tuple[Picture, ...] = get_args(Picture)


@dataclass(frozen=True)
class Table:
    """Rows of words and numbers.

    Attributes
    ----------
    head
        One heading a column.
    rows
        As many cells each as there are headings.
    numeric
        Which columns hold numbers, and are aligned on the right.
    caption
        What it shows; may be empty.
    """

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numeric: tuple[bool, ...]
    caption: str = ""


@dataclass(frozen=True)
class Further:
    """Another file of the run, relative to the report, and what it tells."""

    told: str
    file: str


@dataclass(frozen=True)
class Section:
    """A heading, paragraphs and tables under it, and what belongs there: a figure, a file."""

    title: str
    paragraphs: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()
    picture: Picture | None = None
    further: Further | None = None


def table(
    head: Sequence[str], rows: Iterable[Sequence[str]], caption: str = ""
) -> tuple[Table, ...]:
    """Make a table, or none where there is no row.

    A heading that starts with ``>`` is that of a column of numbers.

    Examples
    --------
    >>> (made,) = table(["name", ">cells"], [["weight", "80"]])
    >>> made.head, made.numeric
    (('name', 'cells'), (False, True))
    >>> table(["name"], [])
    ()
    """
    body = tuple(map(tuple, rows))
    if not body:
        return ()
    numeric = tuple(name.startswith(">") for name in head)
    return (Table(tuple(name.removeprefix(">") for name in head), body, numeric, caption),)
