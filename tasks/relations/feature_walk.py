"""Which rows of the database a task's rows lead to: keys and times alone decide it.

The tables are walked along the foreign keys: parents, child tables as what lies strictly before
the row's time, and from the last child row on to that row's parents. A table that is reached by
two ways gives two sets of features.

References
----------
Kanter & Veeramachaneni (2015), Deep Feature Synthesis, IEEE DSAA.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property

import numpy as np
import numpy.typing as npt
import polars as pl

from tasks.domain import Domain
from tasks.relations.as_of import Past, find_rows, known_rows, order_events, past_events
from tasks.relations.events import row_times


@dataclass(frozen=True)
class Feature:
    """One feature and the node of the database that it comes from.

    Attributes
    ----------
    path
        Steps from the entity, such as ``<-results.driverId`` (child rows) and ``->constructorId``.
    table, column
        The node; the column is empty for the number of child rows.
    aggregate
        ``value``, ``last``, ``mean``, ``recent mean``, ``count``, ``recent count`` or
        ``days since``.
    type
        ``number``, ``category`` or ``time``.
    condition
        Where not the column's value is told but whether it meets a condition: such as ``!= 1``.
    """

    path: tuple[str, ...]
    table: str
    column: str
    aggregate: str
    type: str
    condition: str = ""

    @property
    def name(self) -> str:
        """Unique among the features of a task."""
        what = f"{self.table}.{self.column or '*'} {self.condition}".strip()
        return f"{''.join(self.path)} {what} {self.aggregate}".strip()


@dataclass(frozen=True)
class Reach:
    """The rows of one table that N rows lead to by one path.

    Attributes
    ----------
    path
        Steps from the row, as those of a `Feature`.
    table
        The table reached.
    rows
        Its row for each of the N (UInt32): the row pointed to, or the last child row before; null
        where there is none.
    past
        All child rows before; None where one row is pointed to.
    """

    path: tuple[str, ...]
    table: str
    rows: pl.Series
    past: Past | None = None

    def take(self, chosen: npt.NDArray[np.intp]) -> "Reach":
        """The same of some of the N rows."""
        past = None if self.past is None else self.past.take(chosen)
        return Reach(self.path, self.table, self.rows.gather(chosen), past)


@dataclass(frozen=True)
class FeatureWalk:
    """A walk over the tables of a domain, for N rows.

    Attributes
    ----------
    contract, tables
        The domain.
    times
        When each of the N rows is predicted: what is known is known before.
    onward_from
        Child table whose last row's parents are asked for their own child rows too: a driver's
        constructor is that of the driver's last result, with all that constructor's results.
    recent
        Width of the window of recent child rows.
    """

    contract: Domain
    tables: dict[str, pl.DataFrame]
    times: pl.Series
    onward_from: str
    recent: timedelta

    @cached_property
    def row_times(self) -> dict[str, pl.Series]:
        """When each row of each table that has a time became known."""
        return {
            name: row_times(self.contract, self.tables, name)
            for name, table in self.contract.tables.items()
            if table.time
        }

    def own(self, name: str, keys: pl.Series, path: tuple[str, ...]) -> Iterator[Reach]:
        """The row of a table that each key points to if it was known, and that row's parents."""
        (primary,) = self.contract.tables[name].primary_key
        rows = find_rows(keys, self.tables[name][primary])
        if name in self.row_times:
            rows = known_rows(rows, self.row_times[name], self.times)
        yield Reach(path, name, rows)
        yield from self.parents(name, rows, path)

    def parents(self, name: str, rows: pl.Series, path: tuple[str, ...]) -> Iterator[Reach]:
        """The parents, and theirs in turn, of rows of a table."""
        for key, parent in self.contract.tables[name].foreign_keys.items():
            yield from self.own(parent, self.tables[name][key].gather(rows), (*path, f"->{key}"))

    def all_children(
        self, name: str, keys: pl.Series, path: tuple[str, ...], *, turn: bool
    ) -> Iterator[Reach]:
        """The child rows of each key in every child table that has a time."""
        for child in self.row_times:
            for key, parent in self.contract.tables[child].foreign_keys.items():
                if parent == name:
                    yield from self.children(child, key, keys, path, turn=turn)

    def children(
        self, name: str, key: str, keys: pl.Series, path: tuple[str, ...], *, turn: bool
    ) -> Iterator[Reach]:
        """The child rows before each row's time, and the last one's parents."""
        here = (*path, f"<-{name}.{key}")
        order = order_events(self.tables[name][key], self.row_times[name], keys)
        past = past_events(order, keys, self.times, self.recent)
        yield Reach(here, name, past.last, past)
        for other, parent in self.contract.tables[name].foreign_keys.items():
            if other == key:
                continue
            onward, there = self.tables[name][other].gather(past.last), (*here, f"->{other}")
            yield from self.own(parent, onward, there)
            if turn and name == self.onward_from and not self.contract.tables[parent].time:
                yield from self.all_children(parent, onward, there, turn=False)
