"""What a question to a structural causal model is answered, in words and tables."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tasks.report.numerals import count
from tasks.report.scm_effect_rows import (
    EffectRow,
    change_text,
    changed_rows,
    interval_text,
    level_text,
    nodes_of,
    units_text,
)
from tasks.report.section import Section, Table, table

Record = Mapping[str, Any]

NUMBERS = ("node", ">before", ">after", ">change", ">95 % interval", ">95 % of units")
LABELS = ("node", "label", ">before, %", ">after, %", ">change, points", ">95 % interval")
MOST_LABELS = 12
"""Of a node."""


def question(record: Record) -> str:
    """What was asked.

    Examples
    --------
    >>> question({"question": "do", "actions": ["X=5", "Y*=2", "valid=true"]})
    'What if X=5, Y*=2 and valid=true?'
    >>> question({"question": "counterfactual", "actions": ["X=5"]})
    'What would have been if X=5?'
    """
    *others, last = record["actions"]
    listed = f"{', '.join(others)} and {last}" if others else last
    start = "What if" if record["question"] == "do" else "What would have been if"
    return f"{start} {listed}?"


def answer_sentence(record: Record) -> str:
    """Of how many units it was asked, how many nodes change, and how many of them surely."""
    units = count(record["units"], "unit")
    asked = (
        f"{units} drawn from the model, each without and with the actions"
        if record["question"] == "do"
        else f"{units} given, each as it is and as it would have been"
    )
    rows = changed_rows(record)
    changed, sure = len(nodes_of(rows)), len(nodes_of(row for row in rows if row.is_sure))
    total = len(record["effects"])
    told = f"{changed:,} of {count(total, 'node')} {'changes' if changed == 1 else 'change'}"
    if changed:
        told += f", {sure:,} surely (the 95 % interval of the change leaves out 0)"
    return f"{asked}: {told}."


def query_sections(record: Record) -> tuple[Section, ...]:
    """Effects and how they were found.

    Parameters
    ----------
    record
        Of the query.
    """
    return effects_section(record), _settings(record)


def effects_section(record: Record) -> Section:
    """Numbers, then labels, each in causal order; nodes that do not change are only counted."""
    rows = changed_rows(record)
    numbers = [row for row in rows if row.label is None]
    labels = [row for row in rows if row.label is not None]
    is_drawn = record["question"] == "do"
    told = [
        f"The interval of a change holds what the rows leave uncertain, from "
        f"{count(record['replicates'], 'fit')} to resampled rows"
        f"{', and the Monte Carlo error' if is_drawn else ''}."
    ]
    if numbers:
        told.append("95 % of units: the middle 95 % of the changes of single units.")
    unchanged = len(record["effects"]) - len(nodes_of(rows))
    if unchanged:
        verb = "does" if unchanged == 1 else "do"
        told.append(f"{count(unchanged, 'node')} {verb} not change.")
    return Section(
        "Effects", tuple(told if rows else told[-1:]), (*_numbers(numbers), *_labels(labels))
    )


def _numbers(rows: Sequence[EffectRow]) -> tuple[Table, ...]:
    cells = [
        (
            row.name,
            level_text(row, row.before),
            level_text(row, row.after),
            change_text(row),
            interval_text(row),
            units_text(row),
        )
        for row in rows
    ]
    return table(NUMBERS, cells, "Means of numbers, causes before effects")


def _labels(rows: Sequence[EffectRow]) -> tuple[Table, ...]:
    shown = list(shown_labels(rows))
    cells = [
        (
            row.node,
            row.label or "",
            level_text(row, row.before),
            level_text(row, row.after),
            change_text(row),
            interval_text(row),
        )
        for row in shown
    ]
    caption = "Shares of labels, causes before effects"
    if len(shown) < len(rows):
        caption += (
            f"; of a node with more than {MOST_LABELS} labels those whose share changes most "
            f"({len(rows) - len(shown):,} left out)"
        )
    return table(LABELS, cells, caption)


def shown_labels(rows: Sequence[EffectRow]) -> Iterator[EffectRow]:
    """At most `MOST_LABELS` labels of a node, those whose share changes most, in their order."""
    by_node = defaultdict(list)
    for row in rows:
        by_node[row.node].append(row)
    for own in by_node.values():
        largest = sorted(range(len(own)), key=lambda place: -abs(own[place].change))
        yield from (own[place] for place in sorted(largest[:MOST_LABELS]))


def _settings(record: Record) -> Section:
    rows = (
        ("question", record["question"]),
        ("actions", ", ".join(record["actions"])),
        ("units", f"{record['units']:,}"),
        ("replicates", f"{record['replicates']:,}"),
        ("seed", str(record["seed"])),
        ("SHA-256 of the model", record["model"]),
    )
    return Section("How it was asked", (), table(("setting", "value"), rows))
