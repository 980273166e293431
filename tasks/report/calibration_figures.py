"""The figures of a simulation-based calibration, by name."""

from typing import Literal

from matplotlib.figure import Figure

from tasks.calibration.simulations import Simulations
from tasks.calibration.verdict import CalibrationVerdict
from tasks.report.contraction_figure import contraction_figure
from tasks.report.coverage_figure import coverage_figure
from tasks.report.rank_difference_figure import rank_difference_figure

CalibrationPicture = Literal["rank_difference", "coverage", "contraction"]


def calibration_figures(
    verdict: CalibrationVerdict, simulations: Simulations
) -> dict[CalibrationPicture, Figure]:
    """Draw every figure that the calibration has something for; none where every fit failed.

    Parameters
    ----------
    verdict
        Of these simulations.
    simulations
        Those that were judged.

    Returns
    -------
    dict of str to matplotlib.figure.Figure
        ``rank_difference``: ECDF differences with their band; ``coverage`` of intervals;
        ``contraction`` against z-scores, where a quantity has a contraction.
    """
    figures: dict[CalibrationPicture, Figure] = {}
    if verdict.quantities:
        figures["rank_difference"] = rank_difference_figure(verdict, simulations)
        figures["coverage"] = coverage_figure(verdict)
    if any(of.contraction is not None for of in verdict.quantities):
        figures["contraction"] = contraction_figure(verdict, simulations)
    return figures
