"""Repairs: what an intervention at a node does to the tables, and whether it does anything."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from tasks.domain import Node
from tasks.intervention.column_repairs import impute_mean, reduce_variance, remove_outliers
from tasks.intervention.faulty_database import FaultyDatabase, NotApplicable
from tasks.intervention.imputation import Imputer, fit_imputer
from tasks.intervention.replicate_cells import Action

PRINCIPAL = ("correct", "impute_missing", "reduce_variance")
"""The first of these that is applicable to a column is what is done at its value ranges."""
COLUMN_INTERVENTIONS = (*PRINCIPAL, "remove_outliers", "impute_mean")
TABLE_INTERVENTIONS = ("improve_quality", "reduce_variance")
NUMBERS = ("integer", "number")
FIXED: dict[str, Callable[[pl.Series, pl.Series], pl.Series]] = {
    "impute_mean": impute_mean,
    "reduce_variance": reduce_variance,
    "remove_outliers": remove_outliers,
}


@dataclass(frozen=True)
class Repair:
    """What is done to one table.

    Attributes
    ----------
    table
        Its name.
    changed
        How many of its cells change; a row that is dropped counts as one.
    fixed
        Columns that are set, by name.
    drawn
        Columns of which some cells are drawn, by name.
    dropped
        Which rows are dropped, one Boolean a row; None where none is.
    relinks
        Whether rows then lead to other rows.
    """

    table: str
    changed: int
    fixed: Mapping[str, pl.Series] = field(default_factory=dict)
    drawn: Mapping[str, Imputer] = field(default_factory=dict)
    dropped: pl.Series | None = None
    relinks: bool = False

    @property
    def columns(self) -> frozenset[tuple[str, str]]:
        """The columns that it changes, as (table, name)."""
        return frozenset((self.table, column) for column in (*self.fixed, *self.drawn))

    def apply(
        self, tables: dict[str, pl.DataFrame], rng: np.random.Generator
    ) -> dict[str, pl.DataFrame]:
        """The tables after the repair; a repair that draws nothing leaves `rng` alone."""
        drawn = {column: imputer.draw(rng) for column, imputer in self.drawn.items()}
        changed = {**self.fixed, **drawn}
        frame = tables[self.table].with_columns(
            values.alias(column) for column, values in changed.items()
        )
        if self.dropped is not None:
            frame = frame.filter(~self.dropped)
        return tables | {self.table: frame}


def plan_repair(database: FaultyDatabase, action: Action) -> Repair:
    """Say what an intervention does.

    Parameters
    ----------
    database
        The database as it is.
    action
        At a table or a column.

    Raises
    ------
    NotApplicable
        If it changes nothing there, does what another intervention does, or nothing tells what
        the cells may hold.
    """
    node, intervention = action.node, action.intervention
    if not node.column and intervention == "improve_quality":
        return _improve_quality(database, node.table)
    if not node.column and intervention == "reduce_variance":
        return _reduce_table_variance(database, node.table)
    if not node.column or intervention not in COLUMN_INTERVENTIONS:
        raise NotApplicable(f"There is no {intervention} for {node}, a {node.level}.")
    if node.column not in database.mendable(node.table):
        raise NotApplicable(
            f"{node} is never changed by itself: it is the target, a key, a time that orders rows, "
            "or no feature."
        )
    if intervention in FIXED:
        return _set_column(database, node, intervention)
    return _draw_cells(database, node, intervention)


def is_principal(database: FaultyDatabase, action: Action) -> bool:
    """Whether an action is what is done at the value ranges of its column."""
    if action.node.table not in database.contract.tables:
        return False
    for intervention in PRINCIPAL:
        try:
            plan_repair(database, Action(action.node, intervention))
        except NotApplicable:
            continue
        return action.intervention == intervention
    return False


def _set_column(database: FaultyDatabase, node: Node, intervention: str) -> Repair:
    entry = database.contract.tables[node.table].columns[node.column]
    if intervention != "impute_mean" and entry.type not in NUMBERS:
        raise NotApplicable(f"{node} holds no numbers.")
    clean = database.clean(node.table, node.column)
    if not clean.any():
        raise NotApplicable(f"No cell of {node} is clean.")
    before = database.tables[node.table][node.column]
    after = FIXED[intervention](before, clean)
    changed = int(before.cast(after.dtype).ne_missing(after).sum())
    if not changed:
        raise NotApplicable(f"{intervention} changes no cell of {node}.")
    return Repair(node.table, changed, fixed={node.column: after})


def _draw_cells(database: FaultyDatabase, node: Node, intervention: str) -> Repair:
    missing = database.missing(node.table, node.column)
    faulty = database.faulty(node.table, node.column)
    cells = missing if intervention == "impute_missing" else faulty
    if not cells.any():
        what = "is missing" if intervention == "impute_missing" else "breaks the contract"
        raise NotApplicable(f"No cell of {node} {what}.")
    if intervention == "correct" and faulty.equals(missing):
        raise NotApplicable(f"The cells of {node} that break the contract are the missing ones.")
    imputer = fit_imputer(database, node.table, node.column, cells)
    return Repair(node.table, int(cells.sum()), drawn={node.column: imputer})


def _mendable_cells(database: FaultyDatabase, name: str) -> dict[str, pl.Series]:
    """Cells of a table that can be mended, for each column with some; repeated rows left out.

    A column without a clean cell has none.
    """
    bad = {
        column: database.missing(name, column) | database.faulty(name, column)
        for column in database.mendable(name)
    }
    bad |= {key: database.faulty(name, key) for key in database.relinkable(name)}
    kept = {column: cells & ~database.repeated(name) for column, cells in bad.items()}
    return {
        column: cells
        for column, cells in kept.items()
        if cells.any() and database.donors(name, column).any()
    }


def _improve_quality(database: FaultyDatabase, name: str) -> Repair:
    cells, repeated = _mendable_cells(database, name), database.repeated(name)
    if not cells and not repeated.any():
        raise NotApplicable(f"Nothing in {name} is to be mended.")
    return Repair(
        name,
        int(repeated.sum()) + sum(int(bad.sum()) for bad in cells.values()),
        drawn={column: fit_imputer(database, name, column, bad) for column, bad in cells.items()},
        dropped=repeated,
        relinks=bool(repeated.any()) or not database.relinkable(name).keys().isdisjoint(cells),
    )


def _reduce_table_variance(database: FaultyDatabase, name: str) -> Repair:
    if _mendable_cells(database, name) or database.repeated(name).any():
        raise NotApplicable(f"{name} has cells or rows to mend: see improve_quality.")
    parts = []
    for column in database.mendable(name):
        with suppress(NotApplicable):
            parts.append(_set_column(database, Node(table=name, column=column), "reduce_variance"))
    if not parts:
        raise NotApplicable(f"{name} has no column of numbers that may be changed.")
    fixed = {column: values for part in parts for column, values in part.fixed.items()}
    return Repair(name, sum(part.changed for part in parts), fixed=fixed)
