"""Parts of the data docs in words: tables, columns, keys, and rules with their outcomes."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Outcome = Literal["stops", "marked", "kept"]
OUTCOMES: tuple[Outcome, ...] = ("stops", "marked", "kept")
"""Worst first."""


@dataclass(frozen=True)
class RuleDocs:
    """A rule: its name, what it expects, how it came out, and what breaks it."""

    name: str
    expected: str
    outcome: Outcome
    failing: str
    examples: tuple[str, ...]


@dataclass(frozen=True)
class ColumnDocs:
    """A column: what it is and holds, its cells that break a rule, and its rules, worst first."""

    name: str
    kind: str
    missing: str
    distinct: str
    least: str
    largest: str
    faulty: str
    faulty_share: float
    rules: tuple[RuleDocs, ...]

    @property
    def outcome(self) -> Outcome:
        """Of its worst rule."""
        return worst(self.rules)


@dataclass(frozen=True)
class KeyDocs:
    """A foreign key: its column, the table that it leads to with the anchor, rows without one."""

    column: str
    parent: str
    anchor: str
    orphans: str


@dataclass(frozen=True)
class TableDocs:
    """A table of the contract, and what was found in it.

    Attributes
    ----------
    anchor
        Of its section.
    rules, broken
        Number of its rules, and of those that some row breaks.
    faulty, faulty_share
        Cells that break a rule, as a share of all cells in words and as a number.
    row_rules, columns
        Those with the worst outcome first.
    """

    name: str
    anchor: str
    rows: int
    rules: int
    broken: int
    faulty: str
    faulty_share: float
    primary_key: str
    time: str
    keys: tuple[KeyDocs, ...]
    row_rules: tuple[RuleDocs, ...]
    columns: tuple[ColumnDocs, ...]

    @property
    def outcome(self) -> Outcome:
        """Of its worst rule."""
        return worst((*self.row_rules, *self.columns))

    @property
    def stopping(self) -> tuple[tuple[str, RuleDocs], ...]:
        """The rules that stop a run, each after the table or ``table.column`` whose it is."""
        of_columns = ((f"{self.name}.{of.name}", rule) for of in self.columns for rule in of.rules)
        every = (*((self.name, rule) for rule in self.row_rules), *of_columns)
        return tuple((place, rule) for place, rule in every if rule.outcome == "stops")


def worst(found: Iterable[RuleDocs | ColumnDocs | TableDocs]) -> Outcome:
    """The worst outcome; ``kept`` of nothing."""
    return min((of.outcome for of in found), key=OUTCOMES.index, default="kept")
