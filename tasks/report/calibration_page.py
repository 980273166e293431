"""A simulation-based calibration as one HTML page that needs nothing else."""

from markupsafe import Markup

from tasks.calibration.simulations import Simulations
from tasks.calibration.verdict import CalibrationVerdict
from tasks.report.calibration_advice import advice_section
from tasks.report.calibration_figures import CalibrationPicture, calibration_figures
from tasks.report.calibration_sections import (
    Settings,
    notes_section,
    quantities_section,
    reasons,
    simulations_section,
)
from tasks.report.drawing import as_svg
from tasks.report.page import TEMPLATES, inline_svg

CAPTIONS: dict[CalibrationPicture, str] = {
    "rank_difference": "The ranks of a calibrated quantity stay inside of the band. A hump above 0 "
    "means true values that rank too low, one below 0 too high; up, then down: a posterior too "
    "narrow; down, then up: too wide.",
    "coverage": "Calibrated intervals hold the true value as often as the dashed lines say.",
    "contraction": "A bar longer than the grey zone is high is that of a posterior too narrow, a "
    "median off 0 that of a biased one; on the left the data teach nothing.",
}


def calibration_page(
    title: str, verdict: CalibrationVerdict, simulations: Simulations, settings: Settings
) -> str:
    """Give a calibration as a page; names are escaped, figures lie inside.

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
    """
    drawn = calibration_figures(verdict, simulations)
    return TEMPLATES.get_template("calibration.html.j2").render(
        title=title,
        verdict=verdict,
        reasons=reasons(verdict),
        sections=(
            quantities_section(verdict, with_meaning=True),
            notes_section(verdict),
            advice_section(verdict, simulations),
            simulations_section(verdict, simulations, settings),
        ),
        captions=CAPTIONS,
        figures={name: Markup(inline_svg(as_svg(of), name)) for name, of in drawn.items()},  # noqa: S704
    )
