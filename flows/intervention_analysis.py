"""The main job: where the uncertainty comes from, and what mending it is worth."""

from datetime import UTC, datetime

from prefect import flow

from flows.analysis_checks import reasons_to_check, strongest_belief
from flows.analysis_contract import as_yaml, resolve, schema_of
from flows.analysis_files import record_files
from flows.analysis_page import analysis_page
from flows.artifact_keys import artifact_key
from flows.events import tell_of_run
from flows.finishing import finish_run, run_name
from flows.gate_artifact import refuse, show_gate
from flows.narration import Narrator
from flows.parameters import AnalysisParameters
from flows.results import result_storage
from tasks.attribution.steps import share_uncertainty
from tasks.beliefs.steps import hold_analysis
from tasks.calibration.model_check import EFFECTS_MODEL
from tasks.calibration.models import program_digest
from tasks.calibration.steps import check_effects_model
from tasks.inference.steps import (
    choose_effects_pooling,
    draw_learning_curves,
    fit_effects_model,
    weigh_keys,
)
from tasks.intervention.data_at_hand import DataAtHand
from tasks.intervention.steps import retrain_leading, simulate_interventions, spend_budget
from tasks.relations.steps import check_data, make_features
from tasks.report.records import Records
from tasks.report.report_json import read_report
from tasks.report.steps import write_data_docs, write_report
from tasks.run_store import RunStore
from tasks.uncertainty.steps import fit_ensemble, measure_uncertainty

STEPS = 14
LEVEL = 0.95
"""Of credible intervals of what beliefs speak of."""


@flow(
    name="intervention-analysis",
    flow_run_name="{parameters.run_title}",
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
    contract, name, target, given = resolve(parameters)
    further = bool(contract.priors), bool(parameters.acquire), parameters.budget is not None
    narrator = Narrator(STEPS + sum(further), artifact_key(contract.name))
    run = run_name(contract.name, began)
    seed, schema = parameters.seed, schema_of(contract)
    used = store.save_text("domain.yaml", as_yaml(contract, name, target))

    narrator.stage("DECOMPOSE")
    data = narrator.run("tables held against the contract", check_data, schema, given)
    show_gate(store, data.record, contract.name, run)
    docs = narrator.run("data docs", write_data_docs, contract.title, schema, data.record)
    if data.refusal:
        found = {"domain.yaml": used, "contract.json": data.record, **docs}
        refuse(store, run, contract.name, found, data.refusal)
    features = narrator.run(
        "feature table", make_features, schema, target, data.tables, seed, parameters.rows
    )
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
    at_hand = DataAtHand(
        contract=schema.model_copy(
            update={"causal_graph": contract.causal_graph, "actions": contract.actions}
        ),
        target=target,
        tables=data.tables,
        faults=data.faults,
        features=features,
        ensemble=ensemble,
        measured=measured.rows,
        key_cells=shared.key_cells,
        replicates=parameters.replicates,
    )
    simulated = narrator.run(
        "repairs in replicate cells",
        simulate_interventions,
        at_hand,
        shared.shares,
        seed,
        parameters.top_columns,
        parameters.ranges,
    )
    retrained = narrator.run(
        "members fitted anew",
        retrain_leading,
        at_hand,
        simulated.effects,
        contract.costs,
        seed,
        backbone,
        parameters.retrain,
        parameters.retrain_rows,
        parameters.evaluation_rows,
    )
    curves = bought = None
    if parameters.acquire:
        curves = narrator.run(
            "learning curves",
            draw_learning_curves,
            at_hand,
            shared.shares,
            contract.costs.row,
            seed,
            backbone,
            parameters.ranges,
            parameters.acquire,
            parameters.worth,
        )
    if parameters.budget is not None:
        bought = narrator.run(
            "best use of the budget",
            spend_budget,
            at_hand,
            simulated.effects,
            retrained.effects,
            contract.costs,
            parameters.budget,
            seed,
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
    anew = None
    if retrained.effects:
        anew = narrator.run(
            "effects of fitting anew", fit_effects_model, retrained.effects, pooling, seed
        )
    keys = narrator.run("importance of foreign keys", weigh_keys, shared.key_cells, seed)
    checked = narrator.run(
        "calibration of the effects model",
        check_effects_model,
        fitted.data,
        program_digest(EFFECTS_MODEL) if parameters.check_model != "never" else "",
        reasons_to_check(contract, parameters, fitted.parameters, strongest_belief(store, beliefs)),
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
        not_retrained=retrained.left_out,
        real_changes=simulated.real_changes,
        curves=curves,
        budget=bought,
        retrained=retrained.effects,
        retrained_posterior=anew.posterior if anew else None,
        beliefs=beliefs,
    )
    written = narrator.run(
        "report", write_report, contract, name, target, records, parameters.shaping()
    )
    files = {
        "domain.yaml": used,
        "features.parquet": features,
        "uncertainty.npz": measured.rows,
        "effects_data.json": fitted.data,
        **({"retrained_diagnostics.json": anew.diagnostics} if anew else {}),
        **record_files(records),
        **docs,
        **written,
    }
    names = {"domain": contract.name, "task": name}
    report = read_report(store.read_text(written["report.json"]))
    page = analysis_page(report, parameters)
    finish_run(run, page, names, parameters, files, given.source, narrator, began, data.tables)
    tell_of_run(store, run, report)
    return run
