"""Three of the registry's tables: versions of models, sessions of elicitation, and priors."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

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
from tasks.beliefs.registry_types import LARGEST_COUNT, Kind, Method


class ModelMetadata(OfRun, Base):
    """A version of a model."""

    __tablename__ = "bayesian_model_metadata"
    __table_args__ = (
        UniqueConstraint("model_id", "version"),
        named("model_id"),
        between("version", 1, LARGEST_COUNT),
        one_of("kind", Kind),
        CheckConstraint("(kind = 'statistics') = (trim(program) = '')", name="program"),
        digest("program_digest"),
        digest("design_digest"),
        between("parameters", 1, LARGEST_COUNT),
        digest("data_digest"),
        *of_run(),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    model_id: Mapped[str]
    version: Mapped[int]
    kind: Mapped[str]
    program: Mapped[str]
    program_digest: Mapped[str | None]
    design_digest: Mapped[str | None]
    parameters: Mapped[int]
    contract: Mapped[dict[str, Any]]
    source: Mapped[str]
    data_digest: Mapped[str | None]
    facts: Mapped[dict[str, Any]]


class SessionRow(OfRun, Base):
    """A sitting in which a client stated beliefs."""

    __tablename__ = "prior_elicitation_sessions"
    __table_args__ = (
        Index(None, "client_id", "model_id"),
        named("id"),
        named("client_id"),
        named("model_id"),
        *of_run(),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    client_id: Mapped[str]
    model_id: Mapped[str]
    note: Mapped[str]
    elicited_at: Mapped[datetime]


class ClientPrior(OfRun, Base):
    """A prior; current as long as no other one supersedes it."""

    __tablename__ = "client_priors"
    __table_args__ = (
        named("quantity"),
        inside("confidence"),
        one_of("method", Method),
        between("residual", 0),
        CheckConstraint("supersedes_id < id", name="supersedes_id"),
        *of_run(),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    session_id: Mapped[str] = mapped_column(ForeignKey(SessionRow.id), index=True)
    quantity: Mapped[str]
    belief: Mapped[dict[str, Any]]
    confidence: Mapped[float]
    method: Mapped[str]
    answers: Mapped[Any] = mapped_column(JSON)
    residual: Mapped[float | None]
    decision: Mapped[dict[str, Any] | None]
    note: Mapped[str]
    supersedes_id: Mapped[int | None] = mapped_column(ForeignKey("client_priors.id"), unique=True)
