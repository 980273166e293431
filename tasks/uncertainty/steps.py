"""Steps of the uncertainty: members fitted, and measured on held-out rows."""

import json
from dataclasses import asdict
from typing import Any

import numpy as np
from prefect import task
from pydantic import BaseModel

from tasks.cache import CONTENT, was_killed
from tasks.domain import Task
from tasks.parallel import usable_workers
from tasks.relations.table_files import read_features, read_sampled
from tasks.run_store import Artifact, RunStore
from tasks.seeds import generator
from tasks.uncertainty.backbone import MEMBERS, Backbone
from tasks.uncertainty.backbones import fit_members
from tasks.uncertainty.decomposition import split_entropy, split_variance
from tasks.uncertainty.files import read_ensemble, write_ensemble
from tasks.uncertainty.model_data import ModelData, evaluation_rows, model_data
from tasks.uncertainty.quality import classification_quality, mean_uncertainty, regression_quality


class Measured(BaseModel):
    """How unsure the ensemble is of held-out rows.

    Attributes
    ----------
    rows
        ``uncertainty.npz``: indices of the evaluation rows in the feature table, their entities,
        and epistemic, aleatoric and total uncertainty of each.
    quality
        ``quality.json``: held-out scores, calibration, means, numbers of rows, the model.
    """

    rows: Artifact
    quality: Artifact


@task(
    cache_policy=CONTENT,
    persist_result=True,
    result_serializer="json",
    retries=1,
    retry_delay_seconds=10,
    retry_condition_fn=was_killed,
)
def fit_ensemble(
    features: Artifact, target: Task, seed: int, backbone: Backbone, members: int
) -> Artifact:
    """Fit the members to the train rows."""
    store = RunStore.current()
    data = model_data(read_features(store.fetch(features)), target)
    ensemble = fit_members(
        data.training, backbone, seed=seed, members=members, workers=usable_workers()
    )
    return store.save("ensemble.joblib", lambda path: write_ensemble(ensemble, path))


@task(cache_policy=CONTENT, persist_result=True, result_serializer="json")
def measure_uncertainty(
    features: Artifact,
    ensemble: Artifact,
    target: Task,
    seed: int,
    backbone: Backbone,
    most_rows: int,
) -> Measured:
    """Score the held-out rows, and draw those on which uncertainty is attributed."""
    store = RunStore.current()
    data = model_data(read_features(store.fetch(features)), target)
    fitted = read_ensemble(store.fetch(ensemble))
    chosen = evaluation_rows(
        data.test, data.entities, most_rows, generator(seed, "evaluation rows")
    )
    held_out = np.flatnonzero(data.test)
    members = fitted.predict_members(data.x[held_out])
    y, groups = data.y[held_out], data.entities[held_out]
    if data.classes:
        split: Any = split_entropy(members)
        quality = classification_quality(y.astype(np.int64), members, groups)
    else:
        split = split_variance(members, fitted.predict_noise(data.x[held_out]))
        quality = regression_quality(y.astype(np.float64), members, split, groups)
    evaluated = np.isin(held_out, chosen)
    arrays = {name: getattr(split, name)[evaluated] for name in ("epistemic", "aleatoric", "total")}
    record = {
        **asdict(quality),
        "uncertainty": mean_uncertainty(split, evaluated),
        **describe_model(data, backbone, fitted.n_members, len(chosen)),
    }
    if sampled := read_sampled(store.fetch(features)):
        record["sampled"] = sampled.model_dump()
    return Measured(
        rows=store.save(
            "uncertainty.npz",
            lambda path: np.savez(path, rows=chosen, entities=data.entities[chosen], **arrays),
        ),
        quality=store.save_text("quality.json", json.dumps(record, indent=1, ensure_ascii=False)),
    )


def describe_model(
    data: ModelData, backbone: Backbone, members: int, evaluated: int
) -> dict[str, Any]:
    """What was fitted to how many rows."""
    return {
        "model": f"{members} {MEMBERS[backbone]} on {data.x.shape[1] - 1} features",
        "classes": list(data.classes),
        "rows": {
            "train": int(data.train.sum()),
            "validation": int(data.validation.sum()),
            "test": int(data.test.sum()),
            "evaluated": evaluated,
        },
    }
