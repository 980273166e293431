"""Changes of rows' features that interventions bring about."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt
import polars as pl

from tasks.domain import PLACEBO, ColumnTask, Node
from tasks.intervention.causal_change import CausalChange
from tasks.intervention.column_repairs import SHRINKAGE
from tasks.intervention.faulty_database import FaultyDatabase, NotApplicable
from tasks.intervention.feature_rows import FeatureRows
from tasks.intervention.repairs import Repair, plan_repair
from tasks.intervention.replicate_cells import DO, Action, FloatArray
from tasks.relations.features import PLACEBO_FEATURE, Links, link_rows, read_features
from tasks.relations.task_rows import FACT

PLACEBO_ACTIONS = tuple(
    Action(Node(table=PLACEBO, column=PLACEBO_FEATURE.column), intervention)
    for intervention in ("correct", "reduce_variance")
)

Rows = npt.NDArray[np.intp]
Changed = tuple[npt.NDArray[np.intp], FloatArray]
"""Indices of the q columns of X that change, and their values for n rows, shape (n, q)."""


class Change(Protocol):
    """What becomes of the features."""

    @property
    def changed(self) -> int:
        """Number of cells of the database that change."""
        ...

    @property
    def is_random(self) -> bool:
        """Whether each draw changes them differently."""
        ...

    def features(self, rows: Rows, rng: np.random.Generator) -> Changed:
        """Features of some of the rows after one draw of the change."""
        ...


@dataclass(frozen=True)
class RepairChange:
    """A repair of the database: the features of the columns that it changes are built anew.

    Attributes
    ----------
    repair
        What is done.
    database
        The database before.
    given
        The N rows.
    links
        Their links in the database before.
    """

    repair: Repair
    database: FaultyDatabase
    given: FeatureRows
    links: Links

    @property
    def changed(self) -> int:
        """As `Change.changed`."""
        return self.repair.changed

    @property
    def is_random(self) -> bool:
        """As `Change.is_random`."""
        return bool(self.repair.drawn)

    def features(self, rows: Rows, rng: np.random.Generator) -> Changed:
        """As `Change.features`."""
        tables = self.repair.apply(self.database.tables, rng)
        if self.repair.relinks:
            moved = self._moved(self.given.rows[rows])
            links = link_rows(self.database.contract, tables, self.database.task, moved)
            table = read_features(links, tables)
        else:
            links = self.links.take(rows, self.repair.table)
            table = read_features(links, tables, self.repair.columns)
        return self.given.encoder.transform_some(table)

    def _moved(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Rows with their number in the fact table after others were dropped from it."""
        task, dropped = self.database.task, self.repair.dropped
        if not isinstance(task, ColumnTask) or task.table != self.repair.table or dropped is None:
            return rows
        places = (~dropped).cast(pl.UInt32).cum_sum() - 1
        return rows.with_columns(places.gather(rows[FACT]).alias(FACT))


@dataclass(frozen=True)
class PlaceboChange:
    """The column of pure noise drawn afresh, or shrunk towards its mean, 0.

    Attributes
    ----------
    given
        The N rows.
    is_random
        Whether it is drawn afresh.
    """

    given: FeatureRows
    is_random: bool

    @property
    def changed(self) -> int:
        """As `Change.changed`: each row has a cell of noise."""
        return len(self.given.x)

    def features(self, rows: Rows, rng: np.random.Generator) -> Changed:
        """As `Change.features`."""
        place = self.given.encoder.nodes.index(PLACEBO_FEATURE)
        noise = self.given.x[rows, place]
        after = rng.standard_normal(len(rows)) if self.is_random else SHRINKAGE * noise
        return np.array([place]), after[:, None]


def plan_change(
    action: Action,
    database: FaultyDatabase,
    given: FeatureRows,
    links: Links,
) -> Change:
    """Say what an intervention does to rows of a task.

    Parameters
    ----------
    action
        At a table or a column.
    database
        The database before.
    given
        The N rows.
    links
        Their links in it.

    Raises
    ------
    NotApplicable
        If it does nothing, or nothing tells what it would do.
    """
    if action.intervention == DO:
        if action.node not in database.worlds:
            raise NotApplicable(f"The contract considers no real change of {action.node}.")
        return CausalChange(database.worlds[action.node], database, given, links)
    if action.node.table != PLACEBO:
        return RepairChange(plan_repair(database, action), database, given, links)
    if action not in PLACEBO_ACTIONS:
        raise NotApplicable(f"There is no {action.intervention} for {action.node}.")
    if PLACEBO_FEATURE not in given.encoder.nodes:
        raise NotApplicable("The model was fitted without the column of pure noise.")
    return PlaceboChange(given, is_random=action.intervention == "correct")
