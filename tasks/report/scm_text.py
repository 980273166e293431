"""A structural causal model, and what it answers, as plain text; the verdict stands first."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from tasks.report.layout import display_width
from tasks.report.plain import body_lines, heading, wrapped
from tasks.report.scm_query_sections import answer_sentence, query_sections, question
from tasks.report.scm_sections import cut, headline, scm_sections, verdict
from tasks.report.section import Section
from tasks.report.text import WIDTH

Record = Mapping[str, Any]


def scm_text(title: str, record: Record) -> str:
    """Give a fit as text, at most `WIDTH` columns wide.

    Parameters
    ----------
    title
        Of the model.
    record
        Of the fit, as `keep_model` gives it.

    Returns
    -------
    str
        Verdict, mechanisms, equations, warnings and rows.
    """
    return _text(title, headline(record).upper(), (verdict(record),), scm_sections(record))


def query_text(title: str, record: Record) -> str:
    """Give the answer to a question as text, at most `WIDTH` columns wide.

    Parameters
    ----------
    title
        Of the model.
    record
        Of the query.

    Returns
    -------
    str
        Question and answer in short, warnings, effects, and how it was asked.
    """
    told = answer_sentence(record), *cut(record["warnings"])
    return _text(title, question(record), told, query_sections(record))


def _text(title: str, first: str, sentences: Sequence[str], sections: Iterable[Section]) -> str:
    lines = wrapped(title)
    lines += ["=" * min(max(map(display_width, lines)), WIDTH), "", *wrapped(first)]
    for sentence in sentences:
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
