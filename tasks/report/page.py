"""The report as one HTML page that needs nothing else: no script, no request, figures inside."""

import re
from pathlib import Path

import jinja2
from markupsafe import Markup

from tasks.report.answer import answer
from tasks.report.drawing import as_svg
from tasks.report.figures import all_figures
from tasks.report.schema import Report
from tasks.report.section import Picture
from tasks.report.sections import sections

CAPTIONS: dict[Picture, str] = {
    "shares": "Each box is as high as its share of epistemic uncertainty; shares below 0, which "
    "are Monte Carlo error, are not drawn.",
    "effects": "Effects with 95 % intervals, by expected effect per unit of cost; the placebo at "
    "the bottom.",
    "shrinkage": "What pooling does: the posterior of each effect against the mean of its cells. "
    "Effects that the cells tell little about are drawn towards those of their neighbours.",
    "calibration": "On the dashed diagonal, what was said came true.",
}

TEMPLATES = jinja2.Environment(
    loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def as_page(report: Report) -> str:
    """Give the report as a page; names and examples from the data are escaped."""
    drawn = all_figures(report)
    return TEMPLATES.get_template("report.html.j2").render(
        report=report,
        answer=answer(report),
        sections=sections(report),
        captions=CAPTIONS,
        figures={name: Markup(inline_svg(as_svg(of), name)) for name, of in drawn.items()},  # noqa: S704
    )


def inline_svg(svg: str, prefix: str) -> str:
    """Cut the SVG element out of a document, and set a prefix before its ids.

    The prefix keeps the ids of several figures on a page apart.

    Examples
    --------
    >>> inline_svg('<?xml version="1.0"?><svg><g id="a"/><use xlink:href="#a"/> id="a"</svg>', "b")
    '<svg><g id="b-a"/><use xlink:href="#b-a"/> id="a"</svg>'
    """
    return re.sub("<[^>]*>", lambda tag: _prefixed(tag[0], prefix), svg[svg.index("<svg") :])


def _prefixed(tag: str, prefix: str) -> str:
    return re.sub(r'(?<= id=")|(?<=href="#)|(?<=url\(#)', f"{prefix}-", tag)
