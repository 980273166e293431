"""A coverage study as plain text; the verdict stands first."""

from tasks.calibration.coverage.summary_record import Summary
from tasks.report.coverage_study_sections import (
    Settings,
    coverage_study_sections,
    headline,
    sentences,
)
from tasks.report.verdict_text import verdict_text

TITLE = "Coverage study"


def coverage_study_text(summary: Summary, settings: Settings) -> str:
    """Give a study as text, at most `WIDTH` columns wide.

    Parameters
    ----------
    summary
        Of the study.
    settings
        How it was made, such as the seed.

    Returns
    -------
    str
        Verdict, coverage, errors, ranking, and how the study was made.
    """
    told = headline(summary), *sentences(summary)
    return verdict_text(TITLE, told, coverage_study_sections(summary, settings))
