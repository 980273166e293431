"""The main job: where the uncertainty comes from, and what mending it is worth."""

import json
from datetime import UTC, datetime
from pathlib import Path

from prefect import flow
from prefect.artifacts import create_table_artifact

from flows.analysis_contract import as_yaml, resolve, schema_of
from flows.artifact_keys import artifact_key
from flows.finishing import finish_run, run_name
from flows.narration import Narrator
from flows.parameters import AnalysisParameters
from flows.results import result_storage
from tasks.attribution.steps import share_uncertainty
from tasks.beliefs.run_records import ConflictRun
from tasks.beliefs.steps import hold_analysis
from tasks.beliefs.trust import strongest_bayes_factor
from tasks.calibration.model_check import EFFECTS_MODEL, ReasonsToCheck
from tasks.calibration.models import program_digest
from tasks.calibration.steps import check_effects_model
from tasks.domain import Domain
from tasks.errors import InputError
from tasks.inference.steps import choose_effects_pooling, fit_effects_model, weigh_keys
from tasks.intervention.steps import simulate_interventions
from tasks.relations.steps import check_data, given_data, make_features
from tasks.report.steps import Records, write_report
from tasks.run_store import Artifact, RunStore
from tasks.uncertainty.steps import fit_ensemble, measure_uncertainty

STEPS = 11
LEVEL = 0.95
"""Of credible intervals of what beliefs speak of."""
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
    contract, name, target = resolve(parameters)
    narrator = Narrator(STEPS + bool(contract.priors), artifact_key(contract.name))
    run = run_name(contract.name, began)
    seed, schema = parameters.seed, schema_of(contract)
    used = store.save_text("domain.yaml", as_yaml(contract, name, target))

    narrator.stage("DECOMPOSE")
    source = given_data(contract, Path(parameters.source) if parameters.source else None)
    data = narrator.run("tables held against the contract", check_data, schema, source)
    _show_gate(store, data.record, contract.name)
    if data.refusal:
        store.publish(run, {"domain.yaml": used, "contract.json": data.record})
        raise InputError(data.refusal)
    features = narrator.run("feature table", make_features, schema, target, data.tables, seed)
    backbone = parameters.backbone
    ensemble = narrator.run(
        "ensemble", fit_ensemble, features, target, seed, backbone, parameters.members
    )
    measured = narrator.run(
        "uncertainty of held-out rows",
        measure_uncertainty,
        features,
        ensemble,
        target,
        seed,
        backbone,
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
        parameters.interactions,
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
    beliefs = None
    if contract.priors:
        beliefs = narrator.run(
            "beliefs held against data",
            hold_analysis,
            contract,
            data.tables,
            shared.shares,
            simulated.effects,
            LEVEL,
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
        _reasons_to_check(contract, parameters, fitted.parameters, _strongest(store, beliefs)),
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
        beliefs=beliefs,
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
        **({"beliefs.json": beliefs} if beliefs else {}),
        **written,
    }
    title, names = f"{contract.title}: {name}", {"domain": contract.name, "task": name}
    return finish_run(run, title, names, parameters, files, source, narrator, began)


def _strongest(store: RunStore, beliefs: Artifact | None) -> float | None:
    if beliefs is None:
        return None
    told = ConflictRun.model_validate_json(store.read_text(beliefs))
    return strongest_bayes_factor(told.conflicts)


def _reasons_to_check(
    contract: Domain,
    parameters: AnalysisParameters,
    n_parameters: int,
    bayes_factor: float | None,
) -> ReasonsToCheck:
    confidences = [prior.confidence for prior in contract.priors.values()]
    return ReasonsToCheck(
        mode=parameters.check_model,
        parameters=n_parameters,
        bayes_factor=bayes_factor,
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
