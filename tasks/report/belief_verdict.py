"""What a reader of a report on beliefs has to know first: doubts of the model, then the verdict."""

from collections.abc import Sequence
from dataclasses import dataclass

from tasks.beliefs.elicitation_record import ElicitedPrior
from tasks.beliefs.run_records import Calibration, ConflictRun, UpdateRun
from tasks.report.belief_numerals import factor_with_error, number_text, p_value_text
from tasks.report.belief_severity import by_bayes_factor, severity_text
from tasks.report.numerals import count, number

MOST_RESIDUAL = 0.05
"""Root mean square difference in probability above which a law does not say what was said."""
MOST_WARNINGS = 10


@dataclass(frozen=True)
class Verdict:
    """The first lines of a report.

    Attributes
    ----------
    first
        That the model has to be calibrated before anything else, and by which command; else empty.
    doubts
        Sentences that stand before the headline.
    headline
        In capitals.
    sentences
        What a reader has to know beside it.
    """

    first: tuple[str, ...]
    doubts: tuple[str, ...]
    headline: str
    sentences: tuple[str, ...]


def conflict_verdict(run: ConflictRun) -> Verdict:
    """How many beliefs are in conflict with the data, and whether that can be relied on."""
    n, in_conflict = len(run.conflicts), sum(of.is_conflict for of in run.conflicts)
    if not n:
        headline = "no belief could be held against the data"
    elif not in_conflict:
        headline = "no belief conflicts with the data"
    else:
        verb = "conflicts" if in_conflict == 1 else "conflict"
        headline = f"{in_conflict:,} of {count(n, 'belief')} {verb} with the data"
    return Verdict(
        calibrate_first(run.calibration, run.model, "verdicts"),
        () if run.is_adequate else (_misfit(run),),
        headline.upper(),
        (*_strongest(run), *_joint(run), *_not_assessable(len(run.not_assessable))),
    )


def update_verdict(run: UpdateRun) -> Verdict:
    """How many beliefs should change, and whether that can be relied on."""
    n, changed = len(run.updates), sum(of.is_change for of in run.updates)
    if not n:
        headline = "no belief could be updated"
    elif not changed:
        headline = "every belief stands"
    else:
        headline = f"{changed:,} of {count(n, 'belief')} should change"
    verb = "was left as it is" if len(run.left) == 1 else "were left as they are"
    left = f"{count(len(run.left), 'belief')} {verb}: see below why."
    calibrate = calibrate_first(run.calibration, run.model, "recommendations")
    return Verdict(calibrate, (), headline.upper(), (left,) if run.left else ())


def elicitation_verdict(priors: Sequence[ElicitedPrior]) -> Verdict:
    """How many laws do not say what the client said."""
    bad = [of for of in priors if does_not_fit(of)]
    n = count(len(priors), "prior")
    if not bad:
        return Verdict((), (), f"{n} elicited".upper(), ())
    verb = "does" if len(bad) == 1 else "do"
    told = [_bad_fit(of) for of in bad[:MOST_WARNINGS]]
    if len(bad) > MOST_WARNINGS:
        told.append(f"And {len(bad) - MOST_WARNINGS:,} more.")
    return Verdict((), (), f"{len(bad):,} of {n} {verb} not fit the answers".upper(), tuple(told))


def calibrate_first(calibration: Calibration, name: str, what: str) -> tuple[str, ...]:
    """Say that a model has to be calibrated first, where that is essential and not so.

    Parameters
    ----------
    calibration
        Of the model.
    name
        Of the model.
    what
        Is provisional until then.
    """
    if calibration.need != "essential" or calibration.status == "calibrated":
        return ()
    is_missing = calibration.status == "missing"
    found = "missing" if is_missing else f"the newest one says: {calibration.status}"
    first = (
        f"CALIBRATE FIRST: simulation-based calibration of {name} is essential and {found} "
        f"({'; '.join(calibration.fired)}); the {what} below are provisional."
    )
    return (first, f"Command: {calibration.command}") if calibration.command else (first,)


def does_not_fit(prior: ElicitedPrior) -> bool:
    """Whether a law says something else than the client."""
    return prior.residual is not None and prior.residual > MOST_RESIDUAL


def _bad_fit(prior: ElicitedPrior) -> str:
    told = (
        f"{prior.quantity}: the law misses the answers by {number(prior.residual or 0)} in "
        f"probability (root mean square), more than {MOST_RESIDUAL:g}"
    )
    better = {name: of for name, of in prior.others.items() if of <= MOST_RESIDUAL}
    if better:
        best = min(better, key=better.__getitem__)
        return f"{told}; the family {best} misses them by {number(better[best])}."
    return f"{told}; no other family fits: ask again."


def _misfit(run: ConflictRun) -> str:
    failed = [
        f"{of.name} is {number(of.observed)} (p-value {p_value_text(of.p_value, of.mcse)})"
        for of in run.checks
        if of.is_rejected
    ]
    why = f" in {count(len(failed), 'check')}: {'; '.join(failed)}" if failed else ""
    return (
        f"THE MODEL DOES NOT FIT THE DATA{why}. The conclusions below rest on a model that does "
        "not fit."
    )


def _strongest(run: ConflictRun) -> tuple[str, ...]:
    found = [of for of in by_bayes_factor(run.conflicts) if of.is_conflict]
    if not found:
        return ()
    factor = factor_with_error(found[0].log_bayes_factor)
    return (
        f"The data speak most strongly against the belief on {found[0].quantity}: Bayes factor "
        f"{factor}, {severity_text(found[0])}.",
    )


def _joint(run: ConflictRun) -> tuple[str, ...]:
    joint = run.joint_log_bayes_factor
    if joint is None:
        return ()
    return (
        f"All beliefs at once against the reference prior: Bayes factor {factor_with_error(joint)} "
        f"(logarithm {number_text(joint)}).",
    )


def _not_assessable(n: int) -> tuple[str, ...]:
    told = f"{count(n, 'belief')} could not be held against the data: see below why."
    return (told,) if n else ()
