"""Prior-data conflict: a client's current beliefs held against data."""

from datetime import UTC, datetime

from prefect import flow

from flows.analysis_contract import READ, schema_of
from flows.artifact_keys import artifact_key
from flows.belief_parameters import PriorConflictParameters
from flows.conflict_evidence import MODEL, Evidence, evidence
from flows.finishing import finish_run, run_name
from flows.gate_artifact import refuse
from flows.narration import Narrator, named, overheard
from flows.page_artifacts import Page
from flows.results import result_storage
from tasks.beliefs.conflict_run import conflict_run, decision_worth, model_entry
from tasks.beliefs.keeping import conflict_entries, held_prior
from tasks.beliefs.registry import Registry
from tasks.beliefs.registry_calibrations import newest_elsewhere, newest_validation
from tasks.beliefs.registry_conflicts import record_conflicts
from tasks.beliefs.registry_models import latest_model, record_model
from tasks.beliefs.registry_priors import current_priors
from tasks.beliefs.registry_records import StoredPrior
from tasks.beliefs.run_records import Calibration, ConflictRun
from tasks.beliefs.trust import trust, without_program
from tasks.contract import load_contract
from tasks.domain import Domain
from tasks.domain_sources import is_database
from tasks.errors import InputError
from tasks.relations.given_data import GivenData
from tasks.relations.steps import check_data, given_data
from tasks.report.section import Table
from tasks.report.steps import write_conflict, write_data_docs
from tasks.run_store import Artifact, RunStore

STEPS, STEPS_OF_STATISTICS = 6, 4


@flow(
    name="prior-conflict",
    flow_run_name="{parameters.run_title}",
    persist_result=False,
    result_storage=result_storage(RunStore.current()),
    retries=0,
)
def prior_conflict(parameters: PriorConflictParameters) -> str:
    """Hold a client's current beliefs against data, and say when the model is to be calibrated.

    Parameters
    ----------
    parameters
        Client, model, period.

    Returns
    -------
    str
        The run, as ``conflict-client/run_id`` below the root of the run store.
    """
    began = datetime.now(UTC)
    store, client = RunStore.current(), parameters.client_id
    contract = load_contract(parameters.model_id)
    with Registry.current() as registry:
        stored = _stated(registry, client, contract.name)
        folder = parameters.source or _last_source(registry, contract.name)
        domain = f"conflict-{client}"
        narrator = Narrator(
            STEPS if contract.media_mix else STEPS_OF_STATISTICS, artifact_key(domain)
        )
        run = run_name(domain, began)

        narrator.stage("CHECK")
        with overheard(READ):
            given = named(READ, given_data)(contract, folder)
        schema = schema_of(contract)
        data = narrator.run("tables held against the contract", check_data, schema, given)
        docs = narrator.run("data docs", write_data_docs, contract.title, schema, data.record)
        if data.refusal:
            broken = {"contract.json": data.record, **docs}
            refuse(store, run, contract.name, broken, data.refusal)
        narrator.stage("HOLD AGAINST DATA")
        priors = [held_prior(prior) for prior in stored]
        found = evidence(narrator, contract, data.tables, priors, parameters)
        told = conflict_run(
            contract, client, found.findings, _calibration(registry, contract, found, run)
        )
        record = store.save_text("report.json", told.model_dump_json(indent=1))
        written = narrator.run("report", write_conflict, record)
        model = record_model(
            registry,
            model_entry(
                contract,
                found.findings,
                run=run,
                run_digest=record.sha256,
                source=_findable(given, folder),
                data_digest=given.source.sha256 if given.source else None,
                program_digest=found.program_digest,
                design_digest=found.design_digest,
            ),
        )
        _record(registry, stored, found, told, model.id, run, record)
    files = {"contract.json": data.record, "report.json": record, **docs, **found.files, **written}
    names = {"domain": domain, "task": f"{len(told.conflicts)} beliefs on {contract.name}"}
    page = Page(
        f"Beliefs of {client} held against {contract.name}",
        tables={"beliefs": _beliefs(told)},
        figures=("beliefs", "bayes_factors"),
    )
    return finish_run(run, page, names, parameters, files, given.source, narrator, began)


def _stated(registry: Registry, client: str, model: str) -> tuple[StoredPrior, ...]:
    stored = current_priors(registry, client, model)
    if not stored:
        raise InputError(
            f"Client {client!r} has stated no belief on the quantities of {model!r}: record some "
            "first (whence beliefs elicit FILE.yaml)."
        )
    return stored


def _findable(given: GivenData, said: str) -> str:
    """Where the tables are found again: a database by what was said, a folder by its path."""
    if is_database(said):
        return said
    return given.source.path if given.source else ""


def _last_source(registry: Registry, model: str) -> str:
    """Where the data of the model's newest version lie; empty where there is none."""
    try:
        return latest_model(registry, model).source
    except InputError:
        return ""


def _calibration(registry: Registry, contract: Domain, found: Evidence, run: str) -> Calibration:
    """Whether the model is to be calibrated; of statistics there is nothing to calibrate."""
    if found.program_digest is None or found.design_digest is None:
        return without_program()
    worths = [held.decision.worth for held in found.held.beliefs if held.decision]
    return trust(
        found.findings.conflicts,
        parameters=found.findings.parameters,
        decision_worth=decision_worth(contract, worths),
        thresholds=contract.check_thresholds,
        newest=newest_validation(registry, found.program_digest, found.design_digest),
        elsewhere=newest_elsewhere(registry, found.program_digest, found.design_digest),
        command=f"whence sbc {MODEL} --of {run.partition('/')[2]}",
    )


def _record(
    registry: Registry,
    stored: tuple[StoredPrior, ...],
    found: Evidence,
    told: ConflictRun,
    model_key: int,
    run: str,
    record: Artifact,
) -> None:
    """Conflicts, with all that an update needs, in one transaction."""
    kept = {
        held.conflict.quantity: {
            "held": held.model_dump(mode="json"),
            "calibration": told.calibration.model_dump(mode="json"),
        }
        for held in found.held.beliefs
    }
    priors = {prior.quantity: prior.id for prior in stored}
    entries = conflict_entries(told, priors, model_key, kept, run, record.sha256)
    record_conflicts(registry, entries)


def _beliefs(told: ConflictRun) -> Table:
    """A line a belief, those that the data speak against most first."""
    rows = [
        (
            found.quantity,
            f"{found.log_bayes_factor.value:.3g}",
            found.severity,
            found.sentence,
        )
        for found in sorted(told.conflicts, key=lambda found: -found.log_bayes_factor.value)
    ]
    head = ("quantity", "log Bayes factor", "severity", "verdict")
    caption = f"Beliefs of {told.client} held against {told.model}"
    return Table(head, tuple(rows), (False, True, False, False), caption)
