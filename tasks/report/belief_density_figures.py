"""Beliefs against data, and old against new priors: a panel of densities for each quantity."""

from collections.abc import Sequence

from matplotlib.figure import Figure

from tasks.beliefs.conflict_record import Conflict, Update
from tasks.report.belief_numerals import factor_text, is_share
from tasks.report.belief_panels import (
    CLIENT,
    DATA,
    MOST_PANELS,
    RESULT,
    Curve,
    draw_densities,
    draw_threshold,
    panel_grid,
)
from tasks.report.belief_severity import by_bayes_factor, severity_text
from tasks.report.calibration_style import legend_above, note_below
from tasks.report.drawing import figure_style

DATA_NAME = "data (posterior under the reference)"


def beliefs_figure(conflicts: Sequence[Conflict]) -> Figure:
    """Belief, data, and posterior under the belief of each quantity, most conflicting first.

    Parameters
    ----------
    conflicts
        At least one; those beyond `MOST_PANELS` are counted below.
    """
    shown = by_bayes_factor(conflicts)[:MOST_PANELS]
    notes = _notes(len(shown), len(conflicts))
    titles = [(of.quantity, f"severity: {severity_text(of)} (BF {_factor(of)})") for of in shown]
    with figure_style():
        figure, panels = panel_grid(titles, len(notes))
        for axes, of in zip(panels, shown, strict=True):
            curves = (
                Curve(DATA_NAME, DATA, "-", of.curves.reference_posterior, is_filled=True),
                Curve("client's belief", CLIENT, "--", of.curves.client),
                Curve("posterior under the belief", RESULT, "-.", of.curves.client_posterior),
            )
            draw_densities(axes, of.curves.x, curves, is_share(of.client))
        legend_above(figure)
        note_below(figure, *notes)
    return figure


def updates_figure(updates: Sequence[Update]) -> Figure:
    """Old prior, data and new prior of each quantity, those that the data demand most first.

    Where the belief stands there is no new prior.

    Parameters
    ----------
    updates
        At least one; those beyond `MOST_PANELS` are counted below.
    """
    ordered = sorted(updates, key=lambda of: -of.log_bayes_factor.value)
    shown = ordered[:MOST_PANELS]
    notes = _notes(len(shown), len(updates))
    titles = [(of.quantity, _second(of)) for of in shown]
    with figure_style():
        figure, panels = panel_grid(titles, len(notes))
        for axes, of in zip(panels, shown, strict=True):
            curves = [
                Curve(DATA_NAME, DATA, "-", of.data_density, is_filled=True),
                Curve("old prior", CLIENT, "--", of.old_density),
            ]
            if of.is_change:
                curves.append(Curve("new prior", RESULT, "-.", of.new_density))
            draw_densities(axes, of.x, curves, is_share(of.old))
            if of.decision:
                draw_threshold(axes, of.decision.threshold)
        legend_above(figure)
        note_below(figure, *notes)
    return figure


def _second(update: Update) -> str:
    told = "should change" if update.is_change else "stands"
    return f"{told} (BF {factor_text(update.log_bayes_factor.value)})"


def _factor(conflict: Conflict) -> str:
    return factor_text(conflict.log_bayes_factor.value)


def _notes(n_shown: int, n: int) -> tuple[str, ...]:
    told = f"{n_shown} of {n} beliefs: those with the largest Bayes factors"
    return (told,) if n_shown < n else ()
