"""What is recommended for each belief, in words and tables."""

from collections.abc import Iterator

from tasks.beliefs.conflict_record import Decision, Posterior, Update
from tasks.beliefs.run_records import UpdateRun
from tasks.report.belief_conflict_sections import calibration_section
from tasks.report.belief_numerals import (
    factor_with_error,
    is_share,
    posterior_interval,
    probability_text,
    value_text,
)
from tasks.report.layout import shorten
from tasks.report.numerals import number, probability
from tasks.report.section import Section, table
from tasks.report.wording import printable

UPDATES = ("quantity", "belief", ">Bayes factor", ">before", ">after", ">gain")
MOST_OF_NAME = 60
"""Columns of a heading."""

Recommended = tuple[Update, str]
"""An update and its id in the registry."""


def recommended(run: UpdateRun) -> list[Recommended]:
    """Updates with their ids, those that the data demand most strongly first."""
    pairs = zip(run.updates, run.recommendations, strict=True)
    return sorted(pairs, key=lambda of: -of[0].log_bayes_factor.value)


def update_sections(run: UpdateRun) -> tuple[Section, ...]:
    """Overview, each belief, what was left, calibration, and what was asked."""
    updates = recommended(run)
    level = updates[0][0].before.level if updates else 0.0
    caption = (
        f"Posterior means with {number(100 * level)} % intervals under the old prior and under the "
        "new one, and the expected gain of the change"
    )
    rows = [
        (
            of.quantity,
            "changes" if of.is_change else "stands",
            factor_with_error(of.log_bayes_factor),
            posterior_interval(of.before, is_share(of.old)),
            posterior_interval(of.after, is_share(of.old)),
            "-" if of.expected_gain is None else number(of.expected_gain),
        )
        for of, _ in updates
    ]
    asked = {
        "client": run.client,
        "model": run.model,
        "session": run.session,
        "strategy": ", ".join(dict.fromkeys(of.strategy for of, _ in updates)),
        "least Bayes factor of a change": ", ".join(
            dict.fromkeys(number(of.min_evidence_strength) for of, _ in updates)
        ),
    }
    known = [(name, value) for name, value in asked.items() if value]
    parts = (
        Section("Beliefs", (), table(UPDATES, rows, caption)),
        *(_belief(of, identifier) for of, identifier in updates),
        Section("Left as they are", tuple(f"{of}: {why}" for of, why in run.left.items())),
        calibration_section(run.calibration),
        Section("What was asked", run.notes, table(("setting", "value"), known)),
    )
    return tuple(part for part in parts if part.paragraphs or part.tables)


def decision_text(decision: Decision, in_per_cent: bool) -> str:
    """What is done above which threshold, and its worth.

    Examples
    --------
    >>> decision_text(Decision(threshold=0.2, worth=2e6, action="keep the budget"), True)
    'keep the budget if above 20 %, worth 2,000,000'
    """
    told = f"{decision.action} if above {value_text(decision.threshold, in_per_cent)}"
    return told if decision.worth is None else f"{told}, worth {number(decision.worth)}"


def _belief(update: Update, identifier: str) -> Section:
    title = shorten(printable(update.quantity), MOST_OF_NAME)
    return Section(title, tuple(_told(update, identifier)))


def _told(update: Update, identifier: str) -> Iterator[str]:
    in_per_cent = is_share(update.old)
    yield f"Quantity: {update.quantity}"
    yield f"Old prior: {update.old}"
    yield f"New prior: {update.new if update.is_change else 'the same'}"
    yield f"Reason: {update.reason}"
    yield f"Probability of the belief after the data: {probability(update.client_probability)} %"
    if update.power is not None:
        yield f"Power of the belief: {number(update.power)}"
    yield f"Posterior before: {_posterior(update.before, in_per_cent)}"
    yield f"Posterior after: {_posterior(update.after, in_per_cent)}"
    if update.decision:
        yield f"Decision: {decision_text(update.decision, in_per_cent)}"
    if update.decision_change:
        yield f"Change of the decision: {update.decision_change}"
    if update.expected_gain is not None:
        yield f"Expected gain: {number(update.expected_gain)}"
    if update.is_change:
        yield f"To accept: whence beliefs accept {identifier}"
        yield f"To reject: whence beliefs reject {identifier}"


def _posterior(posterior: Posterior, in_per_cent: bool) -> str:
    told = (
        f"{posterior_interval(posterior, in_per_cent)}, "
        f"sd {value_text(posterior.sd.value, in_per_cent)}"
    )
    if posterior.above is None:
        return told
    return f"{told}; above the threshold with probability {probability_text(posterior.above)} %"
