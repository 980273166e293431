"""Recommendations in plain words."""

from tasks.beliefs.conflict_record import Decision, Posterior, Strategy
from tasks.beliefs.wording import evidence_sentence, probability

SEEN = "The new prior has seen these data: use it for data to come, not for these again."


def reason(
    strategy: Strategy,
    log_bayes_factor: float,
    min_evidence_strength: float,
    client_weight: float,
    power: float | None,
    is_change: bool,
) -> str:
    """Why a prior is recommended, or why the belief stands.

    Parameters
    ----------
    strategy, log_bayes_factor, min_evidence_strength, client_weight, power, is_change
        As of `tasks.beliefs.update.update`.
    """
    evidence = evidence_sentence(log_bayes_factor).replace("They", "The data", 1)
    if strategy == "keep":
        return f"{evidence}. The belief is kept, as was asked."
    if not is_change:
        what = (
            "flattening it makes the data no more probable"
            if power is not None
            else f"a change needs {min_evidence_strength:g} times"
        )
        return f"{evidence}; {what}, so the belief stands."
    done = {
        "evidence_weighted": (
            f"with the client's confidence that leaves the belief a probability of "
            f"{probability(client_weight)}, which is its weight beside the reference prior"
        ),
        "power_prior": (
            f"the data are most probable under the belief raised to the power {power or 1:.3g}"
        ),
        "replace": "a law of the same family takes its place, with the moments that the data give",
    }[strategy]
    return f"{evidence}; {done}. {SEEN}"


def decision_change(decision: Decision | None, before: Posterior, after: Posterior) -> str:
    """What is done under the old and under the new prior.

    Parameters
    ----------
    decision
        What hangs on the quantity.
    before, after
        Posteriors, told for the decision's threshold.
    """
    if decision is None or before.above is None or after.above is None:
        return "No decision was told that hangs on this quantity."
    chances = [posterior.above.value for posterior in (before, after) if posterior.above]
    first, last = (
        decision.action if chance >= 0.5 else f"do not {decision.action}" for chance in chances
    )
    told = [probability(chance) for chance in chances]
    if first == last:
        return (
            f"The decision stays the same: {last} (probability above {decision.threshold:g}: "
            f"{told[0]} before, {told[1]} after)."
        )
    return (
        f"The decision changes from {first!r} to {last!r}: the probability above "
        f"{decision.threshold:g} goes from {told[0]} to {told[1]}."
    )
