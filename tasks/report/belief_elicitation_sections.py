"""What a client was asked and said, beside the priors that follow, in words and tables."""

import math
from collections.abc import Iterator

from tasks.beliefs.elicitation_record import Answer, Elicitation, ElicitedPrior
from tasks.report.belief_numerals import belief_interval, is_share
from tasks.report.belief_update_sections import MOST_OF_NAME, decision_text
from tasks.report.belief_verdict import does_not_fit
from tasks.report.layout import shorten
from tasks.report.numerals import fixed, number
from tasks.report.section import Section, Table, table
from tasks.report.wording import printable

LEVEL = 0.95
ROUNDING = 1e-9
PRIORS = ("quantity", ">prior", ">confidence, %", "from", ">residual", "fit")
ANSWERS = ("what was said", ">stated", ">fitted", ">difference")
HOW = {
    "stated": "a stated law",
    "mean_sd": "mean and sd",
    "quantiles": "quantiles",
    "chips": "chips",
}


def elicitation_sections(session_id: str, elicitation: Elicitation) -> tuple[Section, ...]:
    """Overview, each prior, and the session."""
    caption = (
        f"Means with {number(100 * LEVEL)} % intervals. Residual: root mean square difference of "
        "what was said and what the law says, in probability; - where the answers fix the law"
    )
    asked = ("client", elicitation.client), ("model", elicitation.model), ("session", session_id)
    rows = map(_row, elicitation.priors)
    note = (elicitation.note,) if elicitation.note else ()
    return (
        Section("Priors", (), table(PRIORS, rows, caption)),
        *map(_prior, elicitation.priors),
        Section("Session", note, table(("setting", "value"), asked)),
    )


def _row(prior: ElicitedPrior) -> tuple[str, ...]:
    fit = "BAD" if does_not_fit(prior) else "fits"
    return (
        prior.quantity,
        belief_interval(prior.belief, LEVEL),
        number(100 * prior.confidence),
        HOW[prior.how],
        "-" if prior.residual is None else fixed(prior.residual, 3),
        "-" if prior.residual is None else fit,
    )


def _prior(prior: ElicitedPrior) -> Section:
    title = shorten(printable(prior.quantity), MOST_OF_NAME)
    return Section(title, tuple(_told(prior)), _answers(prior))


def _told(prior: ElicitedPrior) -> Iterator[str]:
    yield f"Quantity: {prior.quantity}"
    yield f"Prior: {prior.belief}"
    yield f"Confidence: {number(100 * prior.confidence)} %"
    if prior.residual is not None:
        yield f"Residual: {fixed(prior.residual, 3)}"
    if prior.others:
        others = sorted(prior.others.items(), key=lambda of: of[1])
        listed = ", ".join(f"{name.replace('_', ' ')} {fixed(of, 3)}" for name, of in others)
        yield f"Residual of other families: {listed}"
    if prior.decision:
        yield f"Decision: {decision_text(prior.decision, is_share(prior.belief))}"
    if prior.note:
        yield f"Note: {prior.note}"


def _answers(prior: ElicitedPrior) -> tuple[Table, ...]:
    rows = [
        (of.said, number(of.stated), number(of.fitted), _difference(of)) for of in prior.answers
    ]
    return table(ANSWERS, rows)


def _difference(answer: Answer) -> str:
    """What is lost in rounding is no difference."""
    if math.isclose(answer.stated, answer.fitted, rel_tol=ROUNDING, abs_tol=ROUNDING):
        return "0"
    return number(answer.fitted - answer.stated)
