"""Which tables differ between two runs, and in what."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from tasks.report.across_runs.run_record import Json, RunRecord
from tasks.report.numerals import count

FACTS = {"missing": "missing", "unreadable": "unreadable", "faulty": "faulty"}
MOST_COLUMNS = 4
"""Of a table that are told."""


def changed_data(before: RunRecord, after: RunRecord) -> list[str] | None:
    """Tables that differ, each as a phrase; None where that is not recorded.

    The same files hold the same tables; else the tables as they were read are compared, so that it
    does not matter where they lay. Runs that recorded neither are held against each other by what
    the gate found of each column.
    """
    sources = [run.manifest.get("source") or {} for run in (before, after)]
    if sources[0] and sources[0].get("sha256") == sources[1].get("sha256"):
        return []
    facts = _facts(before.gate), _facts(after.gate)
    old, new = (run.manifest.get("tables") or {} for run in (before, after))
    if not old or not new:
        changed = [name for name in _either(*facts) if facts[0].get(name) != facts[1].get(name)]
        if not changed:
            return ["in which tables is not recorded"] if all(sources) else None
    else:
        changed = [name for name in _either(old, new) if old.get(name) != new.get(name)]
    return [_phrase(name, facts[0].get(name), facts[1].get(name)) for name in changed]


def _either(old: Iterable[str], new: Iterable[str]) -> list[str]:
    return list(dict.fromkeys([*old, *new]))


def _facts(gate: Json) -> dict[str, list[dict[str, Any]]]:
    """What the gate recorded of the columns of each table."""
    found: dict[str, list[dict[str, Any]]] = {}
    for column in gate.get("columns", ()):
        found.setdefault(column["table"], []).append(dict(column))
    return found


def _phrase(
    table: str, old: Sequence[dict[str, Any]] | None, new: Sequence[dict[str, Any]] | None
) -> str:
    if not old or not new:
        known = old or new
        rows = f", {count(known[0]['rows'], 'row')}" if known else ""
        return f"{table} ({'new' if new else 'gone'}{rows})"
    earlier, later = old[0]["rows"], new[0]["rows"]
    size = _moved(earlier, later, "rows") if earlier != later else count(earlier, "row")
    columns = list(_columns(old, new))
    shown, others = columns[:MOST_COLUMNS], columns[MOST_COLUMNS:]
    more = [f"{count(len(others), 'other column')}"] if others else []
    return f"{table} ({'; '.join([size, *(shown or ['other values']), *more])})"


def _columns(old: Sequence[dict[str, Any]], new: Sequence[dict[str, Any]]) -> Iterator[str]:
    """Columns of which another number of cells is missing, unreadable or faulty; new ones, gone."""
    before, after = ({column["column"]: column for column in side} for side in (old, new))
    for name in _either(before, after):
        if name not in before or name not in after:
            yield f"{name} {'new' if name in after else 'gone'}"
            continue
        moved = [
            _moved(before[name][fact], after[name][fact], told)
            for fact, told in FACTS.items()
            if before[name][fact] != after[name][fact]
        ]
        if moved:
            yield f"{name} {', '.join(moved)}"


def _moved(old: int, new: int, what: str) -> str:
    return f"{old:,} -> {new:,} {what}"
