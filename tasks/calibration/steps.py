"""Steps of the calibration: simulations of a model, ranked and judged."""

import json
from functools import partial
from typing import Any

from prefect import task
from pydantic import BaseModel

from tasks.bayes.batch import BatchSettings
from tasks.bayes.stan_data import read_data
from tasks.bayes.stan_program import compile_program
from tasks.cache import CONTENT
from tasks.calibration.around_posterior import around_posterior
from tasks.calibration.chunk_files import save_simulations
from tasks.calibration.essential import CheckModel, Evidence, is_essential
from tasks.calibration.models import Validation, simulator_of
from tasks.calibration.runner import Calibration, run_calibration
from tasks.calibration.simulator import Simulator
from tasks.domain import CheckThresholds
from tasks.inference.effects import ADAPT_DELTAS
from tasks.locations import resource
from tasks.run_store import Artifact, RunStore
from tasks.uncertainty.threads import usable_cores

EFFECTS_MODEL = "intervention_effects"


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


def program_digest(model: str) -> str:
    """Digest of a model's program, which is compiled where it was not; part of the step's key."""
    return compile_program(resource("stan", simulator_of(model).program), many_fits=True).digest


class Decided(BaseModel):
    """What decides whether the effects model is to be calibrated.

    Attributes
    ----------
    mode
        As of `CheckModel`.
    parameters, decision_worth, client_confidence
        As of `Evidence`.
    thresholds
        Of these.
    """

    mode: CheckModel
    parameters: int
    decision_worth: float | None
    client_confidence: float | None
    thresholds: CheckThresholds


@task(cache_policy=CONTENT, persist_result=True, result_serializer="json")
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
        workers=usable_cores(),
        stop_early=validation == "quick",
    )
    return Simulated(
        simulations=store.save("simulations.npz", partial(save_simulations, simulations=done)),
        alpha=verdict.alpha,
    )


@task(cache_policy=CONTENT, persist_result=True, result_serializer="json")
def check_effects_model(
    data: Artifact, digest: str, why: Decided, simulations: int, seed: int
) -> Artifact:
    """Decide whether the effects model must be calibrated for a run's design, and do it if so.

    `data` is what the run's effects model was given, `digest` that of the program.
    """
    store = RunStore.current()
    decision = is_essential(
        Evidence(
            parameters=why.parameters,
            decision_worth=why.decision_worth,
            client_confidence=why.client_confidence,
        ),
        why.thresholds,
    )
    record: dict[str, Any] = {
        "need": decision.level,
        "decision": str(decision),
        "status": "skipped",
        "reasons": [],
        "simulations": 0,
    }
    if why.mode == "always" or (why.mode == "auto" and decision.level == "essential"):
        done, verdict = run_calibration(
            Calibration(
                simulator_of(EFFECTS_MODEL, read_data(store.fetch(data))),
                compile_program(resource("stan", f"{EFFECTS_MODEL}.stan"), many_fits=True),
                BatchSettings(seed=seed, adapt_delta=ADAPT_DELTAS[0]),
                with_further=False,
            ),
            simulations,
            workers=usable_cores(),
            stop_early=True,
        )
        record |= {
            "status": verdict.status,
            "reasons": [*verdict.reasons, *(f"{note}." for note in verdict.notes)],
            "simulations": len(done.status),
        }
    return store.save_text("model_check.json", json.dumps(record, indent=1, ensure_ascii=False))
