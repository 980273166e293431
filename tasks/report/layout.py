"""Plain text in columns, for scripts of narrow and of wide characters."""

import re
import unicodedata
from collections.abc import Sequence

from tasks.report.section import Table

ELLIPSIS = "\N{HORIZONTAL ELLIPSIS}"
LEAST = 12
"""Columns of the terminal that a shortened name keeps."""

GAP = "  "


def display_width(text: str) -> int:
    """Columns of a terminal that a text takes: two for a wide East Asian character.

    Examples
    --------
    >>> display_width("weight"), display_width("무게"), display_width("e\u0301")
    (6, 4, 1)
    """
    return sum(map(_character_width, text))


def pad(text: str, width: int, right: bool = False) -> str:
    """Fill up with spaces, on the left if it is to be aligned on the right."""
    space = " " * (width - display_width(text))
    return space + text if right else text + space


def shorten(text: str, width: int) -> str:
    """Cut out the middle of what is too wide, and put an ellipsis there.

    Examples
    --------
    >>> shorten("constructor_standings", 12)
    'constr…dings'
    """
    if display_width(text) <= width:
        return text
    half = (width - 1) // 2
    tail = _fitting(text[::-1], half)[::-1]
    return _fitting(text, width - 1 - display_width(tail)) + ELLIPSIS + tail


def wrap(text: str, width: int) -> list[str]:
    """Break a text between words; a longer word stays whole, and so does ``1.2 ± 0.3 %``.

    Examples
    --------
    >>> wrap("the first rule of all", 10)
    ['the first', 'rule of', 'all']
    """
    first, *words = re.split("(?<!±) (?![±%])", text)
    lines = [first]
    for word in words:
        longer = f"{lines[-1]} {word}"
        if display_width(longer) > width:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines


def format_table(table: Table, width: int) -> list[str]:
    """Lines of an aligned table; columns of words are shortened where it is too wide."""
    lines = [table.head, *table.rows]
    widths = [max(map(display_width, column)) for column in zip(*lines, strict=True)]
    widths = _squeezed(widths, table.numeric, width - len(GAP) * (len(widths) - 1))
    return [
        GAP.join(
            pad(shorten(cell, room), room, numeric)
            for cell, room, numeric in zip(line, widths, table.numeric, strict=True)
        ).rstrip()
        for line in lines
    ]


def _squeezed(widths: Sequence[int], numeric: Sequence[bool], room: int) -> list[int]:
    """Take from the widest column of words until all fit or none has more than `LEAST`."""
    result = list(widths)
    while sum(result) > room:
        wide = [k for k, width in enumerate(result) if not numeric[k] and width > LEAST]
        if not wide:
            break
        result[max(wide, key=result.__getitem__)] -= 1
    return result


def _fitting(text: str, width: int) -> str:
    """Longest beginning that is no wider."""
    taken = 0
    for index, char in enumerate(text):
        taken += _character_width(char)
        if taken > width:
            return text[:index]
    return text


def _character_width(char: str) -> int:
    if unicodedata.category(char) in ("Mn", "Me") or "\u1160" <= char <= "\u11ff":
        return 0
    return 2 if unicodedata.east_asian_width(char) in ("W", "F") else 1
