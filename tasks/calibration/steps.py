"""Steps of the calibration: simulations of a model, ranked and judged."""

import json
from functools import partial

from prefect import task
from pydantic import BaseModel

from tasks.bayes.batch import BatchSettings
from tasks.bayes.stan_data import read_data
from tasks.bayes.stan_program import compile_program
from tasks.cache import CONTENT, was_killed
from tasks.calibration.around_posterior import around_posterior
from tasks.calibration.chunk_files import save_simulations
from tasks.calibration.coverage.records import studies_folder
from tasks.calibration.coverage.run import run_study
from tasks.calibration.coverage.study import Settings
from tasks.calibration.coverage.summary import summarise
from tasks.calibration.model_check import ReasonsToCheck, check_model
from tasks.calibration.models import Validation, simulator_of
from tasks.calibration.runner import Calibration, calibrations_folder, run_calibration
from tasks.calibration.simulator import Simulator
from tasks.locations import resource
from tasks.parallel import usable_workers
from tasks.run_store import Artifact, RunStore


class Simulated(BaseModel):
    """What a calibration left.

    Attributes
    ----------
    simulations
        ``simulations.npz``.
    alpha
        Level at which they are to be judged.
    """

    simulations: Artifact
    alpha: float


class Covered(BaseModel):
    """What a coverage study left: ``outcomes.json`` of all databases, and ``summary.json``."""

    outcomes: Artifact
    summary: Artifact


@task(
    cache_policy=CONTENT,
    persist_result=True,
    result_serializer="json",
    retries=1,
    retry_delay_seconds=10,
    retry_condition_fn=was_killed,
)
def calibrate_model(
    model: str,
    digest: str,
    data: Artifact | None,
    validation: Validation,
    simulations: int,
    seed: int,
    adapt_delta: float,
) -> Simulated:
    """Simulate, fit and rank; chunks that an earlier run has finished are not done again.

    `digest` is that of the program. `quick` stops early on a clear failure and ranks parameters
    and joint log likelihood; the others make all simulations and rank what depends on the data
    too; `posterior` simulates around the posterior given the data.
    """
    store = RunStore.current()
    given = read_data(store.fetch(data)) if data else None
    simulator: Simulator = simulator_of(model, given)
    source = resource("stan", simulator.program)
    if validation == "posterior":
        simulator = around_posterior(simulator, compile_program(source), given or {}, seed=seed)
    done, verdict = run_calibration(
        Calibration(
            simulator,
            compile_program(source, many_fits=True),
            BatchSettings(seed=seed, adapt_delta=adapt_delta),
            with_further=validation != "quick",
        ),
        simulations,
        root=calibrations_folder(),
        workers=usable_workers(),
        stop_early=validation == "quick",
    )
    return Simulated(
        simulations=store.save("simulations.npz", partial(save_simulations, simulations=done)),
        alpha=verdict.alpha,
    )


@task(
    cache_policy=CONTENT,
    persist_result=True,
    result_serializer="json",
    retries=1,
    retry_delay_seconds=10,
    retry_condition_fn=was_killed,
)
def check_effects_model(
    data: Artifact, digest: str, why: ReasonsToCheck, simulations: int, seed: int
) -> Artifact:
    """Decide whether the effects model must be calibrated for a run's design, and do it if so.

    `data` is what the run's effects model was given, `digest` that of the program.
    """
    store = RunStore.current()
    record = check_model(
        why,
        read_data(store.fetch(data)),
        simulations=simulations,
        seed=seed,
        root=calibrations_folder(),
        workers=usable_workers(),
    )
    return store.save_text("model_check.json", json.dumps(record, indent=1, ensure_ascii=False))


@task(
    cache_policy=CONTENT,
    persist_result=True,
    result_serializer="json",
    retries=1,
    retry_delay_seconds=10,
    retry_condition_fn=was_killed,
)
def study_coverage(settings: Settings, databases: int) -> Covered:
    """Hold told effects against true ones; what an earlier run has finished is not done again."""
    store = RunStore.current()
    record = run_study(settings, databases, root=studies_folder(), workers=usable_workers())
    return Covered(
        outcomes=store.save_text("outcomes.json", record.model_dump_json(indent=1)),
        summary=store.save_text("summary.json", summarise(record).model_dump_json(indent=1)),
    )
