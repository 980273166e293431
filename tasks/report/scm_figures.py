"""The figures of a structural causal model and of what it answers, by name."""

from collections.abc import Mapping
from typing import Any, Literal

from matplotlib.figure import Figure

from tasks.report.scm_changes_figure import changes_figure
from tasks.report.scm_effect_rows import changed_rows
from tasks.report.scm_graph_figure import graph_figure, is_readable
from tasks.report.scm_r2_figure import r2_figure

ScmPicture = Literal["graph", "r2", "changes"]
Record = Mapping[str, Any]


def scm_figures(record: Record) -> dict[ScmPicture, Figure]:
    """Draw what a fit is.

    Parameters
    ----------
    record
        Of the fit, as `keep_model` gives it.

    Returns
    -------
    dict of str to matplotlib.figure.Figure
        ``graph``: causes and effects, where they are few enough to be read; ``r2`` of each
        mechanism.
    """
    figures: dict[ScmPicture, Figure] = {}
    if is_readable(record):
        figures["graph"] = graph_figure(record)
    figures["r2"] = r2_figure(record)
    return figures


def query_figures(record: Record) -> dict[ScmPicture, Figure]:
    """Draw what a query was answered.

    Parameters
    ----------
    record
        Of the query.

    Returns
    -------
    dict of str to matplotlib.figure.Figure
        ``changes`` of the nodes, unless none changes.
    """
    return {"changes": changes_figure(record)} if changed_rows(record) else {}
