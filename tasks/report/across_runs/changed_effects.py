"""Which effects really changed from one run to another."""

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from tasks.bayes.interval import Interval
from tasks.domain import Node
from tasks.intervention.replicate_cells import Action
from tasks.report.across_runs.run_record import RunRecord
from tasks.report.across_runs.two_groups import TwoGroups, fit_two_groups
from tasks.report.effect_record import Effect
from tasks.report.frozen import Frozen

Reading = Literal["re-scored", "retrained"]


class ChangedEffect(Frozen):
    """One intervention in two runs.

    Attributes
    ----------
    reading
        What is compared: members fitted anew where both runs did that, else rows scored again.
    before, after
        The effect in either run, with its interval, in per cent of U.
    error
        Standard error of the difference of the means. The runs are taken as independent; where
        they share rows or random numbers it is too large.
    probability
        That the effect really changed, beyond the chance of members, rows and draws; 0 where both
        runs tell the very same.
    change
        What is to be expected of the change, with its interval.
    rank_before, rank_after
        In the ranking; None where it is not ranked.
    """

    node: Node
    intervention: str
    reading: Reading
    before: Interval
    after: Interval
    error: float
    probability: float
    change: Interval
    rank_before: int | None
    rank_after: int | None

    @property
    def name(self) -> str:
        """Name as a reader knows it, such as ``impute_missing items.weight``."""
        return str(Action(self.node, self.intervention))

    @property
    def difference(self) -> float:
        """The mean after less the mean before, in per cent of U."""
        return self.after.mean - self.before.mean


def changed_effects(before: RunRecord, after: RunRecord) -> list[ChangedEffect]:
    """Hold every intervention that both runs simulated against itself.

    Parameters
    ----------
    before, after
        Two runs of the main job, of one domain and task.

    Returns
    -------
    list of ChangedEffect
        In the order of the later run's effects; without those of one run alone, and without the
        placebo's.
    """
    known = {_action(effect): effect for effect in before.report.effects}
    pairs = [
        _compare(before, after, known[action], effect)
        for effect in after.report.effects
        if (action := _action(effect)) in known
    ]
    moved = [pair for pair in pairs if pair.before != pair.after]
    places = Counter(pair.place for pair in moved)
    shares = [1 / places[pair.place] for pair in moved]
    model = fit_two_groups([pair.z for pair in moved], shares) if moved else None
    ranks = _ranks(before), _ranks(after)
    return [_changed(pair, model, *ranks) for pair in pairs]


@dataclass(frozen=True)
class _Pair:
    action: Action
    reading: Reading
    before: Interval
    after: Interval
    error: float

    @property
    def z(self) -> float:
        return (self.after.mean - self.before.mean) / self.error

    @property
    def place(self) -> tuple[str, str]:
        """Actions at one column and its ranges mend the same cells: they count as one."""
        return self.action.node.table, self.action.node.column


def _compare(before: RunRecord, after: RunRecord, old: Effect, new: Effect) -> _Pair:
    action = _action(new)
    if old.retrained and new.retrained:
        ends, errors = (old.retrained.effect, new.retrained.effect), "retrained_errors"
    else:
        ends, errors = (old.effect, new.effect), "errors"
    both = (getattr(run, errors)[str(action)] for run in (before, after))
    reading: Reading = "retrained" if errors == "retrained_errors" else "re-scored"
    return _Pair(action, reading, *ends, error=math.hypot(*both))


def _changed(
    pair: _Pair,
    model: TwoGroups | None,
    ranks_before: Mapping[Action, int],
    ranks_after: Mapping[Action, int],
) -> ChangedEffect:
    probability, change = 0.0, Interval(mean=0, low=0, high=0)
    if model and pair.before != pair.after:
        probability = model.probability(pair.z)
        scores = model.change(pair.z).model_dump()
        change = Interval(**{name: value * pair.error for name, value in scores.items()})
    return ChangedEffect(
        node=pair.action.node,
        intervention=pair.action.intervention,
        reading=pair.reading,
        before=pair.before,
        after=pair.after,
        error=pair.error,
        probability=probability,
        change=change,
        rank_before=ranks_before.get(pair.action),
        rank_after=ranks_after.get(pair.action),
    )


def _ranks(run: RunRecord) -> dict[Action, int]:
    return {_action(entry.effect): entry.rank for entry in run.report.ranking}


def _action(effect: Effect) -> Action:
    return Action(effect.node, effect.intervention)
