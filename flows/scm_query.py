"""What if: interventional and counterfactual samples of a fitted structural model."""

from datetime import UTC, datetime
from pathlib import Path

from prefect import flow

from flows.artifact_keys import artifact_key
from flows.finishing import finish_run, run_name
from flows.given_files import given_file
from flows.narration import Narrator
from flows.page_artifacts import Page
from flows.results import result_storage
from flows.scm_parameters import ScmQueryParameters
from tasks.intervention.structural.model_keeping import find_model
from tasks.intervention.structural.steps import ask_model
from tasks.report.steps import write_scm_query
from tasks.run_store import Artifact, RunStore

STEPS = 2


@flow(
    name="scm-query",
    flow_run_name="{parameters.run_title}",
    persist_result=False,
    result_storage=result_storage(RunStore.current()),
    retries=0,
)
def scm_query(parameters: ScmQueryParameters) -> str:
    """Ask a structural model what happens under actions.

    Parameters
    ----------
    parameters
        Model, actions, and for a counterfactual the units.

    Returns
    -------
    str
        The run, as ``what-if-model/run_id`` below the root of the run store.
    """
    began = datetime.now(UTC)
    store = RunStore.current()
    of, model = _model(store, parameters.model)
    data = given_file(store, Path(parameters.data)) if parameters.data else None
    title = of.partition("/")[0]
    name = f"what-if-{title}"
    narrator = Narrator(STEPS, artifact_key(name))

    narrator.stage("ASK")
    asked = narrator.run("units under the actions", ask_model, model, parameters.question, data)
    written = narrator.run("report", write_scm_query, title, asked.record)
    files = {
        "before.parquet": asked.before,
        "after.parquet": asked.after,
        "report.json": asked.record,
        **written,
    }
    names = {"domain": name, "task": f"{parameters.kind} {', '.join(parameters.actions)}"}
    page = Page(f"What if, asked of {of}", figures=("changes",))
    run = run_name(name, began)
    return finish_run(run, page, names, parameters, files, model, narrator, began)


def _model(store: RunStore, name: str) -> tuple[str, Artifact]:
    """A kept model by the name of its run, or a pickle by its path, and what it is called."""
    place = Path(name)
    if place.suffix == ".pickle" and place.is_file():
        return place.stem, given_file(store, place)
    return find_model(store, name)
