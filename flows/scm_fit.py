"""Structural model: causal mechanisms from a graph and traces, accepted only when they hold."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from prefect import flow

from flows.artifact_keys import artifact_key
from flows.finishing import finish_run, run_name
from flows.given_files import given_file, given_source
from flows.narration import Narrator
from flows.page_artifacts import Page, show_table
from flows.results import result_storage
from flows.scm_parameters import ScmFitParameters
from tasks.errors import RunError
from tasks.intervention.structural.model_keeping import PICKLE
from tasks.intervention.structural.steps import fit_mechanisms
from tasks.pickle_ledger import remember
from tasks.report.section import Table
from tasks.report.steps import write_scm
from tasks.run_store import RunStore

STEPS = 2


@flow(
    name="scm-fit",
    flow_run_name="{parameters.run_title}",
    persist_result=False,
    result_storage=result_storage(RunStore.current()),
    retries=0,
)
def scm_fit(parameters: ScmFitParameters) -> str:
    """Fit a structural causal model, and keep it if its mechanisms hold on held-out rows.

    Parameters
    ----------
    parameters
        Graph, traces, quality, test and limits.

    Returns
    -------
    str
        The run, as ``scm-traces/run_id`` below the root of the run store.
    """
    began = datetime.now(UTC)
    store = RunStore.current()
    places = Path(parameters.graph), Path(parameters.traces)
    graph, traces = (given_file(store, place) for place in places)
    name = f"scm-{places[1].stem}"
    narrator = Narrator(STEPS, artifact_key(name))

    narrator.stage("FIT")
    fitted = narrator.run(
        "mechanisms of the nodes", fit_mechanisms, graph, traces, parameters.settings
    )
    written = narrator.run("report", write_scm, places[1].stem, fitted.record)
    files = {graph.name: graph, traces.name: traces, "report.json": fitted.record, **written}
    run = run_name(name, began)
    record = json.loads(store.read_text(fitted.record))
    show_table("mechanisms", name, _mechanisms(record, name))
    if fitted.failure and parameters.validate_r2:
        store.publish(run, files)
        raise RunError(
            f"{fitted.failure} The model is not kept; its report is in "
            f"{store.root.rstrip('/')}/{run}/."
        )
    remember(fitted.model.sha256)
    files |= {PICKLE: fitted.model}
    names = {"domain": name, "task": f"{len(record['scm']['graph']['nodes'])} nodes"}
    source = given_source(places[1], traces)
    page = Page(f"Structural model of {places[1].stem}", figures=("graph", "r2"))
    return finish_run(run, page, names, parameters, files, source, narrator, began)


def _mechanisms(record: dict[str, Any], name: str) -> Table:
    """A line a mechanism, those that fail first."""
    verdict, mechanisms = record["validation"], record["scm"]["mechanisms"]
    scores = sorted(
        verdict["r2_scores"].items(), key=lambda of: of[0] not in verdict["failed_nodes"]
    )
    rows = [
        (
            node,
            mechanisms[node]["model"],
            ", ".join(mechanisms[node]["parents"]),
            "not assessable" if r2 is None else f"{r2:.3f}",
            "no" if node in verdict["failed_nodes"] else "yes",
        )
        for node, r2 in scores
    ]
    head = ("node", "mechanism", "parents", "R²", "holds")
    numeric = (False, False, False, True, False)
    return Table(head, tuple(rows), numeric, f"Mechanisms of {name} on held-out rows")
