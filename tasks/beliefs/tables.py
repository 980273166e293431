"""The eight tables of the registry of beliefs. Rows are added and never removed.

The columns are those of the records in `registry_records` and `registry_findings`. The only thing
that ever changes is the decision on a recommendation, from ``proposed``, once.
"""

from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from tasks.beliefs.conflict_record import Severity, Strategy
from tasks.beliefs.registry_columns import (
    Base,
    OfRun,
    between,
    digest,
    inside,
    named,
    of_run,
    one_of,
)
from tasks.beliefs.registry_prior_tables import ClientPrior, ModelMetadata, SessionRow
from tasks.beliefs.registry_types import (
    LARGEST_COUNT,
    LARGEST_SEED,
    SbcStatus,
    Status,
    ValidationType,
)
from tasks.calibration.essential import Level
from tasks.calibration.verdict import Outcome

__all__ = [
    "Base",
    "ClientPrior",
    "ConflictEvidence",
    "ModelMetadata",
    "PriorDataConflict",
    "SbcResult",
    "SbcValidation",
    "SessionRow",
    "UpdateRecommendation",
]


class PriorDataConflict(OfRun, Base):
    """A prior held against data."""

    __tablename__ = "prior_data_conflicts"
    __table_args__ = (
        between("bayes_factor", 0),
        between("log_bayes_factor"),
        between("log_bayes_factor_mcse", 0),
        one_of("severity", Severity),
        named("sentence"),
        CheckConstraint("(period_start IS NULL) = (period_end IS NULL)", name="period"),
        CheckConstraint("period_start <= period_end", name="period_end"),
        between("confidence_threshold", 0, 1),
        one_of("sbc_need", Level),
        one_of("sbc_status", SbcStatus),
        *of_run(),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    prior_id: Mapped[int] = mapped_column(ForeignKey(ClientPrior.id), index=True)
    model_key: Mapped[int] = mapped_column(ForeignKey(ModelMetadata.id))
    bayes_factor: Mapped[float | None]
    log_bayes_factor: Mapped[float]
    log_bayes_factor_mcse: Mapped[float | None]
    severity: Mapped[str]
    sentence: Mapped[str]
    period_start: Mapped[date | None]
    period_end: Mapped[date | None]
    confidence_threshold: Mapped[float]
    is_likelihood_adequate: Mapped[bool]
    sbc_need: Mapped[str]
    sbc_status: Mapped[str]
    record: Mapped[dict[str, Any]]
    evidence: Mapped[list["ConflictEvidence"]] = relationship(order_by="ConflictEvidence.id")


class ConflictEvidence(OfRun, Base):
    """One measure of a conflict."""

    __tablename__ = "conflict_evidence"
    __table_args__ = (
        UniqueConstraint("conflict_id", "measure"),
        named("measure"),
        between("value"),
        between("mcse", 0),
        *of_run(),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    conflict_id: Mapped[int] = mapped_column(ForeignKey(PriorDataConflict.id))
    measure: Mapped[str]
    value: Mapped[float]
    mcse: Mapped[float | None]


class UpdateRecommendation(OfRun, Base):
    """What to make of a prior in conflict with data, and what was decided."""

    __tablename__ = "prior_update_recommendations"
    __table_args__ = (
        one_of("strategy", Strategy),
        between("min_evidence_strength", 0),
        named("reason"),
        one_of("status", Status),
        CheckConstraint("(status = 'proposed') = (decided_at IS NULL)", name="decided_at"),
        CheckConstraint("(status = 'proposed') = (decided_by IS NULL)", name="decided"),
        named("decided_by"),
        CheckConstraint(
            "(status = 'accepted' AND is_change) = (new_prior_id IS NOT NULL)", name="new_prior_id"
        ),
        *of_run(),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    conflict_id: Mapped[int] = mapped_column(ForeignKey(PriorDataConflict.id))
    prior_id: Mapped[int] = mapped_column(ForeignKey(ClientPrior.id), index=True)
    strategy: Mapped[str]
    min_evidence_strength: Mapped[float]
    is_change: Mapped[bool]
    old_belief: Mapped[dict[str, Any]]
    new_belief: Mapped[dict[str, Any]]
    reason: Mapped[str]
    decision_change: Mapped[dict[str, Any] | None]
    status: Mapped[str]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[str | None]
    new_prior_id: Mapped[int | None] = mapped_column(ForeignKey(ClientPrior.id), unique=True)


class SbcValidation(OfRun, Base):
    """A simulation-based calibration of a model."""

    __tablename__ = "sbc_validations"
    __table_args__ = (
        Index(None, "program_digest", "design_digest"),
        digest("program_digest"),
        digest("design_digest"),
        one_of("validation_type", ValidationType),
        between("simulations", 1, LARGEST_COUNT),
        between("seed", 0, LARGEST_SEED),
        one_of("verdict", Outcome),
        inside("alpha"),
        *of_run(),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    model_key: Mapped[int] = mapped_column(ForeignKey(ModelMetadata.id))
    program_digest: Mapped[str]
    design_digest: Mapped[str]
    validation_type: Mapped[str]
    simulations: Mapped[int]
    seed: Mapped[int] = mapped_column(BigInteger)
    verdict: Mapped[str]
    alpha: Mapped[float]
    results: Mapped[list["SbcResult"]] = relationship(order_by="SbcResult.id")


class SbcResult(OfRun, Base):
    """What a calibration says of one quantity."""

    __tablename__ = "sbc_results"
    __table_args__ = (
        UniqueConstraint("validation_id", "quantity"),
        named("quantity"),
        between("p_value", 0, 1),
        between("adjusted_p_value", 0, 1),
        *of_run(),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    validation_id: Mapped[int] = mapped_column(ForeignKey(SbcValidation.id))
    quantity: Mapped[str]
    p_value: Mapped[float]
    adjusted_p_value: Mapped[float]
    is_rejected: Mapped[bool]
    record: Mapped[dict[str, Any]]
