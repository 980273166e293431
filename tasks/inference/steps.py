"""Steps of the inference: effects model in Stan, importance of foreign keys, model comparison."""

import json
from dataclasses import asdict
from functools import partial
from pathlib import Path

import arviz as az
import numpy as np
import polars as pl
from prefect import task
from pydantic import BaseModel, TypeAdapter

from tasks.attribution.members import split_members
from tasks.bayes.stan_data import data_json
from tasks.cache import CONTENT, was_killed
from tasks.cores import usable_cores
from tasks.domain import Node
from tasks.inference.comparison.compare import compare_models
from tasks.inference.comparison.record import ModelName
from tasks.inference.comparison.settings import ComparisonSettings
from tasks.inference.comparison.units import read_units
from tasks.inference.effects import fit_effects, program_data
from tasks.inference.effects_data import parameter_count
from tasks.inference.effects_pooling import choose_pooling, heavy_levels
from tasks.inference.keys import key_shares
from tasks.inference.learning_curves import learning_curves
from tasks.inference.level_pooling import LevelPooling
from tasks.intervention.cell_table import cells_from_table
from tasks.intervention.data_at_hand import DataAtHand, ranges_of
from tasks.intervention.refitting import Recipe
from tasks.parallel import usable_workers
from tasks.run_store import Artifact, RunStore
from tasks.seeds import generator
from tasks.uncertainty.backbone import Backbone

POOLING = TypeAdapter(tuple[LevelPooling, ...])


class FittedEffects(BaseModel):
    """Posterior of the effects.

    Attributes
    ----------
    posterior
        ``posterior.nc``: an InferenceData.
    diagnostics
        ``diagnostics.json``: how it was sampled, and with which program.
    data
        ``effects_data.json``: what the program was given.
    parameters
        Number of the model's parameters.
    """

    posterior: Artifact
    diagnostics: Artifact
    data: Artifact
    parameters: int


@task(
    cache_policy=CONTENT,
    persist_result=True,
    result_serializer="json",
    retries=1,
    retry_delay_seconds=10,
    retry_condition_fn=was_killed,
)
def choose_effects_pooling(effects: Artifact, seed: int) -> Artifact:
    """Say by which law each level's effects are pooled, by a comparison of hierarchical models."""
    store = RunStore.current()
    cells = cells_from_table(pl.read_parquet(store.fetch(effects), glob=False))
    chosen = choose_pooling(cells, ComparisonSettings(), seed=seed, workers=usable_cores())
    return store.save_text("pooling.json", POOLING.dump_json(chosen, indent=1).decode())


@task(
    cache_policy=CONTENT,
    persist_result=True,
    result_serializer="json",
    retries=1,
    retry_delay_seconds=10,
    retry_condition_fn=was_killed,
)
def fit_effects_model(effects: Artifact, pooling: Artifact, seed: int) -> FittedEffects:
    """Fit the hierarchical model to the effects in all cells; refuse a fit that cannot be trusted.

    The gate is that of `tasks.bayes.posterior_diagnostics`.
    """
    store = RunStore.current()
    cells = cells_from_table(pl.read_parquet(store.fetch(effects), glob=False))
    heavy_tails = heavy_levels(POOLING.validate_json(store.read_text(pooling)))
    fitted = fit_effects(cells, seed=seed, heavy_tails=heavy_tails)
    data = program_data(cells, heavy_tails)
    return FittedEffects(
        posterior=store.save("posterior.nc", lambda path: fitted.fit.to_netcdf(str(path))),
        diagnostics=store.save_text("diagnostics.json", json.dumps(fitted.diagnostics, indent=1)),
        data=store.save_text("effects_data.json", data_json(data)),
        parameters=parameter_count(data),
    )


@task(
    cache_policy=CONTENT,
    persist_result=True,
    result_serializer="json",
    retries=1,
    retry_delay_seconds=10,
    retry_condition_fn=was_killed,
)
def weigh_keys(key_cells: Artifact, seed: int) -> Artifact:
    """Importance of the foreign keys, with credible intervals of their shares."""
    store = RunStore.current()
    arrays = np.load(store.fetch(key_cells))
    shares = key_shares(arrays["keys"].tolist(), arrays["cells"], generator(seed, "keys"))
    text = json.dumps([asdict(share) for share in shares], indent=1, ensure_ascii=False)
    return store.save_text("keys.json", text)


@task(
    cache_policy=CONTENT,
    persist_result=True,
    result_serializer="json",
    retries=1,
    retry_delay_seconds=10,
    retry_condition_fn=was_killed,
)
def draw_learning_curves(
    given: DataAtHand,
    shares: Artifact,
    row_cost: float | None,
    seed: int,
    backbone: Backbone,
    ranges: int,
    most: int,
    worth: float,
) -> Artifact:
    """Say what more training rows of the value ranges with the largest shares would be worth."""
    store = RunStore.current()
    table, data, fitted = given.model(store)
    members = split_members(fitted.n_members, given.replicates)
    told = sorted(
        json.loads(store.read_text(shares))["ranges"], key=lambda entry: -entry["fraction"]
    )
    curves, left_out = learning_curves(
        data.training,
        given.evaluation(store, table, data, fitted),
        ranges_of(data, data.x[data.train], ranges),
        [Node(**entry["node"]) for entry in told],
        Recipe(backbone, seed, members, usable_workers()),
        most=most,
        worth=worth,
        row_cost=row_cost,
        seed=seed,
    )
    record = {"curves": [curve.model_dump(mode="json") for curve in curves], "left_out": left_out}
    text = json.dumps(record, indent=1, ensure_ascii=False)
    return store.save_text("learning_curves.json", text)


class Compared(BaseModel):
    """What a model comparison left.

    Attributes
    ----------
    record
        ``comparison.json``: everything that was found.
    fits
        Draws of each model, by its name.
    """

    record: Artifact
    fits: dict[ModelName, Artifact]


@task(
    cache_policy=CONTENT,
    persist_result=True,
    result_serializer="json",
    retries=1,
    retry_delay_seconds=10,
    retry_condition_fn=was_killed,
)
def compare_unit_models(data: Artifact, settings: ComparisonSettings, seed: int) -> Compared:
    """Fit competing hierarchical models to units, try to falsify each, recommend one or none."""
    store = RunStore.current()
    units = read_units(store.fetch(data))
    found, fits = compare_models(units, settings, seed=seed, workers=usable_cores())
    return Compared(
        record=store.save_text("comparison.json", found.model_dump_json(indent=1)),
        fits={
            name: store.save(f"{name}.nc", partial(_write_fit, fit=fit))
            for name, fit in fits.items()
        },
    )


def _write_fit(path: Path, fit: az.InferenceData) -> None:
    fit.to_netcdf(str(path))
