"""Versions of models, sessions of elicitation, and the priors that clients stated."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

MOST = 2**31 - 1


def upgrade() -> None:
    """Make three tables."""
    op.create_table(
        "bayesian_model_metadata",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("model_id", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("program", sa.Text, nullable=False),
        sa.Column("program_digest", sa.Text),
        sa.Column("design_digest", sa.Text),
        sa.Column("parameters", sa.Integer, nullable=False),
        sa.Column("contract", sa.JSON, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("data_digest", sa.Text),
        sa.Column("facts", sa.JSON, nullable=False),
        *_of_run(),
        sa.UniqueConstraint("model_id", "version"),
        _named("model_id"),
        sa.CheckConstraint(f"version BETWEEN 1 AND {MOST}", "version"),
        sa.CheckConstraint("kind IN ('media_mix', 'statistics', 'program')", "kind"),
        sa.CheckConstraint("(kind = 'statistics') = (trim(program) = '')", "program"),
        _digest("program_digest"),
        _digest("design_digest"),
        sa.CheckConstraint(f"parameters BETWEEN 1 AND {MOST}", "parameters"),
        _digest("data_digest"),
    )
    op.create_table(
        "prior_elicitation_sessions",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("client_id", sa.Text, nullable=False),
        sa.Column("model_id", sa.Text, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("elicited_at", sa.DateTime(timezone=True), nullable=False),
        *_of_run(),
        _named("id"),
        _named("client_id"),
        _named("model_id"),
    )
    op.create_index(None, "prior_elicitation_sessions", ["client_id", "model_id"])
    op.create_table(
        "client_priors",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column(
            "session_id", sa.Text, sa.ForeignKey("prior_elicitation_sessions.id"), nullable=False
        ),
        sa.Column("quantity", sa.Text, nullable=False),
        sa.Column("belief", sa.JSON, nullable=False),
        sa.Column("confidence", sa.Double, nullable=False),
        sa.Column("method", sa.Text, nullable=False),
        sa.Column("answers", sa.JSON, nullable=False),
        sa.Column("residual", sa.Double),
        sa.Column("decision", sa.JSON),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("supersedes_id", sa.Integer, sa.ForeignKey("client_priors.id")),
        *_of_run(),
        sa.UniqueConstraint("supersedes_id"),
        _named("quantity"),
        sa.CheckConstraint("confidence > 0 AND confidence < 1", "confidence"),
        sa.CheckConstraint(
            "method IN ('stated', 'mean_sd', 'quantiles', 'chips', 'update')", "method"
        ),
        sa.CheckConstraint("residual BETWEEN 0 AND 1e+308", "residual"),
        sa.CheckConstraint("supersedes_id < id", "supersedes_id"),
    )
    op.create_index(None, "client_priors", ["session_id"])


def downgrade() -> None:
    """Drop the three tables."""
    for table in ("client_priors", "prior_elicitation_sessions", "bayesian_model_metadata"):
        op.drop_table(table)


def _of_run() -> tuple[sa.schema.SchemaItem, ...]:
    return (
        sa.Column("run", sa.Text, nullable=False),
        sa.Column("run_digest", sa.Text, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        _named("run"),
        _digest("run_digest"),
    )


def _named(column: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(f"trim({column}) <> ''", column)


def _digest(column: str) -> sa.CheckConstraint:
    rule = f"length({column}) = 64 AND ltrim({column}, '0123456789abcdef') = ''"
    return sa.CheckConstraint(rule, column)
