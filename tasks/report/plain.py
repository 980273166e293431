"""Sections and tables as lines of plain text."""

from tasks.report.layout import format_table, wrap
from tasks.report.section import Section, Table
from tasks.report.text import WIDTH
from tasks.report.wording import printable


def wrapped(text: str, width: int = WIDTH) -> list[str]:
    """Break a text of any characters into lines."""
    return wrap(printable(text), width)


def table_lines(table: Table) -> list[str]:
    """Align a table of any characters, without its caption."""
    rows = tuple(tuple(map(printable, row)) for row in table.rows)
    return format_table(Table(table.head, rows, table.numeric), WIDTH)


def body_lines(section: Section) -> list[str]:
    """Paragraphs of a section, then its tables, each below its caption."""
    told = [line for text in section.paragraphs for line in wrapped(text)]
    caption = [wrapped(of.caption) if of.caption else [] for of in section.tables]
    tables = [[*above, *table_lines(of)] for above, of in zip(caption, section.tables, strict=True)]
    blocks = [block for block in (told, *tables) if block]
    return [line for block in blocks for line in ("", *block)][1:]


def heading(title: str) -> list[str]:
    """Two empty lines, and a section's title underlined."""
    return ["", "", title.upper(), "-" * len(title)]
