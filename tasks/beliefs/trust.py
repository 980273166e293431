"""Whether the model behind a verdict must be calibrated by simulation, and whether it was."""

import math
from collections.abc import Sequence

from tasks.beliefs.conflict_record import Conflict
from tasks.beliefs.registry_findings import StoredValidation
from tasks.beliefs.registry_types import SbcStatus
from tasks.beliefs.run_records import Calibration
from tasks.calibration.essential import Evidence, is_essential
from tasks.domain import CheckThresholds

MISSING: SbcStatus = "missing"
LARGEST_LOG = 700.0
"""Of a Bayes factor whose number is told; a larger one fires as surely."""


def trust(
    conflicts: Sequence[Conflict],
    *,
    parameters: int,
    decision_worth: float | None,
    thresholds: CheckThresholds,
    newest: StoredValidation | None,
    elsewhere: StoredValidation | None,
    command: str,
) -> Calibration:
    """Say whether a model must be calibrated before its verdicts are acted on.

    Parameters
    ----------
    conflicts
        The verdicts: the strongest Bayes factor and the least confidence count.
    parameters
        Of the model.
    decision_worth
        What hangs on the verdicts, in the client's currency; None where it is not known.
    thresholds
        From which on a reason counts.
    newest, elsewhere
        The newest calibration of the model's program with this design, and with another one.
    command
        That calibrates the model.
    """
    decision = is_essential(
        Evidence(
            parameters=parameters,
            bayes_factor=strongest_bayes_factor(conflicts),
            decision_worth=decision_worth,
            client_confidence=min((found.confidence for found in conflicts), default=None),
        ),
        thresholds,
    )
    known = Calibration(
        need=decision.level,
        fired=decision.fired,
        unknown=decision.unknown,
        status=MISSING,
        command=command,
    )
    return renewed(known, newest, elsewhere)


def strongest_bayes_factor(conflicts: Sequence[Conflict]) -> float | None:
    """Largest Bayes factor against a belief, at most e^700; None where there is no belief."""
    strongest = max((found.log_bayes_factor.value for found in conflicts), default=None)
    return None if strongest is None else math.exp(min(strongest, LARGEST_LOG))


def without_program() -> Calibration:
    """Of statistics whose posterior is a quadrature: there is no program to calibrate."""
    return Calibration(need="not needed", fired=(), unknown=(), status=MISSING)


def renewed(
    calibration: Calibration, newest: StoredValidation | None, elsewhere: StoredValidation | None
) -> Calibration:
    """What was known of a calibration, with the newest ones in the place of older ones."""
    known: dict[str, str] = {}
    if newest:
        known |= {"status": newest.verdict, "run": newest.run}
    if elsewhere:
        known |= {"status_elsewhere": elsewhere.verdict, "run_elsewhere": elsewhere.run}
    return calibration.model_copy(update=known)
