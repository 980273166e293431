"""Step of the interventions: every repair simulated in replicate cells."""

import json

import numpy as np
from prefect import task
from pydantic import BaseModel

from tasks.attribution.database import column_ranges, database_hierarchy
from tasks.attribution.members import split_members
from tasks.cache import CONTENT
from tasks.domain import PLACEBO, Domain, Task
from tasks.intervention.actions import choose_actions
from tasks.intervention.cell_table import cells_to_table
from tasks.intervention.faulty_database import FaultyDatabase
from tasks.intervention.rescoring import Evaluation
from tasks.intervention.simulation import simulate
from tasks.relations.table_files import read_features, read_frames
from tasks.run_store import Artifact, RunStore
from tasks.uncertainty.files import read_ensemble
from tasks.uncertainty.model_data import model_data
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


@task(cache_policy=CONTENT, persist_result=True, result_serializer="json")
def simulate_interventions(
    contract: Domain,
    target: Task,
    tables: dict[str, Artifact],
    faults: dict[str, Artifact],
    features: Artifact,
    ensemble: Artifact,
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
    table = read_features(store.fetch(features))
    data = model_data(table, target)
    fitted = read_ensemble(store.fetch(ensemble))
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
    database = FaultyDatabase(
        contract=contract,
        tables=read_frames({name: store.fetch(artifact) for name, artifact in tables.items()}),
        faults=read_frames({name: store.fetch(artifact) for name, artifact in faults.items()}),
        task=target,
    )
    cells, left_out = simulate(
        database,
        evaluation,
        choose_actions(_mendable_shares(store.read_text(shares), database), contract, top_columns),
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


def _mendable_shares(text: str, database: FaultyDatabase) -> dict[tuple[str, str], float]:
    """Share of each column that may be changed, from ``shares.json``."""
    nodes = [(entry["node"], entry["value"]) for entry in json.loads(text)["columns"]]
    return {
        (node["table"], node["column"]): share
        for node, share in nodes
        if node["table"] != PLACEBO and node["column"] in database.mendable(node["table"])
    }
