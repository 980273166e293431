"""New priors for those beliefs of a session that the data speak against."""

from datetime import UTC, datetime

from prefect import flow

from flows.artifact_keys import artifact_key
from flows.belief_parameters import UpdateParameters
from flows.finishing import finish_run, run_name
from flows.narration import Narrator
from flows.page_artifacts import Page
from flows.results import result_storage
from tasks.beliefs.holding import HeldBelief
from tasks.beliefs.keeping import recommendation_entries
from tasks.beliefs.registry import Registry
from tasks.beliefs.registry_calibrations import newest_elsewhere, newest_validation
from tasks.beliefs.registry_conflicts import latest_conflicts
from tasks.beliefs.registry_findings import StoredConflict
from tasks.beliefs.registry_models import find_model
from tasks.beliefs.registry_priors import find_session, priors_of_session
from tasks.beliefs.registry_updates import record_recommendations
from tasks.beliefs.run_records import Calibration, UpdateRun
from tasks.beliefs.steps import UPDATES, recommend_updates
from tasks.beliefs.trust import renewed
from tasks.errors import InputError
from tasks.report.steps import write_update
from tasks.run_store import RunStore

STEPS = 2


@flow(
    name="update-priors",
    flow_run_name="{parameters.run_title}",
    persist_result=False,
    result_storage=result_storage(RunStore.current()),
    retries=0,
)
def update_priors(parameters: UpdateParameters) -> str:
    """Recommend a prior for each belief of a session, from its newest conflict.

    Parameters
    ----------
    parameters
        Session, strategy, least strength of evidence.

    Returns
    -------
    str
        The run, as ``update-client/run_id`` below the root of the run store.
    """
    began = datetime.now(UTC)
    store = RunStore.current()
    with Registry.current() as registry:
        session = find_session(registry, parameters.session_id)
        conflicts = latest_conflicts(registry, session.id)
        if not conflicts:
            raise InputError(
                f"No current belief of session {session.id} has been held against data: do so "
                f"first (whence beliefs conflict {session.client_id} {session.model_id})."
            )
        domain = f"update-{session.client_id}"
        narrator = Narrator(STEPS, artifact_key(domain))
        run = run_name(domain, began)
        held = [HeldBelief.model_validate(of.record["held"]) for of in conflicts]
        updates = narrator.run(
            "updates of the beliefs",
            recommend_updates,
            held,
            parameters.update_strategy,
            parameters.min_evidence_strength,
        )
        recommended = UPDATES.validate_json(store.read_text(updates))
        keys = {
            of.conflict.quantity: (found.id, found.prior_id)
            for of, found in zip(held, conflicts, strict=True)
        }
        entries = recommendation_entries(recommended, keys, run, updates.sha256)
        known = {prior.quantity for prior in priors_of_session(registry, session.id)}
        told = UpdateRun(
            client=session.client_id,
            model=session.model_id,
            session=session.id,
            title=session.model_id,
            updates=recommended,
            recommendations=tuple(map(str, record_recommendations(registry, entries))),
            calibration=_calibration(registry, conflicts[0]),
            left=dict.fromkeys(
                sorted(known - set(keys)),
                "it has not been held against data since it was stated, or is no longer "
                "the current one",
            ),
            notes=(),
        )
    record = store.save_text("report.json", told.model_dump_json(indent=1))
    written = narrator.run("report", write_update, record)
    files = {"updates.json": updates, "report.json": record, **written}
    names = {"domain": domain, "task": f"{parameters.update_strategy}, session {session.id}"}
    title = f"Updates of the beliefs of {session.client_id} on {session.model_id}"
    page = Page(title, figures=("updates",))
    return finish_run(run, page, names, parameters, files, None, narrator, began)


def _calibration(registry: Registry, conflict: StoredConflict) -> Calibration:
    """What the conflict said of the model's calibration, and what was found since."""
    then = Calibration.model_validate(conflict.record["calibration"])
    model = find_model(registry, conflict.model_key)
    if model.program_digest is None or model.design_digest is None:
        return then
    digests = model.program_digest, model.design_digest
    return renewed(
        then, newest_validation(registry, *digests), newest_elsewhere(registry, *digests)
    )
