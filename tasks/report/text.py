"""The report as plain text, the answer first."""

from tasks.report.answer import answer
from tasks.report.layout import display_width, format_table, wrap
from tasks.report.schema import Report
from tasks.report.section import Section, Table
from tasks.report.sections import sections
from tasks.report.wording import printable

WIDTH = 100
LABEL = 9
"""Columns for the names of the answer's sentences."""


def as_text(report: Report) -> str:
    """Give the report as text, at most `WIDTH` columns wide where its names allow.

    Names that would make a table wider are cut in the middle. Characters that would break a line
    or steer the terminal are replaced.
    """
    told = answer(report)
    title = printable(f"{report.title} ({report.domain}): {report.task}")
    lines = wrap(title, WIDTH)
    lines += ["=" * min(max(map(display_width, lines)), WIDTH), ""]
    for label, sentence in told.lines:
        first, *others = wrap(printable(sentence), WIDTH - LABEL)
        lines += [label.ljust(LABEL) + first, *(" " * LABEL + line for line in others)]
    for section in sections(report):
        lines += ["", "", *_section(section)]
    return "\n".join(lines) + "\n"


def _section(section: Section) -> list[str]:
    further = (f"{section.further.told}: {section.further.file}",) if section.further else ()
    texts = (*section.paragraphs, *further)
    told = [line for text in texts for line in wrap(printable(text), WIDTH)]
    blocks = [told, *map(_table, section.tables)]
    body = "\n\n".join("\n".join(block) for block in blocks if block)
    return [section.title.upper(), "-" * len(section.title), body]


def _table(table: Table) -> list[str]:
    rows = tuple(tuple(map(printable, row)) for row in table.rows)
    body = format_table(Table(table.head, rows, table.numeric), WIDTH)
    caption = wrap(printable(table.caption), WIDTH) if table.caption else []
    return [*caption, *body]
