"""A database, what the gate marked in it, and what may be mended."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import polars as pl

from tasks.domain import Column, ColumnTask, Domain, Node, Task
from tasks.errors import InputError
from tasks.relations.events import row_times
from tasks.relations.feature_values import usable_columns
from tasks.relations.gate import ROW

if TYPE_CHECKING:
    from tasks.intervention.causal_worlds import World


class NotApplicable(InputError):  # noqa: N818 (a finding, told as a sentence, not a failure)
    """An intervention changes nothing at a node, or nothing tells what it would do."""


@dataclass(frozen=True)
class FaultyDatabase:
    """A database with its faults, as one task sees it.

    Attributes
    ----------
    contract
        Keys, times, types, and the columns that leak.
    tables
        Frames by name, as `read_tables` gives them.
    faults
        Beside each table which cells break a rule and, in ``(row)``, which rows repeat an earlier
        one, as `check_tables` gives them.
    task
        What is predicted.
    worlds
        The database as it would be after each real change that the contract considers, by the
        column that is acted on.
    """

    contract: Domain
    tables: dict[str, pl.DataFrame]
    faults: dict[str, pl.DataFrame]
    task: Task
    worlds: Mapping[Node, "World"] = field(default_factory=dict)

    @property
    def target(self) -> tuple[str, str]:
        """Table and column that the task predicts; the column is empty for a number of rows."""
        task = self.task
        if isinstance(task, ColumnTask):
            return task.table, task.column
        condition = "" if task.condition is None else task.condition.column
        return task.events, task.column or condition

    @property
    def size(self) -> int:
        """Bytes of the tables in memory."""
        return sum(int(frame.estimated_size()) for frame in self.tables.values())

    @cached_property
    def ordering(self) -> frozenset[tuple[str, str]]:
        """Columns that say when rows became known: times, and keys that lead to them."""
        found = set()
        for name, table in self.contract.tables.items():
            if table.time:
                key, _, beyond = table.time.partition(".")
                found.add((name, key))
                if beyond:
                    found.add((table.foreign_keys[key], beyond))
        return frozenset(found)

    def mendable(self, name: str) -> dict[str, Column]:
        """Columns of a table whose values may be changed: features, but neither target nor order.

        Foreign keys are not among them.
        """
        return {
            column: entry
            for column, entry in usable_columns(self.contract, self.task, name).items()
            if (name, column) != self.target and (name, column) not in self.ordering
        }

    def relinkable(self, name: str) -> dict[str, str]:
        """Foreign keys of a table that may be changed, with the tables that they point to."""
        table = self.contract.tables[name]
        return {
            key: parent
            for key, parent in table.foreign_keys.items()
            if key not in table.primary_key
            and (name, key) != self.target
            and (name, key) not in self.ordering
        }

    def missing(self, name: str, column: str) -> pl.Series:
        """Which cells of a column hold nothing."""
        return self.tables[name][column].is_null()

    def faulty(self, name: str, column: str) -> pl.Series:
        """Which cells of a column break the contract."""
        return self.faults[name][column]

    def repeated(self, name: str) -> pl.Series:
        """Which rows of a table repeat an earlier one."""
        return self.faults[name][ROW]

    def clean(self, name: str, column: str) -> pl.Series:
        """Which cells of a column hold a value that breaks nothing, in a row that is no repeat."""
        bad = self.missing(name, column) | self.faulty(name, column) | self.repeated(name)
        return ~bad

    def donors(self, name: str, column: str) -> pl.Series:
        """Which clean cells may give their value: those of rows from before the validation date.

        Rows of a table without times count as known before.
        """
        clean = self.clean(name, column)
        if not self.contract.tables[name].time:
            return clean
        days = row_times(self.contract, self.tables, name).dt.date()
        return clean & (days < self.task.split.validation).fill_null(False)

    @cached_property
    def known_tables(self) -> dict[str, pl.DataFrame]:
        """The tables without the values that break the contract: they are null."""
        return {
            name: frame.with_columns(
                frame[column].set(self.faulty(name, column), None)
                for column in frame.columns
                if self.faulty(name, column).any()
            )
            for name, frame in self.tables.items()
        }
