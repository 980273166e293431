"""The main job: where the uncertainty comes from, and what mending it is worth."""

import json
from datetime import UTC, datetime
from pathlib import Path

import yaml
from prefect import flow
from prefect.artifacts import create_table_artifact

from flows.artifact_keys import artifact_key
from flows.finishing import finish_run, run_name
from flows.narration import Narrator
from flows.parameters import AnalysisParameters
from flows.results import result_storage
from tasks.attribution.steps import share_uncertainty
from tasks.calibration.model_check import EFFECTS_MODEL, ReasonsToCheck
from tasks.calibration.models import program_digest
from tasks.calibration.steps import check_effects_model
from tasks.contract import load_contract
from tasks.domain import CheckThresholds, Costs, DemoSource, Domain, Task
from tasks.errors import InputError
from tasks.inference.steps import choose_effects_pooling, fit_effects_model, weigh_keys
from tasks.intervention.steps import simulate_interventions
from tasks.relations.steps import check_data, given_data, make_features
from tasks.report.steps import Records, write_report
from tasks.run_store import Artifact, RunStore
from tasks.targets import find_task
from tasks.uncertainty.steps import fit_ensemble, measure_uncertainty

STEPS = 11
SHOWN_CHECKS = 50


@flow(
    name="intervention-analysis",
    flow_run_name="{parameters.domain}",
    persist_result=False,
    result_storage=result_storage(RunStore.current()),
    retries=0,
)
def intervention_analysis(parameters: AnalysisParameters) -> str:
    """Attribute a model's epistemic uncertainty and say what each repair of the data is worth.

    Parameters
    ----------
    parameters
        Domain, target, seed and sizes.

    Returns
    -------
    str
        The run, as ``domain/run_id`` below the root of the run store.
    """
    began = datetime.now(UTC)
    store = RunStore.current()
    contract, name, target = _resolve(parameters)
    narrator = Narrator(STEPS, artifact_key(contract.name))
    run = run_name(contract.name, began)
    seed, schema = parameters.seed, _schema(contract)
    used = store.save_text("domain.yaml", _as_yaml(contract, name, target))

    narrator.stage("DECOMPOSE")
    source = given_data(contract, Path(parameters.source) if parameters.source else None)
    data = narrator.run("tables held against the contract", check_data, schema, source)
    _show_gate(store, data.record, contract.name)
    if data.refusal:
        store.publish(run, {"domain.yaml": used, "contract.json": data.record})
        raise InputError(data.refusal)
    features = narrator.run("feature table", make_features, schema, target, data.tables, seed)
    ensemble = narrator.run("ensemble", fit_ensemble, features, target, seed, parameters.members)
    measured = narrator.run(
        "uncertainty of held-out rows",
        measure_uncertainty,
        features,
        ensemble,
        target,
        seed,
        parameters.evaluation_rows,
    )
    shared = narrator.run(
        "shares of tables, columns, ranges",
        share_uncertainty,
        features,
        ensemble,
        measured.rows,
        target,
        seed,
        parameters.replicates,
        parameters.ranges,
    )
    narrator.stage("SIMULATE")
    simulated = narrator.run(
        "repairs in replicate cells",
        simulate_interventions,
        schema,
        target,
        data.tables,
        data.faults,
        features,
        ensemble,
        measured.rows,
        shared.shares,
        shared.key_cells,
        seed,
        parameters.replicates,
        parameters.top_columns,
        parameters.ranges,
    )
    narrator.stage("INFER")
    pooling = narrator.run(
        "pooling of the effects", choose_effects_pooling, simulated.effects, seed
    )
    fitted = narrator.run("effects model", fit_effects_model, simulated.effects, pooling, seed)
    keys = narrator.run("importance of foreign keys", weigh_keys, shared.key_cells, seed)
    checked = narrator.run(
        "calibration of the effects model",
        check_effects_model,
        fitted.data,
        program_digest(EFFECTS_MODEL) if parameters.check_model != "never" else "",
        _reasons_to_check(contract, parameters, fitted.parameters),
        parameters.simulations,
        seed,
    )
    narrator.stage("RANK AND REPORT")
    records = Records(
        gate=data.record,
        quality=measured.quality,
        shares=shared.shares,
        key_importance=keys,
        effects=simulated.effects,
        left_out=simulated.left_out,
        pooling=pooling,
        posterior=fitted.posterior,
        diagnostics=fitted.diagnostics,
        model_check=checked,
    )
    written = narrator.run(
        "report", write_report, contract, name, target, records, parameters.shaping()
    )
    files = {
        "domain.yaml": used,
        "contract.json": data.record,
        "features.parquet": features,
        "uncertainty.npz": measured.rows,
        "quality.json": measured.quality,
        "shares.json": shared.shares,
        "keys.json": keys,
        "effects.parquet": simulated.effects,
        "left_out.json": simulated.left_out,
        "pooling.json": pooling,
        "posterior.nc": fitted.posterior,
        "diagnostics.json": fitted.diagnostics,
        "effects_data.json": fitted.data,
        "model_check.json": checked,
        **written,
    }
    title, names = f"{contract.title}: {name}", {"domain": contract.name, "task": name}
    return finish_run(run, title, names, parameters, files, source, narrator, began)


def _resolve(parameters: AnalysisParameters) -> tuple[Domain, str, Task]:
    contract = load_contract(parameters.domain)
    if parameters.documents is not None:
        if not isinstance(contract.source, DemoSource):
            raise InputError(f"documents is a parameter of the demo alone, got {contract.name}.")
        source = contract.source.model_copy(update={"documents": parameters.documents})
        contract = contract.model_copy(update={"source": source})
    return contract, *find_task(contract, parameters.target)


def _schema(contract: Domain) -> Domain:
    """The contract without what only later steps ask for, so that earlier ones stay cached."""
    update: dict[str, object] = {
        "tasks": {},
        "costs": Costs(),
        "causal_graph": (),
        "priors": {},
        "decision_worth": None,
        "check_thresholds": CheckThresholds(),
        "title": "",
    }
    source = contract.source
    if not isinstance(source, DemoSource):
        update["source"] = source.model_copy(update={"location": None})
    return contract.model_copy(update=update)


def _as_yaml(contract: Domain, name: str, target: Task) -> str:
    used = contract.model_copy(update={"tasks": {name: target}})
    content = used.model_dump(mode="json", exclude_defaults=True)
    return str(yaml.safe_dump(content, allow_unicode=True, sort_keys=False))


def _reasons_to_check(
    contract: Domain, parameters: AnalysisParameters, n_parameters: int
) -> ReasonsToCheck:
    confidences = [prior.confidence for prior in contract.priors.values()]
    return ReasonsToCheck(
        mode=parameters.check_model,
        parameters=n_parameters,
        decision_worth=contract.decision_worth,
        thresholds=contract.check_thresholds,
        client_confidence=min(confidences, default=None),
    )


def _show_gate(store: RunStore, record: Artifact, domain: str) -> None:
    checks = [check for check in json.loads(store.read_text(record))["checks"] if check["failing"]]
    create_table_artifact(
        [
            {
                "table": check["table"],
                "column": check["column"],
                "rule": check["rule"],
                "severity": check["severity"],
                "faulty": f"{check['failing']} of {check['rows']}",
                "examples": "; ".join(check["examples"]),
            }
            for check in checks[:SHOWN_CHECKS]
        ],
        key=f"gate-{artifact_key(domain)}",
        description="Rules of the data contract that the data break",
    )
