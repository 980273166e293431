"""A structural causal model, and what it answers, as plain text; the verdict stands first."""

from collections.abc import Mapping
from typing import Any

from tasks.report.scm_query_sections import answer_sentence, query_sections, question
from tasks.report.scm_sections import cut, headline, scm_sections, verdict
from tasks.report.verdict_text import verdict_text

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
    return verdict_text(title, (headline(record).upper(), verdict(record)), scm_sections(record))


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
    told = question(record), answer_sentence(record), *cut(record["warnings"])
    return verdict_text(title, told, query_sections(record))
