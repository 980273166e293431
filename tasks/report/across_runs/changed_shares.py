"""How the shares of uncertainty moved from one run to another."""

import math
from collections.abc import Sequence

from tasks.domain import Level, Node
from tasks.report.across_runs.run_record import RunRecord
from tasks.report.across_runs.two_groups import TwoGroups, fit_two_groups
from tasks.report.frozen import Frozen
from tasks.report.schema import Report, Share


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
        That the share really changed; None where it is not assessable.
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
    return [
        change
        for level in levels
        for change in _level([(node, old.get(node), new.get(node)) for node in level])
    ]


def _level(nodes: Sequence[tuple[Node, Share | None, Share | None]]) -> list[ChangedShare]:
    """All of a level: their fractions sum to 1, so that K of them move as K - 1 would."""
    errors = [_error(old, new) for _, old, new in nodes]
    scores = [
        (new.fraction - old.fraction) / error
        for (_, old, new), error in zip(nodes, errors, strict=True)
        if error and old and new and not _same(old, new)
    ]
    count = (len(scores) - 1) / len(scores) if len(scores) > 1 else 1.0
    model = fit_two_groups(scores, [count] * len(scores))
    return [
        ChangedShare(
            node=node,
            before=old.fraction if old else None,
            after=new.fraction if new else None,
            error=error,
            probability=_probability(model, old, new, error),
        )
        for (node, old, new), error in zip(nodes, errors, strict=True)
    ]


def _probability(
    model: TwoGroups, old: Share | None, new: Share | None, error: float | None
) -> float | None:
    if not old or not new or error is None:
        return None
    if _same(old, new):
        return 0.0
    return model.probability((new.fraction - old.fraction) / error) if error else None


def _same(old: Share, new: Share) -> bool:
    return (old.fraction, old.standard_error) == (new.fraction, new.standard_error)


def _error(old: Share | None, new: Share | None) -> float | None:
    if not old or not new or old.standard_error is None or new.standard_error is None:
        return None
    return math.hypot(old.standard_error, new.standard_error)


def _leading(report: Report, level: Level) -> Node | None:
    return next((share.node for share in report.shares if share.node.level == level), None)
