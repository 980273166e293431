"""A structural causal model, and what it answers, as HTML pages that need nothing else."""

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup
from matplotlib.figure import Figure

from tasks.report.drawing import as_svg
from tasks.report.page import TEMPLATES, inline_svg
from tasks.report.scm_figures import ScmPicture, query_figures, scm_figures
from tasks.report.scm_query_sections import answer_sentence, query_sections, question
from tasks.report.scm_sections import cut, headline, scm_sections, verdict
from tasks.report.section import Section

Record = Mapping[str, Any]

CAPTIONS: dict[ScmPicture, str] = {
    "graph": "Arrows lead from causes to effects. Under each node stands the R² of its mechanism "
    "on held-out rows; a node without one has no causes: it is as in the rows.",
    "r2": "Part of each node's variance on held-out rows that its mechanism explains.",
    "changes": "How sure each change is: an interval that does not cross the line at 0 is that of "
    "a node that surely changes, in that direction. How large it is stands on the right.",
}


def scm_page(title: str, record: Record) -> str:
    """Give a fit as a page; names are escaped, figures lie inside.

    Parameters
    ----------
    title
        Of the model.
    record
        Of the fit, as `keep_model` gives it.
    """
    return _page(
        title,
        headline(record).upper(),
        (verdict(record),),
        not record["validation"]["passed"],
        scm_sections(record),
        scm_figures(record),
    )


def query_page(title: str, record: Record) -> str:
    """Give the answer to a question as a page; names are escaped, figures lie inside.

    Parameters
    ----------
    title
        Of the model.
    record
        Of the query.
    """
    return _page(
        title,
        question(record),
        (answer_sentence(record), *cut(record["warnings"])),
        bool(record["warnings"]),
        query_sections(record),
        query_figures(record),
    )


def _page(
    title: str,
    first: str,
    sentences: Sequence[str],
    is_doubtful: bool,
    sections: Sequence[Section],
    figures: Mapping[ScmPicture, Figure],
) -> str:
    return TEMPLATES.get_template("verdict.html.j2").render(
        title=title,
        kind="Structural causal model",
        verdicts=[(first, sentences)],
        is_doubtful=is_doubtful,
        sections=sections,
        captions=CAPTIONS,
        figures={name: Markup(inline_svg(as_svg(of), name)) for name, of in figures.items()},  # noqa: S704
    )
