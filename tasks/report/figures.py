"""The figures of a report, by name."""

from matplotlib.figure import Figure

from tasks.report.calibration_figure import calibration_figure
from tasks.report.effect_figures import effect_figure, shrinkage_figure
from tasks.report.schema import Report
from tasks.report.section import Picture
from tasks.report.share_figure import share_figure


def all_figures(report: Report) -> dict[Picture, Figure]:
    """Draw every figure that the report has something for.

    Returns
    -------
    dict of str to matplotlib.figure.Figure
        ``shares``: the three levels as an icicle; ``effects``: the ranking and the placebo;
        ``shrinkage``: posterior against raw effects; ``calibration``.
    """
    figures: dict[Picture, Figure] = {}
    if any(share.fraction > 0 and share.node.level == "table" for share in report.shares):
        figures["shares"] = share_figure(report)
    if report.ranking or report.placebo:
        figures["effects"] = effect_figure(report)
    if report.effects:
        figures["shrinkage"] = shrinkage_figure(report)
    if report.calibration:
        figures["calibration"] = calibration_figure(report)
    return figures
