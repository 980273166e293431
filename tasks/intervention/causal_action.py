"""What an action of a contract does to its own column."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from tasks.contract_checks import read_operation
from tasks.domain import Column
from tasks.intervention.causal_reach import node_of
from tasks.intervention.faulty_database import FaultyDatabase, NotApplicable
from tasks.intervention.repairs import NUMBERS
from tasks.intervention.structural.action import NodeAction


@dataclass(frozen=True)
class ActedColumn:
    """A column under an action.

    Attributes
    ----------
    action
        What is done.
    known
        Its values under the action; null where nobody knows them.
    """

    action: NodeAction
    known: pl.Series

    @property
    def place(self) -> tuple[str, str]:
        """Table and name of the column."""
        node = node_of(self.action.node)
        return node.table, node.column


def act(database: FaultyDatabase, name: str, text: str) -> ActedColumn:
    """Act on a column: set it in every row, or shift or scale the values that are known.

    Parameters
    ----------
    database
        The database before.
    name
        The column, as ``table.column``.
    text
        As `read_operation` reads it. Numbers stop at the ends of the contract's range.

    Raises
    ------
    NotApplicable
        If the column is no feature of this task or changes nowhere, or no cell of it is known.
    """
    node = node_of(name)
    entry = database.mendable(node.table).get(node.column)
    if entry is None:
        raise NotApplicable(f"{name} is the target, a time that orders rows, or no feature.")
    kind, value = read_operation(text, entry)
    action = NodeAction(name, kind, value)
    before = database.known_tables[node.table][node.column]
    if kind == "set" and entry.type in NUMBERS:
        known = pl.repeat(value, len(before), dtype=pl.Float64, eager=True)
    elif kind == "set":
        label = value == "true" if entry.type == "boolean" else value
        known = pl.repeat(label, len(before), dtype=before.dtype, eager=True)
    else:
        numbers = before.cast(pl.Float64).to_numpy()
        known = within_range(pl.Series(action.apply(numbers)).fill_nan(None), entry)
    acted = ActedColumn(action, known.alias(node.column))
    if not changed_cells(database.tables, {acted.place: over_raw(database, *acted.place, known)}):
        raise NotApplicable(f"{action} changes no cell.")
    return acted


def within_range(values: pl.Series, entry: Column) -> pl.Series:
    """Numbers that stop at the ends of their column's range."""
    least, most = entry.range or (None, None)
    return values.clip(-np.inf if least is None else least, np.inf if most is None else most)


def over_raw(database: FaultyDatabase, table: str, column: str, known: pl.Series) -> pl.Series:
    """The column with what is known of it, and elsewhere as it is."""
    return known.fill_null(database.tables[table][column].cast(known.dtype)).alias(column)


def changed_cells(
    tables: Mapping[str, pl.DataFrame], columns: Mapping[tuple[str, str], pl.Series]
) -> int:
    """How many cells of columns, by table and name, differ from those of the tables."""
    return sum(
        int(tables[table][column].cast(after.dtype).ne_missing(after).sum())
        for (table, column), after in columns.items()
    )
