"""The runs of a domain, oldest to newest, each held against the one before."""

from collections.abc import Iterable
from dataclasses import dataclass

from tasks.domain import Node
from tasks.intervention.replicate_cells import Action
from tasks.report.across_runs.diff import RunDiff, run_diff
from tasks.report.across_runs.run_record import RunRecord

TOP = 3
"""An intervention is followed if it was ever so far up in the ranking."""


@dataclass(frozen=True)
class Entry:
    """A run, and what changed since the one before; None for the first."""

    record: RunRecord
    since: RunDiff | None


@dataclass(frozen=True)
class Series:
    """All runs of one task, oldest first."""

    task: str
    entries: tuple[Entry, ...]

    @property
    def latest(self) -> RunRecord:
        """The newest run."""
        return self.entries[-1].record

    def followed(self, most: int) -> list[Action]:
        """Interventions that ever were among the top, those first that were there most often."""
        times: dict[Action, int] = {}
        for entry in reversed(self.entries):
            for ranked in entry.record.report.ranking[:TOP]:
                action = Action(ranked.effect.node, ranked.effect.intervention)
                times[action] = times.get(action, 0) + 1
        return sorted(times, key=lambda action: -times[action])[:most]

    def tables(self, most: int) -> list[Node]:
        """Tables by their largest share in any run."""
        largest: dict[Node, float] = {}
        for entry in self.entries:
            for share in entry.record.report.shares:
                if share.node.level == "table":
                    largest[share.node] = max(largest.get(share.node, 0.0), share.fraction)
        return sorted(largest, key=lambda node: -largest[node])[:most]


def series_of(records: Iterable[RunRecord]) -> tuple[Series, ...]:
    """Put runs of one domain into series, one a task; the task that was run last comes first.

    Parameters
    ----------
    records
        Oldest first.
    """
    series: dict[str, list[Entry]] = {}
    for record in records:
        entries = series.pop(record.report.task, [])
        since = run_diff(entries[-1].record, record) if entries else None
        series[record.report.task] = [*entries, Entry(record, since)]
    return tuple(Series(task, tuple(series[task])) for task in reversed(series))
