"""Steps of the interventions: repairs simulated in replicate cells, and members fitted anew."""

import json

import numpy as np
import polars as pl
from prefect import task
from pydantic import BaseModel

from tasks.attribution.database import column_ranges, database_hierarchy
from tasks.attribution.members import split_members
from tasks.cache import CONTENT
from tasks.domain import PLACEBO, Domain, Task
from tasks.intervention.actions import choose_actions
from tasks.intervention.cell_table import cells_from_table, cells_to_table
from tasks.intervention.faulty_database import FaultyDatabase
from tasks.intervention.known_rows import known_rows
from tasks.intervention.leading import leading_actions
from tasks.intervention.refitting import Recipe, Refitted
from tasks.intervention.rescoring import Evaluation
from tasks.intervention.retrained_cells import retrained_to_table
from tasks.intervention.retraining import retrain
from tasks.intervention.simulation import simulate
from tasks.relations.table_files import read_features, read_frames
from tasks.run_store import Artifact, RunStore
from tasks.seeds import generator
from tasks.uncertainty.backbone import Backbone
from tasks.uncertainty.files import read_ensemble
from tasks.uncertainty.model_data import model_data, training_sample
from tasks.uncertainty.threads import usable_cores


class Simulated(BaseModel):
    """What the repairs did.

    Attributes
    ----------
    effects
        ``effects.parquet``: one row an action and replicate cell.
    left_out
        ``left_out.json``: actions that were not simulated, and why.
    """

    effects: Artifact
    left_out: Artifact


class Retrained(BaseModel):
    """What the leading repairs did to members that were fitted anew.

    Attributes
    ----------
    effects
        ``retrained.parquet``: one row an action and replicate cell; None where none was tried.
    left_out
        ``not_retrained.json``: actions that were not tried, and why.
    """

    effects: Artifact | None
    left_out: Artifact


class DataAtHand(BaseModel):
    """Database, features and ensemble of a run.

    Attributes
    ----------
    contract, target
        The domain and what is predicted.
    tables, faults
        By name: frames, and which cells and rows break a rule.
    features, ensemble
        As the steps before left them.
    """

    contract: Domain
    target: Task
    tables: dict[str, Artifact]
    faults: dict[str, Artifact]
    features: Artifact
    ensemble: Artifact

    def database(self, store: RunStore) -> FaultyDatabase:
        """The tables with their faults."""
        return FaultyDatabase(
            contract=self.contract,
            tables=read_frames({name: store.fetch(kept) for name, kept in self.tables.items()}),
            faults=read_frames({name: store.fetch(kept) for name, kept in self.faults.items()}),
            task=self.target,
        )


@task(cache_policy=CONTENT, persist_result=True, result_serializer="json")
def simulate_interventions(
    given: DataAtHand,
    measured: Artifact,
    shares: Artifact,
    key_cells: Artifact,
    seed: int,
    replicates: int,
    top_columns: int,
    ranges: int,
) -> Simulated:
    """Simulate repairs at the nodes with the largest shares, and on the placebo."""
    store = RunStore.current()
    table = read_features(store.fetch(given.features))
    data = model_data(table, given.target)
    fitted = read_ensemble(store.fetch(given.ensemble))
    rows = np.load(store.fetch(measured))["rows"]
    evaluation = Evaluation(
        rows=table.rows[rows],
        encoder=data.encoder,
        x=data.x[rows],
        y=data.y[rows],
        ensemble=fitted,
        members=split_members(fitted.n_members, replicates),
        blocks=np.load(store.fetch(key_cells))["blocks"],
    )
    hierarchy = database_hierarchy(data.encoder.nodes)
    cut = column_ranges(data.encoder, hierarchy, data.x[data.train], data.x[rows], ranges)
    database = given.database(store)
    shared = _mendable_shares(store.read_text(shares), database)
    cells, left_out = simulate(
        database,
        evaluation,
        choose_actions(shared, given.contract, top_columns),
        dict(zip(hierarchy.columns, cut, strict=True)),
        seed=seed,
        workers=usable_cores(),
    )
    return Simulated(
        effects=store.save("effects.parquet", cells_to_table(cells).write_parquet),
        left_out=store.save_text(
            "left_out.json", json.dumps(left_out, indent=1, ensure_ascii=False)
        ),
    )


@task(cache_policy=CONTENT, persist_result=True, result_serializer="json")
def retrain_leading(
    given: DataAtHand,
    effects: Artifact,
    seed: int,
    backbone: Backbone,
    replicates: int,
    leading: int,
    most_training_rows: int,
    most_rows: int,
) -> Retrained:
    """Make the leading repairs to the training rows and fit the members anew."""
    store = RunStore.current()
    table = read_features(store.fetch(given.features))
    data = model_data(table, given.target)
    fitted = read_ensemble(store.fetch(given.ensemble))
    members = split_members(fitted.n_members, replicates)
    train = np.flatnonzero(data.train)
    sample = train[
        training_sample(
            data.entities[train], most_training_rows, generator(seed, "rows to fit anew")
        )
    ]
    cells = cells_from_table(pl.read_parquet(store.fetch(effects)))
    found, left_out = retrain(
        given.database(store),
        known_rows(table, data, sample),
        known_rows(table, data, np.flatnonzero(data.test)),
        leading_actions(cells, given.contract.costs, leading) if leading else (),
        Recipe(backbone, seed, members, usable_cores()),
        blocks=replicates,
        most_rows=most_rows,
        seed=seed,
        fitted=Refitted(members, (fitted,)) if len(sample) == len(train) else None,
    )
    kept = None
    if found:
        kept = store.save("retrained.parquet", retrained_to_table(found).write_parquet)
    return Retrained(
        effects=kept,
        left_out=store.save_text(
            "not_retrained.json", json.dumps(left_out, indent=1, ensure_ascii=False)
        ),
    )


def _mendable_shares(text: str, database: FaultyDatabase) -> dict[tuple[str, str], float]:
    """Share of each column that may be changed, from ``shares.json``."""
    nodes = [(entry["node"], entry["value"]) for entry in json.loads(text)["columns"]]
    return {
        (node["table"], node["column"]): share
        for node, share in nodes
        if node["table"] != PLACEBO and node["column"] in database.mendable(node["table"])
    }
