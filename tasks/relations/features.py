"""The feature table of a task: one row for each prediction, one column for each feature."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import numpy.typing as npt
import polars as pl

from tasks.domain import PLACEBO, Domain, Task, WindowTask
from tasks.relations.events import TIME
from tasks.relations.feature_values import Columns, count_features, features_of, sources_of
from tasks.relations.feature_walk import Feature, FeatureWalk, Reach
from tasks.relations.task_rows import FACT, task_rows

RECENT_DAYS = 365
PLACEBO_FEATURE = Feature((), PLACEBO, "noise", "value", "number")


@dataclass(frozen=True)
class FeatureTable:
    """What a model is fitted to.

    Attributes
    ----------
    rows
        N rows, as `task_rows` gives them.
    features
        N rows in the same order, a column for each feature by its name: Float64 for numbers,
        String for categories, Datetime for times. A key that points to nothing gives null.
    nodes
        What each column of `features` is, in their order.
    """

    rows: pl.DataFrame
    features: pl.DataFrame
    nodes: list[Feature]


@dataclass(frozen=True)
class Links:
    """Which rows of the database each row of a task leads to, whatever values they hold.

    Attributes
    ----------
    contract, task
        The domain and what is predicted.
    rows
        N rows, as `task_rows` gives them.
    reaches
        One for each path through the tables.
    """

    contract: Domain
    task: Task
    rows: pl.DataFrame
    reaches: tuple[Reach, ...]

    def take(self, chosen: npt.NDArray[np.intp], table: str) -> "Links":
        """The links of some of the N rows to one table."""
        reaches = (reach.take(chosen) for reach in self.reaches if reach.table == table)
        return Links(self.contract, self.task, self.rows[chosen], tuple(reaches))


def link_rows(
    contract: Domain, tables: dict[str, pl.DataFrame], task: Task, rows: pl.DataFrame
) -> Links:
    """Follow the keys from a task's rows: keys and times are read, no other value.

    Parameters
    ----------
    contract, tables
        The domain.
    task
        What to predict.
    rows
        As `task_rows` gives them, or some of these.
    """
    if isinstance(task, WindowTask):
        recent, fact = timedelta(days=task.active_days), task.events
    else:
        recent, fact = timedelta(days=RECENT_DAYS), task.table
    walk = FeatureWalk(contract, tables, rows[TIME], fact, recent)
    return Links(contract, task, rows, tuple(_reaches(walk, task, rows)))


def read_features(
    links: Links,
    tables: dict[str, pl.DataFrame],
    columns: Columns | None = None,
) -> FeatureTable:
    """Read the features of linked rows.

    Parameters
    ----------
    links
        From `link_rows`, of tables with the same keys and times.
    tables
        Frames by name.
    columns
        Table and name of the columns whose features to read; None for all features, the numbers of
        child rows among them.
    """
    found: list[tuple[Feature, pl.Series]] = []
    for reach in links.reaches:
        frame = tables[reach.table]
        sources = sources_of(links.contract, links.task, reach, frame, columns)
        if columns is None:
            found += count_features(reach)
        found += features_of(reach, sources)
    features = pl.DataFrame([values.alias(feature.name) for feature, values in found])
    return FeatureTable(links.rows, features, [feature for feature, _ in found])


def build_features(
    contract: Domain,
    tables: dict[str, pl.DataFrame],
    task: Task,
    rows: pl.DataFrame | None = None,
) -> FeatureTable:
    """Build the feature table of a task.

    Parameters
    ----------
    contract
        Keys, times, types, and the columns that leak.
    tables
        Frames by name, as `read_tables` gives them.
    task
        What to predict, for whom and when.
    rows
        Rows to predict for, as `task_rows` gave them before these tables were mended; None for the
        task's rows in these tables.

    Raises
    ------
    InputError
        If the task leaves no row, or the fact table has no time.
    """
    if rows is None:
        rows = task_rows(contract, tables, task)
    return read_features(link_rows(contract, tables, task, rows), tables)


def add_placebo(table: FeatureTable, seed: int) -> FeatureTable:
    """Add a column of pure noise, N(0, 1): nothing in the database stands behind it."""
    noise = np.random.default_rng(seed).standard_normal(table.rows.height)
    features = table.features.with_columns(pl.Series(PLACEBO_FEATURE.name, noise))
    return FeatureTable(table.rows, features, [*table.nodes, PLACEBO_FEATURE])


def _reaches(walk: FeatureWalk, task: Task, rows: pl.DataFrame) -> Iterator[Reach]:
    """Window: the entity and its past. Column: the fact row and all that its keys lead to."""
    if isinstance(task, WindowTask):
        yield from walk.own(task.entity, rows[task.key], ())
        yield from walk.all_children(task.entity, rows[task.key], (), turn=True)
        return
    yield Reach((), task.table, rows[FACT])
    for key, parent in walk.contract.tables[task.table].foreign_keys.items():
        keys, path = walk.tables[task.table][key].gather(rows[FACT]), (f"->{key}",)
        yield from walk.own(parent, keys, path)
        yield from walk.all_children(parent, keys, path, turn=False)
