"""A history in words: one row a run."""

from collections.abc import Callable
from dataclasses import dataclass

from tasks.domain import Level
from tasks.report.across_runs.diff_text import LIKELY, told
from tasks.report.across_runs.history import Entry, Series
from tasks.report.answer import change, error_of
from tasks.report.numerals import NOT_ASSESSABLE, estimate, number, percentage, probability
from tasks.report.schema import Report
from tasks.report.wording import action_sentence

LEVELS: tuple[Level, ...] = ("table", "column")


@dataclass(frozen=True)
class Row:
    """A run as the page tells it.

    Attributes
    ----------
    when, link
        When it began, and where its report lies.
    changed
        What changed since the run before: kind and details; empty for nothing.
    is_first
        Whether there is no run before.
    uncertainty, score
        U, and the first held-out score with its standard error.
    shares
        The leading table and column with their shares.
    repair, effect
        The leading repair and its effect with interval.
    probability, likeliest, is_likely
        Of the effect that changed most probably, which that is, and whether it is told as changed.
    faults, seconds
        Of the gate, and of the run.
    """

    when: str
    link: str
    changed: tuple[tuple[str, str], ...]
    is_first: bool
    uncertainty: str
    score: str
    shares: tuple[str, ...]
    repair: str
    effect: str
    probability: str
    likeliest: str
    is_likely: bool
    faults: str
    seconds: str


def rows(series: Series, link: Callable[[str], str]) -> tuple[Row, ...]:
    """Tell every run of a series.

    Parameters
    ----------
    series
        Of one task.
    link
        Gives the address of a run's report.
    """
    return tuple(_row(entry, link) for entry in series.entries)


def _row(entry: Entry, link: Callable[[str], str]) -> Row:
    record, since = entry.record, entry.since
    report, manifest = record.report, record.manifest
    day, _, time = str(manifest["began"]).partition("T")
    score = report.quality[0] if report.quality else None
    best = report.ranking[0].effect if report.ranking else None
    most = since.most_changed if since else None
    return Row(
        when=f"{day} {time[:5]}",
        link=link(record.run),
        changed=tuple((of.kind, told(of)) for of in since.differences if of.changed)
        if since
        else (),
        is_first=since is None,
        uncertainty=number(report.uncertainty["epistemic"]),
        score=estimate(score.value, score.standard_error) if score else NOT_ASSESSABLE,
        shares=tuple(_leading(report, level) for level in LEVELS),
        repair=action_sentence(best) if best else "none is recommended",
        effect=change(best) if best else "",
        probability=_probability(most.probability) if most else "-",
        likeliest=most.name if most and most.probability else "",
        is_likely=bool(most and most.probability > LIKELY),
        faults=f"{record.gate['counts']['faults']:,}",
        seconds=f"{manifest['seconds']:,.0f}",
    )


def _leading(report: Report, level: Level) -> str:
    share = next((of for of in report.shares if of.node.level == level), None)
    if share is None:
        return NOT_ASSESSABLE
    return f"{share.node} {percentage(share.fraction, error_of(share))} %"


def _probability(value: float) -> str:
    return f"{probability(value)} %" if value else "0"
