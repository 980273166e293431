"""Step of the attribution: shares over the database and over its foreign keys."""

import json

import numpy as np
from prefect import task
from pydantic import BaseModel

from tasks.attribution.shares_record import shares_record
from tasks.attribution.sharing import share_out
from tasks.cache import CONTENT
from tasks.domain import Task
from tasks.relations.table_files import read_features
from tasks.run_store import Artifact, RunStore
from tasks.uncertainty.files import read_ensemble
from tasks.uncertainty.model_data import model_data


class SharedUncertainty(BaseModel):
    """Where the uncertainty comes from.

    Attributes
    ----------
    shares
        ``shares.json``.
    key_cells
        ``key_cells.npz``: names of the foreign keys and their gains in each replicate cell; the
        block of each evaluation row.
    """

    shares: Artifact
    key_cells: Artifact


@task(cache_policy=CONTENT, persist_result=True, result_serializer="json")
def share_uncertainty(
    features: Artifact,
    ensemble: Artifact,
    measured: Artifact,
    target: Task,
    seed: int,
    replicates: int,
    ranges: int,
    interactions: bool,
) -> SharedUncertainty:
    """Share epistemic uncertainty out over tables, columns, value ranges and foreign keys."""
    store = RunStore.current()
    data = model_data(read_features(store.fetch(features)), target)
    shared = share_out(
        read_ensemble(store.fetch(ensemble)),
        data,
        np.load(store.fetch(measured))["rows"],
        sub_ensembles=replicates,
        n_blocks=replicates,
        n_ranges=ranges,
        seed=seed,
        interacting=interactions,
    )
    text = json.dumps(shares_record(shared), indent=1, ensure_ascii=False)
    return SharedUncertainty(
        shares=store.save_text("shares.json", text),
        key_cells=store.save(
            "key_cells.npz",
            lambda path: np.savez(
                path, keys=np.array(shared.keys), cells=shared.key_cells, blocks=shared.blocks
            ),
        ),
    )
