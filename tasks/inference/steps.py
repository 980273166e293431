"""Steps of the inference: the effects model in Stan, and the importance of the foreign keys."""

import json
from dataclasses import asdict

import numpy as np
import polars as pl
from prefect import task
from pydantic import BaseModel

from tasks.bayes.stan_data import data_json
from tasks.cache import CONTENT
from tasks.inference.effects import fit_effects, program_data
from tasks.inference.effects_data import parameter_count
from tasks.inference.keys import key_shares
from tasks.intervention.cell_table import cells_from_table
from tasks.run_store import Artifact, RunStore
from tasks.seeds import generator


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


@task(cache_policy=CONTENT, persist_result=True, result_serializer="json")
def fit_effects_model(effects: Artifact, seed: int) -> FittedEffects:
    """Fit the hierarchical model to the effects in all cells; refuse a fit that cannot be trusted.

    The gate is that of `tasks.bayes.posterior_diagnostics`.
    """
    store = RunStore.current()
    cells = cells_from_table(pl.read_parquet(store.fetch(effects)))
    fitted = fit_effects(cells, seed=seed)
    return FittedEffects(
        posterior=store.save("posterior.nc", lambda path: fitted.fit.to_netcdf(str(path))),
        diagnostics=store.save_text("diagnostics.json", json.dumps(fitted.diagnostics, indent=1)),
        data=store.save_text("effects_data.json", data_json(program_data(cells))),
        parameters=parameter_count(len(cells.actions)),
    )


@task(cache_policy=CONTENT, persist_result=True, result_serializer="json")
def weigh_keys(key_cells: Artifact, seed: int) -> Artifact:
    """Importance of the foreign keys, with credible intervals of their shares."""
    store = RunStore.current()
    arrays = np.load(store.fetch(key_cells))
    shares = key_shares(arrays["keys"].tolist(), arrays["cells"], generator(seed, "keys"))
    text = json.dumps([asdict(share) for share in shares], indent=1, ensure_ascii=False)
    return store.save_text("keys.json", text)
