"""Why the effects model of a run may have to be calibrated."""

from flows.parameters import AnalysisParameters
from tasks.beliefs.run_records import ConflictRun
from tasks.beliefs.trust import strongest_bayes_factor
from tasks.calibration.model_check import ReasonsToCheck
from tasks.domain import Domain
from tasks.run_store import Artifact, RunStore


def strongest_belief(store: RunStore, beliefs: Artifact | None) -> float | None:
    """The largest Bayes factor against a belief of the contract; None where it has none."""
    if beliefs is None:
        return None
    told = ConflictRun.model_validate_json(store.read_text(beliefs))
    return strongest_bayes_factor(told.conflicts)


def reasons_to_check(
    contract: Domain,
    parameters: AnalysisParameters,
    n_parameters: int,
    bayes_factor: float | None,
) -> ReasonsToCheck:
    """What decides whether the model is calibrated.

    Parameters
    ----------
    contract, parameters
        Of the run.
    n_parameters
        Of the model.
    bayes_factor
        The strongest against a belief.
    """
    confidences = [prior.confidence for prior in contract.priors.values()]
    return ReasonsToCheck(
        mode=parameters.check_model,
        parameters=n_parameters,
        bayes_factor=bayes_factor,
        decision_worth=contract.decision_worth,
        thresholds=contract.check_thresholds,
        client_confidence=min(confidences, default=None),
    )
