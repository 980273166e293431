"""Steps of structural models: fitted to traces, and asked what if."""

import json

import pandas as pd
import polars as pl
from prefect import task
from pydantic import BaseModel

from tasks.cache import CONTENT, was_killed
from tasks.intervention.structural.graph_files import read_graph
from tasks.intervention.structural.model_keeping import keep_model, load_model
from tasks.intervention.structural.questions import Question, ask
from tasks.intervention.structural.settings import FitSettings
from tasks.intervention.structural.trace_files import read_columns
from tasks.intervention.structural.traces import make_traces
from tasks.intervention.structural_model import fit_structural_model
from tasks.parallel import usable_workers
from tasks.run_store import Artifact, RunStore


class FittedMechanisms(BaseModel):
    """A fitted structural model.

    Attributes
    ----------
    model
        ``model.pickle``, which this installation alone loads.
    record
        ``report.json``: graph, mechanisms, verdict.
    failure
        Why the mechanisms do not hold; empty where they do.
    """

    model: Artifact
    record: Artifact
    failure: str


class Asked(BaseModel):
    """What a structural model answered.

    Attributes
    ----------
    before, after
        Parquet: the same units without and with the actions, one column a node.
    record
        ``report.json``: the question, and the change of each node.
    """

    before: Artifact
    after: Artifact
    record: Artifact


@task(
    cache_policy=CONTENT,
    persist_result=True,
    result_serializer="json",
    retries=1,
    retry_delay_seconds=10,
    retry_condition_fn=was_killed,
)
def fit_mechanisms(graph: Artifact, traces: Artifact, settings: FitSettings) -> FittedMechanisms:
    """Choose, fit and test a mechanism for every node."""
    store = RunStore.current()
    causal = read_graph(store.fetch(graph))
    observed = make_traces(read_columns(store.fetch(traces)), causal, settings.missing)
    fitted = fit_structural_model(causal, observed, settings, usable_workers())
    model, record = keep_model(fitted, observed, store)
    return FittedMechanisms(
        model=model,
        record=store.save_text("report.json", record),
        failure="" if fitted.validation.passed else fitted.validation.failure(),
    )


@task(
    cache_policy=CONTENT,
    persist_result=True,
    result_serializer="json",
    retries=1,
    retry_delay_seconds=10,
    retry_condition_fn=was_killed,
)
def ask_model(model: Artifact, question: Question, data: Artifact | None) -> Asked:
    """Samples under actions, and the change of every node with its interval."""
    store = RunStore.current()
    loaded = load_model(store.fetch(model))
    units = None if data is None else read_columns(store.fetch(data))
    answered = ask(loaded, question, units, usable_workers())
    record = answered.record | {"model": model.sha256}
    return Asked(
        before=store.save("before.parquet", _as_polars(answered.before).write_parquet),
        after=store.save("after.parquet", _as_polars(answered.after).write_parquet),
        record=store.save_text("report.json", json.dumps(record, indent=1, ensure_ascii=False)),
    )


def _as_polars(frame: pd.DataFrame) -> pl.DataFrame:
    return pl.DataFrame(
        {
            str(name): column.tolist() if column.dtype == object else column.to_numpy()
            for name, column in frame.items()
        }
    )
