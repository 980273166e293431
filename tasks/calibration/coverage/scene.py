"""A generated database as the main job sees it: gate, features, members, rows, blocks."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from tasks.attribution.cells import row_blocks
from tasks.attribution.database import ColumnRanges
from tasks.calibration.coverage.database import Tables
from tasks.domain import Domain, Task
from tasks.intervention.data_at_hand import ranges_of
from tasks.intervention.faulty_database import FaultyDatabase
from tasks.intervention.known_rows import Known, known_rows
from tasks.intervention.refitting import Recipe
from tasks.intervention.rescoring import Evaluation
from tasks.relations.features import FeatureTable, add_placebo, build_features
from tasks.relations.gate import check_tables
from tasks.relations.sources import TableData
from tasks.seeds import generator
from tasks.uncertainty.backbones import fit_members
from tasks.uncertainty.model_data import ModelData, evaluation_rows, model_data

RANGES = 4


@dataclass(frozen=True)
class Scene:
    """A database with an ensemble.

    Attributes
    ----------
    database
        Tables and faults.
    table, data
        Features of all rows, also as a matrix with targets.
    evaluation
        Held-out rows, ensemble, sub-ensembles and blocks.
    ranges
        Value ranges by column, with the code of each evaluation row.
    """

    database: FaultyDatabase
    table: FeatureTable
    data: ModelData
    evaluation: Evaluation
    ranges: dict[tuple[str, str], ColumnRanges]

    def known(self, rows: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> Known:
        """Some of the rows as members are fitted to, or scored on."""
        return known_rows(self.table, self.data, np.flatnonzero(rows))


def faulty_database(contract: Domain, tables: Tables, task: Task) -> FaultyDatabase:
    """Tables with what the gate finds in them."""
    read = {
        name: TableData(tables[name], tables[name].select(pl.all().is_null() & False))
        for name in contract.tables
    }
    return FaultyDatabase(contract, dict(tables), check_tables(contract, read).faults, task)


def direct_features(
    contract: Domain, tables: Tables, task: Task, rows: pl.DataFrame | None = None
) -> FeatureTable:
    """Features of the row itself and of its parents, without aggregates over earlier rows."""
    table = build_features(contract, tables, task, rows)
    nodes = [node for node in table.nodes if all(step.startswith("->") for step in node.path)]
    return FeatureTable(table.rows, table.features.select(node.name for node in nodes), nodes)


def set_scene(
    contract: Domain, tables: Tables, task: Task, recipe: Recipe, *, most_rows: int, blocks: int
) -> Scene:
    """Fit an ensemble to a database.

    Parameters
    ----------
    contract, tables, task
        The database and what is predicted.
    recipe
        How members are fitted.
    most_rows, blocks
        Evaluation rows at most, and V.
    """
    table = add_placebo(direct_features(contract, tables, task), recipe.seed)
    data = model_data(table, task)
    ensemble = fit_members(
        data.training,
        recipe.backbone,
        seed=recipe.seed,
        members=recipe.members.n_members,
        workers=recipe.workers,
        settings=recipe.settings,
    )
    rows = evaluation_rows(
        data.test, data.entities, most_rows, generator(recipe.seed, "evaluation rows")
    )
    evaluation = Evaluation(
        rows=table.rows[rows],
        encoder=data.encoder,
        x=data.x[rows],
        y=data.y[rows],
        ensemble=ensemble,
        members=recipe.members,
        blocks=row_blocks(data.entities[rows], blocks, generator(recipe.seed, "blocks")),
    )
    return Scene(
        faulty_database(contract, tables, task),
        table,
        data,
        evaluation,
        ranges_of(data, data.x[rows], RANGES),
    )
