"""Two runs held against each other: what changed, and what that did."""

from tasks.errors import InputError
from tasks.intervention.replicate_cells import Action
from tasks.report.across_runs.changed_effects import ChangedEffect, changed_effects
from tasks.report.across_runs.changed_shares import ChangedShare, changed_shares
from tasks.report.across_runs.run_record import RunRecord
from tasks.report.across_runs.what_changed import Difference, what_changed
from tasks.report.answer import answer
from tasks.report.evidence import Score
from tasks.report.frozen import Frozen
from tasks.report.schema import Report


class Side(Frozen):
    """One of the two runs, in short.

    Attributes
    ----------
    run
        ``domain/run_id``.
    began
        When it began.
    uncertainty
        Mean epistemic uncertainty U of the evaluated rows.
    score
        The first of the held-out scores.
    repair
        The leading repair, as a sentence.
    alone
        Interventions that this run alone simulated.
    """

    run: str
    began: str
    uncertainty: float
    score: Score | None
    repair: str
    alone: tuple[str, ...]


class RunDiff(Frozen):
    """What ``whence diff`` tells.

    Attributes
    ----------
    same
        Whether both reports tell the very same.
    """

    title: str
    task: str
    before: Side
    after: Side
    same: bool
    differences: tuple[Difference, ...]
    shares: tuple[ChangedShare, ...]
    effects: tuple[ChangedEffect, ...]

    @property
    def changed(self) -> tuple[str, ...]:
        """Kinds of things that differ, as far as that is recorded."""
        return tuple(of.kind for of in self.differences if of.changed)

    @property
    def most_changed(self) -> ChangedEffect | None:
        """The effect that has changed most probably; None where no effect is in both runs."""
        return max(
            self.effects,
            key=lambda of: (of.probability, abs(of.difference) / of.error),
            default=None,
        )


def run_diff(before: RunRecord, after: RunRecord) -> RunDiff:
    """Hold a run against an earlier one.

    Parameters
    ----------
    before, after
        Of one domain and task.

    Raises
    ------
    InputError
        If they are not.
    """
    what = [f"{run.report.domain}: {run.report.task}" for run in (before, after)]
    if what[0] != what[1]:
        raise InputError(
            f"Only runs of one domain and task can be compared, got {what[0]} ({before.run}) and "
            f"{what[1]} ({after.run})."
        )
    return RunDiff(
        title=after.report.title,
        task=what[1],
        before=_side(before, after.report),
        after=_side(after, before.report),
        same=before.report == after.report,
        differences=what_changed(before, after),
        shares=tuple(changed_shares(before, after)),
        effects=tuple(changed_effects(before, after)),
    )


def _side(run: RunRecord, other: Report) -> Side:
    report = run.report
    known = set(_actions(other))
    return Side(
        run=run.run,
        began=run.manifest["began"],
        uncertainty=report.uncertainty["epistemic"],
        score=report.quality[0] if report.quality else None,
        repair=answer(report).repair,
        alone=tuple(name for name in _actions(report) if name not in known),
    )


def _actions(report: Report) -> list[str]:
    return [str(Action(effect.node, effect.intervention)) for effect in report.effects]
