"""What a row knew at its time: its parents' columns and aggregates over child rows before it.

The tables are walked along the foreign keys: own columns, parents, child tables as aggregates of
what lies strictly before the row's time, and from the last child row on to that row's parents. A
table that is reached by two ways gives two sets of features.

References
----------
Kanter & Veeramachaneni (2015), Deep Feature Synthesis, IEEE DSAA.
"""

from dataclasses import dataclass
from datetime import timedelta

import polars as pl

from tasks.domain import Column, Domain
from tasks.relations.as_of import (
    EVENT_TIME,
    KEY,
    count_of,
    last_before,
    mean_of,
    running_sums,
)
from tasks.relations.events import TIME, with_time

NUMERIC = ("integer", "number", "boolean")


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
    """

    path: tuple[str, ...]
    table: str
    column: str
    aggregate: str
    type: str

    @property
    def name(self) -> str:
        """Unique among the features of a task."""
        return f"{''.join(self.path)} {self.table}.{self.column or '*'} {self.aggregate}".strip()


Found = list[tuple[Feature, pl.Series]]


@dataclass(frozen=True)
class FeatureWalk:
    """A walk over the tables of a domain.

    Every method takes a spine: N rows with `ROW` (0 to N - 1), `KEY` (what points to the table) and
    `TIME` (what is known is known before it).

    Attributes
    ----------
    contract, tables
        The domain. Columns listed under ``leaks`` are left out.
    onward_from
        Child table whose last row's parents are asked for their own child rows too: a driver's
        constructor is that of the driver's last result, with all that constructor's results.
    recent
        Width of the window of the ``recent`` aggregates.
    """

    contract: Domain
    tables: dict[str, pl.DataFrame]
    onward_from: str
    recent: timedelta

    def own(self, name: str, spine: pl.DataFrame, path: tuple[str, ...]) -> Found:
        """Columns of the row that the spine's key points to, and of that row's parents.

        A row that became known only after the spine's time tells nothing.
        """
        table = self.contract.tables[name]
        (primary,) = table.primary_key
        holder = (
            with_time(self.contract, self.tables, name).rename({TIME: EVENT_TIME})
            if table.time
            else self.tables[name]
        ).unique(primary, keep="first", maintain_order=True)
        joined = spine.join(
            holder, left_on=KEY, right_on=primary, how="left", maintain_order="left"
        )
        if table.time:
            is_known = pl.col(EVENT_TIME) <= pl.col(TIME)
            joined = joined.with_columns(
                pl.when(is_known).then(pl.col(column))
                for column in table.columns
                if column != primary
            )
        found = [
            found_feature(path, name, column, "value", entry, joined[column])
            for column, entry in self.usable(name).items()
        ]
        for key, parent in table.foreign_keys.items():
            onward = spine.with_columns(joined[key].alias(KEY))
            found += self.own(parent, onward, (*path, f"->{key}"))
        return found

    def all_children(
        self, name: str, spine: pl.DataFrame, path: tuple[str, ...], *, turn: bool
    ) -> Found:
        """Aggregates over every child table that has a time."""
        return [
            found
            for child, table in self.contract.tables.items()
            for key, parent in table.foreign_keys.items()
            if parent == name and table.time
            for found in self.children(child, key, spine, path, turn=turn)
        ]

    def children(
        self, name: str, key: str, spine: pl.DataFrame, path: tuple[str, ...], *, turn: bool
    ) -> Found:
        """Aggregates over the child rows before each row's time, and the last one's parents."""
        here = (*path, f"<-{name}.{key}")
        columns = self.usable(name)
        running = running_sums(with_time(self.contract, self.tables, name), key, _numeric(columns))
        now = last_before(spine, running, key, timedelta(0))
        past = last_before(spine, running, key, self.recent)
        number = Column(type="number")
        since = (spine[TIME] - now[EVENT_TIME]).dt.total_seconds() / 86400
        found = [
            found_feature(here, name, "", "count", number, count_of(now)),
            found_feature(here, name, "", "recent count", number, count_of(now) - count_of(past)),
            found_feature(here, name, "", "days since", number, since),
        ]
        for column, entry in columns.items():
            found.append(found_feature(here, name, column, "last", entry, now[column]))
        for column in _numeric(columns):
            found += [
                found_feature(here, name, column, "mean", number, mean_of(column, now)),
                found_feature(
                    here, name, column, "recent mean", number, mean_of(column, now, past)
                ),
            ]
        for other, parent in self.contract.tables[name].foreign_keys.items():
            if other == key:
                continue
            onward, there = spine.with_columns(now[other].alias(KEY)), (*here, f"->{other}")
            found += self.own(parent, onward, there)
            if turn and name == self.onward_from and not self.contract.tables[parent].time:
                found += self.all_children(parent, onward, there, turn=False)
        return found

    def usable(self, name: str) -> dict[str, Column]:
        """Columns that may be features: no keys, no texts, no leaks."""
        table = self.contract.tables[name]
        keys = {*table.primary_key, *table.foreign_keys}
        return {
            column: entry
            for column, entry in table.columns.items()
            if column not in keys
            and entry.type != "text"
            and f"{name}.{column}" not in self.contract.leaks
        }


def _numeric(columns: dict[str, Column]) -> list[str]:
    return [column for column, entry in columns.items() if entry.type in NUMERIC]


def found_feature(
    path: tuple[str, ...], table: str, column: str, aggregate: str, entry: Column, values: pl.Series
) -> tuple[Feature, pl.Series]:
    """A feature with its values, numbers as Float64."""
    is_number = entry.type in NUMERIC
    feature = Feature(path, table, column, aggregate, "number" if is_number else entry.type)
    return feature, values.cast(pl.Float64) if is_number else values
