"""Reports on beliefs as HTML pages that need nothing else."""

from collections.abc import Mapping, Sequence

from markupsafe import Markup
from matplotlib.figure import Figure

from tasks.beliefs.elicitation_record import Elicitation
from tasks.beliefs.run_records import ConflictRun, UpdateRun
from tasks.report.belief_conflict_sections import conflict_sections
from tasks.report.belief_elicitation_sections import elicitation_sections
from tasks.report.belief_figures import (
    BeliefPicture,
    conflict_figures,
    elicitation_figures,
    update_figures,
)
from tasks.report.belief_text import report_title
from tasks.report.belief_update_sections import update_sections
from tasks.report.belief_verdict import (
    Verdict,
    conflict_verdict,
    elicitation_verdict,
    update_verdict,
)
from tasks.report.drawing import as_svg
from tasks.report.page import TEMPLATES, inline_svg
from tasks.report.section import Section

CAPTIONS: dict[BeliefPicture, str] = {
    "beliefs": "A belief and the data agree where the dashed and the filled curve lie over each "
    "other. The third curve is what follows if the belief is kept.",
    "bayes_factors": "How strongly the data speak against each belief; left of 1 they speak for "
    "it. Lines are 2 Monte Carlo standard errors to either side.",
    "updates": "A new prior lies where the data are, or between them and the old prior.",
    "priors": "The law that was fitted to what was said. Where the law says the same, the dots lie "
    "on the lines and the bars follow the curve.",
}


def conflict_page(run: ConflictRun) -> str:
    """Give beliefs held against data as a page; names are escaped, figures lie inside."""
    verdict = conflict_verdict(run)
    return _page(
        report_title(run.title, run.client),
        "Beliefs held against data",
        verdict,
        bool(verdict.first or verdict.doubts or any(of.is_conflict for of in run.conflicts)),
        conflict_sections(run),
        conflict_figures(run),
    )


def update_page(run: UpdateRun) -> str:
    """Give the updates of beliefs as a page; names are escaped, figures lie inside."""
    verdict = update_verdict(run)
    return _page(
        report_title(run.title, run.client),
        "Updates of beliefs",
        verdict,
        bool(verdict.first),
        update_sections(run),
        update_figures(run),
    )


def elicitation_page(session_id: str, elicitation: Elicitation) -> str:
    """Give a session of elicitation as a page; names are escaped, figures lie inside."""
    verdict = elicitation_verdict(elicitation.priors)
    return _page(
        report_title(elicitation.model, elicitation.client),
        "Elicited priors",
        verdict,
        bool(verdict.sentences),
        elicitation_sections(session_id, elicitation),
        elicitation_figures(session_id, elicitation),
    )


def _page(
    title: str,
    kind: str,
    verdict: Verdict,
    is_doubtful: bool,
    sections: Sequence[Section],
    figures: Mapping[BeliefPicture, Figure],
) -> str:
    first = [(verdict.first[0], verdict.first[1:])] if verdict.first else []
    doubts = [(doubt, ()) for doubt in verdict.doubts]
    return TEMPLATES.get_template("verdict.html.j2").render(
        title=title,
        kind=kind,
        verdicts=[*first, *doubts, (verdict.headline, verdict.sentences)],
        is_doubtful=is_doubtful,
        sections=sections,
        captions=CAPTIONS,
        figures={name: Markup(inline_svg(as_svg(of), name)) for name, of in figures.items()},  # noqa: S704
    )
