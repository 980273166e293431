"""Elicitation: what a client said as fitted priors, recorded."""

from datetime import UTC, datetime
from pathlib import Path

from prefect import flow

from flows.artifact_keys import artifact_key
from flows.belief_parameters import ElicitParameters
from flows.finishing import finish_run, run_name
from flows.given_files import given_file, given_source
from flows.narration import Narrator
from flows.page_artifacts import Page
from flows.results import result_storage
from tasks.beliefs.elicitation import elicit
from tasks.beliefs.keeping import session_entry
from tasks.beliefs.registry import Registry
from tasks.beliefs.registry_priors import record_session
from tasks.report.steps import write_elicitation
from tasks.run_store import RunStore

STEPS = 1


@flow(
    name="elicit-beliefs",
    flow_run_name="{parameters.run_title}",
    persist_result=False,
    result_storage=result_storage(RunStore.current()),
    retries=0,
)
def elicit_beliefs(parameters: ElicitParameters) -> str:
    """Fit a prior to each belief of a client and record the session.

    Parameters
    ----------
    parameters
        The file of answers.

    Returns
    -------
    str
        The run, as ``elicit-client/run_id`` below the root of the run store.
    """
    began = datetime.now(UTC)
    store = RunStore.current()
    path = Path(parameters.answers)
    session = elicit(path)
    domain = f"elicit-{session.client}"
    narrator = Narrator(STEPS, artifact_key(domain))
    run = run_name(domain, began)
    answers = given_file(store, path)
    elicited = store.save_text("report.json", session.model_dump_json(indent=1))
    with Registry.current() as registry:
        recorded = record_session(registry, session_entry(session, run, elicited.sha256))
    written = narrator.run("report", write_elicitation, recorded, elicited)
    files = {"report.json": elicited, answers.name: answers, **written}
    names = {"domain": domain, "task": f"session {recorded}"}
    page = Page(f"Beliefs of {session.client} on {session.model}", figures=("priors",))
    return finish_run(
        run, page, names, parameters, files, given_source(path, answers), narrator, began
    )
