"""A coverage study as one HTML page that needs nothing else."""

from collections.abc import Sequence

from markupsafe import Markup

from tasks.calibration.coverage.study import Outcome
from tasks.calibration.coverage.summary_record import Summary
from tasks.report.coverage_study_figure import CoveragePicture, coverage_study_figures
from tasks.report.coverage_study_sections import (
    HOLDS,
    Settings,
    coverage_study_sections,
    headline,
    sentences,
)
from tasks.report.coverage_study_text import TITLE
from tasks.report.drawing import as_svg
from tasks.report.page import TEMPLATES, inline_svg

CAPTIONS: dict[CoveragePicture, str] = {
    "coverage": "Calibrated intervals hold the true effect as often as the dashed lines say; the "
    "grey band is what is asked of 95 % intervals.",
    "effects": "On the diagonal, what was told is true; a 95 % interval that does not cross it "
    "does not hold the true effect.",
}


def coverage_study_page(summary: Summary, outcomes: Sequence[Outcome], settings: Settings) -> str:
    """Give a study as a page; names are escaped, figures lie inside.

    Parameters
    ----------
    summary
        Of these outcomes.
    outcomes
        Of the databases.
    settings
        How they were made, such as the seed.
    """
    drawn = coverage_study_figures(summary, outcomes)
    verdict = headline(summary)
    return TEMPLATES.get_template("verdict.html.j2").render(
        title=TITLE,
        kind="Effects that are told, held against effects that are known",
        verdicts=[(verdict, sentences(summary))],
        is_doubtful=not verdict.startswith(HOLDS),
        sections=coverage_study_sections(summary, settings),
        captions=CAPTIONS,
        figures={name: Markup(inline_svg(as_svg(of), name)) for name, of in drawn.items()},  # noqa: S704
    )
