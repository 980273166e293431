"""What is found of priors and models: conflicts with data, recommendations and calibrations."""

import math
from datetime import date
from typing import Self

from pydantic import Field, model_validator

from tasks.beliefs.conflict_record import Severity, Strategy
from tasks.beliefs.registry_types import (
    LARGEST,
    Count,
    Digest,
    FromRun,
    Json,
    Moment,
    Name,
    NotNegative,
    OpenProbability,
    Probability,
    Real,
    Record,
    SbcStatus,
    Seed,
    Status,
    Stored,
    ValidationType,
    check_unique,
)
from tasks.calibration.essential import Level
from tasks.calibration.verdict import Outcome


class Evidence(Record):
    """One measure of a conflict, with its Monte Carlo standard error if it has one."""

    measure: Name
    value: Real
    mcse: NotNegative | None = None


class Conflict(FromRun):
    """A prior held against data.

    Attributes
    ----------
    model_key
        ``id`` of the version of the model.
    log_bayes_factor, log_bayes_factor_mcse
        Natural logarithm, with its Monte Carlo standard error if it has one.
    sentence
        The conflict in words.
    period_start, period_end
        First and last day of the data; both or neither.
    confidence_threshold
        From which on a client's confidence counts.
    sbc_need, sbc_status
        Whether the model needs calibration, and the verdict of its newest one.
    evidence
        Measures behind the severity, each once.
    """

    prior_id: int
    model_key: int
    log_bayes_factor: Real
    log_bayes_factor_mcse: NotNegative | None = None
    severity: Severity
    sentence: Name
    period_start: date | None = None
    period_end: date | None = None
    confidence_threshold: Probability
    is_likelihood_adequate: bool
    sbc_need: Level
    sbc_status: SbcStatus
    record: Json = Field(default_factory=dict)
    evidence: tuple[Evidence, ...] = ()

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        check_unique((found.measure for found in self.evidence), "measures of a conflict")
        if (self.period_start is None) is not (self.period_end is None):
            raise ValueError("a period has both its first and its last day, or neither")
        if self.period_start and self.period_end and self.period_start > self.period_end:
            raise ValueError("a period ends on the day it starts or later")
        return self


class StoredConflict(Conflict, Stored):
    """A conflict in the registry.

    Attributes
    ----------
    bayes_factor
        As of `bayes_factor_of`.
    """

    id: int
    bayes_factor: NotNegative | None


def bayes_factor_of(log_bayes_factor: float) -> float | None:
    """The Bayes factor, None above 1e308.

    Examples
    --------
    >>> bayes_factor_of(0.0), bayes_factor_of(1000.0)
    (1.0, None)
    """
    return None if log_bayes_factor > math.log(LARGEST) else math.exp(log_bayes_factor)


class Recommendation(FromRun):
    """What to make of a prior that is in conflict with data.

    Attributes
    ----------
    min_evidence_strength
        Bayes factor from which on a change was to be recommended.
    is_change
        Whether the new belief differs from the old one.
    old_belief, new_belief
        A `tasks.beliefs.belief.Belief` each, as JSON.
    decision_change
        What the update does to the client's decision, where that is known.
    """

    conflict_id: int
    prior_id: int
    strategy: Strategy
    min_evidence_strength: NotNegative
    is_change: bool
    old_belief: Json
    new_belief: Json
    reason: Name
    decision_change: Json | None = None


class StoredRecommendation(Recommendation, Stored):
    """A recommendation in the registry; it is decided at most once.

    Attributes
    ----------
    new_prior_id
        The prior that came of it, if it was accepted and changes anything.
    """

    id: int
    status: Status
    decided_at: Moment | None
    decided_by: str | None
    new_prior_id: int | None


class ValidationResult(Record):
    """What calibration says of one quantity; p-values are adjusted by Holm's rule."""

    quantity: Name
    p_value: Probability
    adjusted_p_value: Probability
    is_rejected: bool
    record: Json = Field(default_factory=dict)


class Validation(FromRun):
    """A simulation-based calibration of a model.

    Attributes
    ----------
    program_digest, design_digest
        What was calibrated.
    simulations
        How many.
    alpha
        Level of the test of all quantities together.
    results
        Of each quantity; none where every fit failed.
    """

    model_key: int
    program_digest: Digest
    design_digest: Digest
    validation_type: ValidationType
    simulations: Count
    seed: Seed
    verdict: Outcome
    alpha: OpenProbability
    results: tuple[ValidationResult, ...] = ()

    @model_validator(mode="after")
    def _quantities_differ(self) -> Self:
        check_unique((result.quantity for result in self.results), "quantities of a calibration")
        return self


class StoredValidation(Validation, Stored):
    """A calibration in the registry."""

    id: int
