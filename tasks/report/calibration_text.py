"""A simulation-based calibration as plain text, the verdict first."""

from tasks.calibration.simulations import Simulations
from tasks.calibration.verdict import CalibrationVerdict
from tasks.report.calibration_advice import advice_section
from tasks.report.calibration_sections import (
    Settings,
    by_evidence,
    notes_section,
    quantities_section,
    reasons,
    simulations_section,
)
from tasks.report.layout import display_width
from tasks.report.plain import body_lines, heading, table_lines, wrapped
from tasks.report.section import Section
from tasks.report.text import WIDTH

INDENT = "    "


def calibration_text(
    title: str, verdict: CalibrationVerdict, simulations: Simulations, settings: Settings
) -> str:
    """Give a calibration as text, at most `WIDTH` columns wide.

    Parameters
    ----------
    title
        Of the model.
    verdict
        Of these simulations.
    simulations
        Those that were judged.
    settings
        How they were made, such as the seed.

    Returns
    -------
    str
        Verdict and reasons, simulations, quantities (the rejected first, and what a rejection means
        under its row), notes, and what to do.
    """
    lines = wrapped(title)
    lines += ["=" * min(max(map(display_width, lines)), WIDTH), "", verdict.status.upper(), ""]
    for reason in reasons(verdict):
        lines += wrapped(reason)
    for section, body in (
        _with_body(simulations_section(verdict, simulations, settings)),
        _quantities(verdict),
        _with_body(notes_section(verdict)),
        _with_body(advice_section(verdict, simulations)),
    ):
        lines += [*heading(section.title), *body]
    return "\n".join(lines) + "\n"


def _with_body(section: Section) -> tuple[Section, list[str]]:
    return section, body_lines(section)


def _quantities(verdict: CalibrationVerdict) -> tuple[Section, list[str]]:
    """The table with the meaning of each rejection under its row."""
    section = quantities_section(verdict, with_meaning=False)
    if not section.tables:
        return _with_body(section)
    head, *rows = table_lines(section.tables[0])
    body = [line for text in section.paragraphs for line in wrapped(text)]
    body += ["", head]
    for row, quantity in zip(rows, by_evidence(verdict), strict=False):
        body.append(row)
        for meaning in quantity.meaning:
            body += [INDENT + line for line in wrapped(meaning, WIDTH - len(INDENT))]
    left_out = len(verdict.quantities) - len(rows)
    return section, [*body, *([f"and {left_out:,} more"] if left_out else [])]
