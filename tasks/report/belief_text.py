"""Reports on beliefs as plain text; the verdict stands first."""

from collections.abc import Iterable

from tasks.beliefs.elicitation_record import Elicitation
from tasks.beliefs.run_records import ConflictRun, UpdateRun
from tasks.report.belief_conflict_sections import conflict_sections
from tasks.report.belief_elicitation_sections import elicitation_sections
from tasks.report.belief_update_sections import update_sections
from tasks.report.belief_verdict import (
    Verdict,
    conflict_verdict,
    elicitation_verdict,
    update_verdict,
)
from tasks.report.section import Section
from tasks.report.verdict_text import verdict_text


def conflict_text(run: ConflictRun) -> str:
    """Give beliefs held against data as text, at most `WIDTH` columns wide.

    Returns
    -------
    str
        In the first line that the model has to be calibrated, where that is essential and not so;
        verdict, beliefs by their Bayes factors, measures, checks, calibration, computation.
    """
    return _text(report_title(run.title, run.client), conflict_verdict(run), conflict_sections(run))


def update_text(run: UpdateRun) -> str:
    """Give the updates of beliefs as text, at most `WIDTH` columns wide.

    Returns
    -------
    str
        Verdict, then each belief with its old and new prior, the reason, the decision, and the
        commands that accept or reject the new prior.
    """
    return _text(report_title(run.title, run.client), update_verdict(run), update_sections(run))


def elicitation_text(session_id: str, elicitation: Elicitation) -> str:
    """Give a session of elicitation as text, at most `WIDTH` columns wide.

    Returns
    -------
    str
        Laws that do not say what was said, then each prior beside its answers.
    """
    return _text(
        report_title(elicitation.model, elicitation.client),
        elicitation_verdict(elicitation.priors),
        elicitation_sections(session_id, elicitation),
    )


def report_title(title: str, client: str) -> str:
    """Give the title of a report on a client's beliefs.

    Examples
    --------
    >>> report_title("Ovens", "Kim")
    'Ovens: beliefs of Kim'
    """
    return f"{title}: beliefs of {client}"


def _text(title: str, verdict: Verdict, sections: Iterable[Section]) -> str:
    told = *verdict.doubts, verdict.headline, *verdict.sentences
    return verdict_text(title, told, sections, verdict.first)
