"""Steps of the interventions: repairs simulated in replicate cells, and members fitted anew."""

import json
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import polars as pl
from prefect import task
from pydantic import BaseModel

from tasks.attribution.members import split_members
from tasks.cache import CONTENT, was_killed
from tasks.domain import PLACEBO, Costs
from tasks.intervention.actions import choose_actions
from tasks.intervention.budget_candidates import budget_candidates
from tasks.intervention.budget_search import search_budget
from tasks.intervention.causal_worlds import make_worlds
from tasks.intervention.cell_table import cells_from_table, cells_to_table
from tasks.intervention.data_at_hand import DataAtHand, ranges_of
from tasks.intervention.faulty_database import FaultyDatabase
from tasks.intervention.known_rows import known_rows
from tasks.intervention.leading import leading_actions
from tasks.intervention.refitting import Recipe, Refitted
from tasks.intervention.replicate_cells import DO, Action
from tasks.intervention.retrained_cells import retrained_from_table, retrained_to_table
from tasks.intervention.retraining import retrain
from tasks.intervention.simulated_action import make_scene
from tasks.intervention.simulation import simulate
from tasks.parallel import usable_workers
from tasks.relations.row_sample import entity_sample
from tasks.run_store import Artifact, RunStore
from tasks.seeds import generator
from tasks.uncertainty.backbone import Backbone


class Simulated(BaseModel):
    """What the repairs did.

    Attributes
    ----------
    effects
        ``effects.parquet``: one row an action and replicate cell.
    left_out
        ``left_out.json``: actions that were not simulated, and why.
    real_changes
        ``real_changes.json``: what each real change of the contract is, and what follows from it.
    """

    effects: Artifact
    left_out: Artifact
    real_changes: Artifact


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


@task(
    cache_policy=CONTENT,
    persist_result=True,
    result_serializer="json",
    retries=1,
    retry_delay_seconds=10,
    retry_condition_fn=was_killed,
)
def simulate_interventions(
    given: DataAtHand, shares: Artifact, seed: int, top_columns: int, ranges: int
) -> Simulated:
    """Simulate repairs at the nodes with the largest shares, real changes, and the placebo."""
    store = RunStore.current()
    database = given.database(store)
    worlds, not_done = make_worlds(database, seed)
    table, data, fitted = given.model(store)
    evaluation = given.evaluation(store, table, data, fitted)
    shared = _mendable_shares(store.read_text(shares), database)
    actions = choose_actions(shared, given.contract, top_columns)
    cells, left_out = simulate(
        replace(database, worlds=worlds),
        evaluation,
        (*actions, *(Action(node, DO) for node in worlds)),
        ranges_of(data, evaluation.x, ranges),
        seed=seed,
        workers=usable_workers(),
    )
    left_out |= {str(Action(node, DO)): reason for node, reason in not_done.items()}
    changes = {str(node): {"action": w.action, "note": w.note} for node, w in worlds.items()}
    return Simulated(
        effects=store.save("effects.parquet", cells_to_table(cells).write_parquet),
        left_out=_save(store, "left_out.json", left_out),
        real_changes=_save(store, "real_changes.json", changes),
    )


@task(
    cache_policy=CONTENT,
    persist_result=True,
    result_serializer="json",
    retries=1,
    retry_delay_seconds=10,
    retry_condition_fn=was_killed,
)
def retrain_leading(
    given: DataAtHand,
    effects: Artifact,
    costs: Costs,
    seed: int,
    backbone: Backbone,
    leading: int,
    most_training_rows: int,
    most_rows: int,
) -> Retrained:
    """Make the leading repairs to the training rows and fit the members anew."""
    store = RunStore.current()
    table, data, fitted = given.model(store)
    members = split_members(fitted.n_members, given.replicates)
    train = np.flatnonzero(data.train)
    rng = generator(seed, "rows to fit anew")
    sample = train[entity_sample(data.entities[train], most_training_rows, rng)]
    cells = cells_from_table(pl.read_parquet(store.fetch(effects), glob=False))
    found, left_out = retrain(
        given.database(store),
        known_rows(table, data, sample),
        known_rows(table, data, np.flatnonzero(data.test)),
        leading_actions(cells, costs, leading) if leading else (),
        Recipe(backbone, seed, members, usable_workers()),
        blocks=given.replicates,
        most_rows=most_rows,
        seed=seed,
        fitted=Refitted(members, (fitted,)) if len(sample) == len(train) else None,
    )
    kept = None
    if found:
        kept = store.save("retrained.parquet", retrained_to_table(found).write_parquet)
    return Retrained(effects=kept, left_out=_save(store, "not_retrained.json", left_out))


@task(
    cache_policy=CONTENT,
    persist_result=True,
    result_serializer="json",
    retries=1,
    retry_delay_seconds=10,
    retry_condition_fn=was_killed,
)
def spend_budget(
    given: DataAtHand,
    effects: Artifact,
    retrained: Artifact | None,
    costs: Costs,
    budget: float,
    seed: int,
) -> Artifact:
    """Choose the repairs that lower U most, made together, for at most so much."""
    store = RunStore.current()
    table, data, fitted = given.model(store)
    evaluation = given.evaluation(store, table, data, fitted)
    cells = cells_from_table(pl.read_parquet(store.fetch(effects), glob=False))
    anew = (
        retrained_from_table(pl.read_parquet(store.fetch(retrained), glob=False))
        if retrained
        else None
    )
    record = search_budget(
        make_scene(given.database(store), evaluation, {}, seed),
        budget_candidates(cells, anew, costs),
        budget,
    )
    return store.save_text("budget.json", record.model_dump_json(indent=1))


def _save(store: RunStore, name: str, content: Mapping[str, object]) -> Artifact:
    return store.save_text(name, json.dumps(content, indent=1, ensure_ascii=False))


def _mendable_shares(text: str, database: FaultyDatabase) -> dict[tuple[str, str], float]:
    """Share of each column that may be changed, from ``shares.json``."""
    nodes = [(entry["node"], entry["value"]) for entry in json.loads(text)["columns"]]
    return {
        (node["table"], node["column"]): share
        for node, share in nodes
        if node["table"] != PLACEBO and node["column"] in database.mendable(node["table"])
    }
