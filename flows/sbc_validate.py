"""Simulation-based calibration of a Bayesian model: whether its posterior can be trusted."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from prefect import flow
from prefect.artifacts import create_table_artifact

from flows.artifact_keys import artifact_key
from flows.finishing import finish_run, run_name
from flows.narration import Narrator
from flows.results import result_storage
from flows.sbc_parameters import DATA, PARAMETERS, SbcParameters
from tasks.bayes.stan_data import read_data
from tasks.calibration.models import program_digest, simulator_of
from tasks.calibration.steps import calibrate_model
from tasks.report.steps import write_calibration
from tasks.run_store import RunStore

STEPS = 2
SHOWN_QUANTITIES = 50


@flow(
    name="sbc-validate",
    flow_run_name="{parameters.model}",
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
    model = parameters.model
    narrator = Narrator(STEPS, artifact_key(f"sbc-{model}"))
    run = run_name(f"sbc-{model}", began)
    begun = {PARAMETERS: store.save_text(PARAMETERS, parameters.model_dump_json(indent=1))}
    data = None
    if parameters.data:
        given = read_data(Path(parameters.data))
        simulator_of(model, given)  # refuses what is no data of the model, before a run is there
        data = begun[DATA] = store.save_text(DATA, json.dumps(given, ensure_ascii=False))
    store.publish(run, begun)

    narrator.stage("CALIBRATE")
    simulated = narrator.run(
        f"{model}, {parameters.simulations} simulations",
        calibrate_model,
        model,
        program_digest(model),
        data,
        parameters.validation,
        parameters.simulations,
        parameters.seed,
        parameters.adapt_delta,
    )
    settings = parameters.model_dump(include={"validation", "seed", "adapt_delta"})
    written = narrator.run("report", write_calibration, model, simulated, settings)
    files = begun | {"simulations.npz": simulated.simulations, **written}
    task = f"{parameters.validation}, {parameters.simulations:,} simulations"
    names = {"domain": f"sbc-{model}", "task": task}
    _show_quantities(json.loads(store.read_text(written["report.json"])), model)
    title = f"Calibration of {model}"
    return finish_run(run, title, names, parameters, files, data, narrator, began)


def _show_quantities(report: Mapping[str, Any], model: str) -> None:
    """A verdict a quantity on Prefect's page, those that deviate most first."""
    quantities = sorted(report["quantities"], key=lambda quantity: quantity["p_value"])
    create_table_artifact(
        [
            {
                "quantity": quantity["name"],
                "deviates": "yes" if quantity["is_rejected"] else "no",
                "adjusted p-value": f"{quantity['adjusted_p_value']:.3g}",
                "meaning": "; ".join(quantity["meaning"]),
            }
            for quantity in quantities[:SHOWN_QUANTITIES]
        ],
        key=f"quantities-{artifact_key(f'sbc-{model}')}",
        description=f"{model} is {report['status']}",
    )
