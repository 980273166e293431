"""The figures of beliefs, by name."""

from typing import Literal

from matplotlib.figure import Figure

from tasks.beliefs.elicitation_record import Elicitation
from tasks.beliefs.run_records import ConflictRun, UpdateRun
from tasks.report.belief_density_figures import beliefs_figure, updates_figure
from tasks.report.belief_factors_figure import bayes_factors_figure
from tasks.report.belief_priors_figure import priors_figure

BeliefPicture = Literal["beliefs", "bayes_factors", "updates", "priors"]


def conflict_figures(run: ConflictRun) -> dict[BeliefPicture, Figure]:
    """Draw beliefs held against data.

    Returns
    -------
    dict of str to matplotlib.figure.Figure
        ``beliefs``: belief, data and posterior of each quantity; ``bayes_factors`` of all. Empty
        where no belief could be held against the data.
    """
    if not run.conflicts:
        return {}
    return {
        "beliefs": beliefs_figure(run.conflicts),
        "bayes_factors": bayes_factors_figure(run.conflicts),
    }


def update_figures(run: UpdateRun) -> dict[BeliefPicture, Figure]:
    """Draw what is recommended.

    Returns
    -------
    dict of str to matplotlib.figure.Figure
        ``updates``: old prior, data and new prior of each quantity; empty where there is none.
    """
    return {"updates": updates_figure(run.updates)} if run.updates else {}


def elicitation_figures(session_id: str, elicitation: Elicitation) -> dict[BeliefPicture, Figure]:
    """Draw ``priors``: the fitted law of each quantity with what was said."""
    return {"priors": priors_figure(elicitation.priors)}
