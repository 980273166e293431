"""Whether a run's effects model must be calibrated, and what calibration then says of it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from tasks.bayes.batch import BatchSettings
from tasks.bayes.gated_fit import ADAPT_DELTAS
from tasks.bayes.stan_program import compile_program
from tasks.calibration.essential import CheckModel, Evidence, is_essential
from tasks.calibration.models import simulator_of
from tasks.calibration.runner import Calibration, run_calibration
from tasks.domain import CheckThresholds
from tasks.locations import resource

EFFECTS_MODEL = "intervention_effects"


class ReasonsToCheck(BaseModel):
    """What decides whether the effects model is to be calibrated.

    Attributes
    ----------
    mode
        As of `CheckModel`.
    parameters, bayes_factor, decision_worth, client_confidence
        As of `Evidence`.
    thresholds
        Of these.
    """

    mode: CheckModel
    parameters: int
    bayes_factor: float | None = None
    decision_worth: float | None
    client_confidence: float | None
    thresholds: CheckThresholds


def check_model(
    why: ReasonsToCheck,
    data: Mapping[str, Any],
    *,
    simulations: int,
    seed: int,
    root: Path,
    workers: int,
) -> dict[str, Any]:
    """Decide whether the effects model must be calibrated for a run's design, and do it if so.

    Parameters
    ----------
    why
        What decides it.
    data
        What the run's effects model was given; its design is calibrated.
    simulations, root, workers
        As `run_calibration` takes them; it stops early on a clear failure.
    seed
        Of the simulations.

    Returns
    -------
    dict
        For JSON: ``need``, ``decision``, ``status`` (``skipped`` where nothing was done),
        ``reasons``, ``simulations``.
    """
    evidence = Evidence(why.parameters, why.bayes_factor, why.decision_worth, why.client_confidence)
    decision = is_essential(evidence, why.thresholds)
    told = {"need": decision.level, "decision": str(decision)}
    if why.mode == "never" or (why.mode == "auto" and decision.level != "essential"):
        return told | {"status": "skipped", "reasons": [], "simulations": 0}
    done, verdict = run_calibration(
        Calibration(
            simulator_of(EFFECTS_MODEL, data),
            compile_program(resource("stan", "intervention_effects.stan"), many_fits=True),
            BatchSettings(seed=seed, adapt_delta=ADAPT_DELTAS[0]),
            with_further=False,
        ),
        simulations,
        root=root,
        workers=workers,
        stop_early=True,
    )
    reasons = [*verdict.reasons, *(f"{note}." for note in verdict.notes)]
    return told | {
        "status": verdict.status,
        "reasons": reasons,
        "simulations": len(done.status),
    }
