"""How the shares of uncertainty moved from one run to another."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from scipy import stats

from tasks.domain import Level, Node
from tasks.report.across_runs.run_record import RunRecord
from tasks.report.across_runs.two_groups import TwoGroups, fit_two_groups
from tasks.report.frozen import Frozen
from tasks.report.schema import Report, Share

FEWEST_REPLICATES = 4
LEAST_TAIL = 1e-300


class ChangedShare(Frozen):
    """The share of a node in two runs.

    Attributes
    ----------
    before, after
        Fraction of the total effect of all features; None where a run has no such node.
    error
        Standard error of the difference, by members and rows, the runs taken as independent; None
        where it is not assessed, as of value ranges.
    probability
        That the share really changed; 0 where both runs tell the same; None where it is not
        assessable.
    """

    node: Node
    before: float | None
    after: float | None
    error: float | None
    probability: float | None


def changed_shares(before: RunRecord, after: RunRecord) -> list[ChangedShare]:
    """Shares of all tables, then of all columns, then of either run's leading value range."""
    old = {share.node: share for share in before.report.shares}
    new = {share.node: share for share in after.report.shares}
    nodes = list(dict.fromkeys([*new, *old]))
    levels: list[Sequence[Node]] = [
        [node for node in nodes if node.level == level] for level in ("table", "column")
    ]
    leading = [_leading(run.report, "range") for run in (after, before)]
    levels.append(list(dict.fromkeys(node for node in leading if node)))
    freedom = sum(_replicates(run.report) - 1 for run in (before, after))
    return [
        change
        for level in levels
        for change in _level([_Pair(node, old.get(node), new.get(node), freedom) for node in level])
    ]


@dataclass(frozen=True)
class _Pair:
    node: Node
    old: Share | None
    new: Share | None
    freedom: int

    @property
    def error(self) -> float | None:
        errors = [share.standard_error for share in (self.old, self.new) if share]
        known = [error for error in errors if error is not None]
        return math.hypot(*known) if len(known) == 2 else None

    @property
    def z(self) -> float | None:
        """The z-score as far out as the t-score, whose error rests on few replicates."""
        if not self.old or not self.new or self.error is None:
            return None
        difference = self.new.fraction - self.old.fraction
        if not difference:
            return 0.0
        if not self.error:
            return None
        t = difference / self.error
        tail = max(float(stats.t.sf(abs(t), self.freedom)), LEAST_TAIL)
        return math.copysign(float(stats.norm.isf(tail)), t)


def _level(pairs: Sequence[_Pair]) -> list[ChangedShare]:
    """All of a level: their fractions sum to 1, so that K of them move as K - 1 would."""
    moved = [pair.z for pair in pairs if pair.z]
    count = (len(moved) - 1) / len(moved) if len(moved) > 1 else 1.0
    model = fit_two_groups(moved, [count] * len(moved))
    return [
        ChangedShare(
            node=pair.node,
            before=pair.old.fraction if pair.old else None,
            after=pair.new.fraction if pair.new else None,
            error=pair.error,
            probability=_probability(model, pair.z),
        )
        for pair in pairs
    ]


def _probability(model: TwoGroups, z: float | None) -> float | None:
    if z is None:
        return None
    return model.probability(z) if z else 0.0


def _replicates(report: Report) -> int:
    return int(report.settings.get("replicates", FEWEST_REPLICATES))


def _leading(report: Report, level: Level) -> Node | None:
    return next((share.node for share in report.shares if share.node.level == level), None)
