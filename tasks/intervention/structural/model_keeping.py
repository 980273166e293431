"""Structural models kept in the run store: fitted once, loaded only where they were written."""

import json
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy.typing as npt

from tasks.bayes.digests import digest_of
from tasks.errors import RunError
from tasks.intervention.structural.causal_graph import CausalGraph
from tasks.intervention.structural.model_record import model_record, validation_record
from tasks.intervention.structural.settings import FitSettings
from tasks.intervention.structural.traces import Traces
from tasks.intervention.structural.validation import Validation
from tasks.intervention.structural_model import FittedModel, StructuralModel, fit_structural_model
from tasks.pickle_ledger import read_pickle, write_pickle
from tasks.run_store import MANIFEST, Artifact, RunStore
from tasks.source_digest import code_digest

PICKLE = "model.pickle"


class MechanismsError(RunError):
    """The mechanisms of a model do not hold on held-out rows.

    Attributes
    ----------
    details
        R² of each node, threshold and failed nodes, ready for JSON.
    """

    def __init__(self, validation: Validation) -> None:
        super().__init__(validation.failure())
        self.details = validation_record(validation)


def require_mechanisms(validation: Validation, settings: FitSettings) -> None:
    """Refuse a model whose mechanisms do not hold, if that is asked for.

    Raises
    ------
    MechanismsError
        With the scores.
    """
    if settings.validate_r2 and not validation.passed:
        raise MechanismsError(validation)


def cache_key(graph: CausalGraph, traces: Traces, settings: FitSettings) -> str:
    """SHA-256 of all that decides a fitted model: graph, data, settings, code and libraries."""
    columns = [
        part
        for node in graph.nodes
        for part in (traces.kinds[node], _content(traces.frame[node].to_numpy()))
    ]
    asked = settings.model_dump_json(exclude={"time_limit"})
    code = code_digest(fit_structural_model)
    return digest_of(graph.digest, asked, code, str(traces.left_out), *columns)


def _content(values: npt.NDArray[Any]) -> bytes:
    if values.dtype.kind == "f":
        return values.tobytes()
    return json.dumps(values.tolist(), ensure_ascii=False).encode()


def keep_model(fitted: FittedModel, traces: Traces, store: RunStore) -> tuple[Artifact, str]:
    """Keep a fitted model.

    Parameters
    ----------
    fitted
        The model and its verdict.
    traces
        To which it was fitted.
    store
        Where.

    Returns
    -------
    tuple of Artifact and str
        The pickle, and JSON of the graph, the mechanisms, the verdict and, as ``metadata``, the
        numbers of rows, DoWhy's version and the pickle's digest.
    """
    pickled = store.save(PICKLE, lambda path: write_pickle(fitted.model, path))
    record = model_record(fitted)
    record["metadata"] = {
        "num_samples": len(traces.frame),
        "num_fitted": len(fitted.model.train),
        "num_left_out": traces.left_out,
        "dowhy_version": version("dowhy"),
        "digest": pickled.sha256,
    }
    return pickled, json.dumps(record, indent=1, ensure_ascii=False, allow_nan=False)


def find_model(store: RunStore, name: str) -> tuple[str, Artifact]:
    """Find a kept model.

    Parameters
    ----------
    store
        Where it is kept.
    name
        The folder of its runs, for the latest of them; or a run, or how that begins.

    Returns
    -------
    tuple of str and Artifact
        The run, and the pickle in it.

    Raises
    ------
    InputError
        If there is no such run that keeps a model, or more than one.
    """
    runs = [run for run in store.runs(PICKLE) if run.partition("/")[0] == name]
    run = runs[-1] if runs else store.find(name, holding=PICKLE)
    digest = json.loads(store.read_file(run, MANIFEST))["digests"][PICKLE]
    return run, Artifact(path=f"{run}/{PICKLE}", sha256=digest)


def load_model(place: Path) -> StructuralModel:
    """Load a kept model.

    Raises
    ------
    InputError
        If this installation has not written it.
    """
    return read_pickle(place, StructuralModel)
