"""Simulation-based calibration of a Bayesian model: whether its posterior can be trusted."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from prefect import flow

from flows.artifact_keys import artifact_key
from flows.finishing import finish_run, run_name
from flows.narration import Narrator
from flows.page_artifacts import Page
from flows.results import result_storage
from flows.sbc_parameters import DATA, PARAMETERS, SbcParameters
from tasks.bayes.stan_data import read_data
from tasks.beliefs.calibration_entry import program_entry, validation_entry
from tasks.beliefs.registry import Registry
from tasks.beliefs.registry_calibrations import record_validation
from tasks.beliefs.registry_models import record_model
from tasks.calibration.model_check import EFFECTS_MODEL
from tasks.calibration.models import program_digest, simulator_of
from tasks.calibration.simulator import Simulator
from tasks.calibration.steps import calibrate_model
from tasks.report.section import Table
from tasks.report.steps import write_calibration
from tasks.run_store import Artifact, RunStore

STEPS = 2
SHOWN_QUANTITIES = 50
DESIGN = "model_data.json"
DESIGNS = {EFFECTS_MODEL: "effects_data.json"}
"""What runs call the data of a model whose design is calibrated."""


@flow(
    name="sbc-validate",
    flow_run_name="{parameters.run_title}",
    persist_result=False,
    result_storage=result_storage(RunStore.current()),
    retries=0,
)
def sbc_validate(parameters: SbcParameters) -> str:
    """Simulate data from a model's prior, fit them, and test whether the true values fit in.

    Parameters
    ----------
    parameters
        Model, kind of validation, number of simulations, seed.

    Returns
    -------
    str
        The run, as ``sbc-model/run_id`` below the root of the run store.
    """
    began = datetime.now(UTC)
    store = RunStore.current()
    model = parameters.model_id
    narrator = Narrator(STEPS, artifact_key(f"sbc-{model}"))
    run = run_name(f"sbc-{model}", began)
    begun = {PARAMETERS: store.save_text(PARAMETERS, parameters.model_dump_json(indent=1))}
    data = None
    given = _design(store, parameters)
    if given is not None:
        simulator_of(model, given)  # refuses what is no data of the model, before a run is there
        data = begun[DATA] = store.save_text(DATA, json.dumps(given, ensure_ascii=False))
    store.publish(run, begun)
    digest = program_digest(model)

    narrator.stage("CALIBRATE")
    simulated = narrator.run(
        f"{model}, {parameters.num_simulations} simulations",
        calibrate_model,
        model,
        digest,
        data,
        parameters.validation_type,
        parameters.num_simulations,
        parameters.seed,
        parameters.adapt_delta,
    )
    settings: dict[str, float | int | str] = {
        "validation": parameters.validation_type,
        "seed": parameters.seed,
        "adapt_delta": parameters.adapt_delta,
    }
    written = narrator.run("report", write_calibration, model, simulated, settings)
    files = begun | {"simulations.npz": simulated.simulations, **written}
    task = f"{parameters.validation_type}, {parameters.num_simulations:,} simulations"
    names = {"domain": f"sbc-{model}", "task": task}
    report = json.loads(store.read_text(written["report.json"]))
    _record(report, simulator_of(model, given), digest, parameters, run, written["report.json"])
    page = Page(
        f"Calibration of {model}",
        tables={"quantities": _quantities(report, model)},
        figures=("rank_difference", "coverage"),
    )
    return finish_run(run, page, names, parameters, files, data, narrator, began)


def _design(store: RunStore, parameters: SbcParameters) -> dict[str, Any] | None:
    """Data whose design is calibrated; None for the model's own."""
    if parameters.data:
        return read_data(Path(parameters.data))
    if not parameters.design_of:
        return None
    name = DESIGNS.get(parameters.model_id, DESIGN)
    found: dict[str, Any] = json.loads(
        store.read_file(store.find(parameters.design_of, name), name)
    )
    return found


def _record(
    report: Mapping[str, Any],
    simulator: Simulator,
    digest: str,
    parameters: SbcParameters,
    run: str,
    record: Artifact,
) -> None:
    """The verdict in the registry, where verdicts on beliefs look for it."""
    of = {"run": run, "run_digest": record.sha256}
    with Registry.current() as registry:
        model = record_model(registry, program_entry(simulator, digest, **of))
        entry = validation_entry(report, model, model.id, parameters.validation_type, **of)
        record_validation(registry, entry)


def _quantities(report: Mapping[str, Any], model: str) -> Table:
    """A verdict a quantity, those that deviate most first."""
    quantities = sorted(report["quantities"], key=lambda quantity: quantity["p_value"])
    rows = [
        (
            quantity["name"],
            "yes" if quantity["is_rejected"] else "no",
            f"{quantity['adjusted_p_value']:.3g}",
            "; ".join(quantity["meaning"]),
        )
        for quantity in quantities[:SHOWN_QUANTITIES]
    ]
    head = ("quantity", "deviates", "adjusted p-value", "meaning")
    numeric = (False, False, True, False)
    return Table(head, tuple(rows), numeric, f"{model} is {report['status']}")
