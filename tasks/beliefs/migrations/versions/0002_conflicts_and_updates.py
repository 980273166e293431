"""Conflicts of priors with data, the evidence, and recommended updates."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

FINITE = "BETWEEN -1e+308 AND 1e+308"
NOT_NEGATIVE = "BETWEEN 0 AND 1e+308"
SEVERITIES = "'none', 'weak', 'moderate', 'strong', 'very strong'"
VERDICTS = "'calibrated', 'not calibrated', 'not assessable'"


def upgrade() -> None:
    """Make three tables."""
    op.create_table(
        "prior_data_conflicts",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("prior_id", sa.Integer, sa.ForeignKey("client_priors.id"), nullable=False),
        sa.Column(
            "model_key", sa.Integer, sa.ForeignKey("bayesian_model_metadata.id"), nullable=False
        ),
        sa.Column("bayes_factor", sa.Double),
        sa.Column("log_bayes_factor", sa.Double, nullable=False),
        sa.Column("log_bayes_factor_mcse", sa.Double),
        sa.Column("severity", sa.Text, nullable=False),
        sa.Column("sentence", sa.Text, nullable=False),
        sa.Column("period_start", sa.Date),
        sa.Column("period_end", sa.Date),
        sa.Column("confidence_threshold", sa.Double, nullable=False),
        sa.Column("is_likelihood_adequate", sa.Boolean, nullable=False),
        sa.Column("sbc_need", sa.Text, nullable=False),
        sa.Column("sbc_status", sa.Text, nullable=False),
        sa.Column("record", sa.JSON, nullable=False),
        *_of_run(),
        sa.CheckConstraint(f"bayes_factor {NOT_NEGATIVE}", "bayes_factor"),
        sa.CheckConstraint(f"log_bayes_factor {FINITE}", "log_bayes_factor"),
        sa.CheckConstraint(f"log_bayes_factor_mcse {NOT_NEGATIVE}", "log_bayes_factor_mcse"),
        sa.CheckConstraint(f"severity IN ({SEVERITIES})", "severity"),
        _named("sentence"),
        sa.CheckConstraint("(period_start IS NULL) = (period_end IS NULL)", "period"),
        sa.CheckConstraint("period_start <= period_end", "period_end"),
        sa.CheckConstraint("confidence_threshold BETWEEN 0 AND 1", "confidence_threshold"),
        sa.CheckConstraint("sbc_need IN ('not needed', 'recommended', 'essential')", "sbc_need"),
        sa.CheckConstraint(f"sbc_status IN ({VERDICTS}, 'missing')", "sbc_status"),
    )
    op.create_index(None, "prior_data_conflicts", ["prior_id"])
    op.create_table(
        "conflict_evidence",
        sa.Column("id", sa.Integer, primary_key=True),
        _conflict_id(),
        sa.Column("measure", sa.Text, nullable=False),
        sa.Column("value", sa.Double, nullable=False),
        sa.Column("mcse", sa.Double),
        *_of_run(),
        sa.UniqueConstraint("conflict_id", "measure"),
        _named("measure"),
        sa.CheckConstraint(f"value {FINITE}", "value"),
        sa.CheckConstraint(f"mcse {NOT_NEGATIVE}", "mcse"),
    )
    op.create_table(
        "prior_update_recommendations",
        sa.Column("id", sa.Integer, primary_key=True),
        _conflict_id(),
        sa.Column("prior_id", sa.Integer, sa.ForeignKey("client_priors.id"), nullable=False),
        sa.Column("strategy", sa.Text, nullable=False),
        sa.Column("min_evidence_strength", sa.Double, nullable=False),
        sa.Column("is_change", sa.Boolean, nullable=False),
        sa.Column("old_belief", sa.JSON, nullable=False),
        sa.Column("new_belief", sa.JSON, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("decision_change", sa.JSON),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True)),
        sa.Column("decided_by", sa.Text),
        sa.Column("new_prior_id", sa.Integer, sa.ForeignKey("client_priors.id")),
        *_of_run(),
        sa.UniqueConstraint("new_prior_id"),
        sa.CheckConstraint(
            "strategy IN ('evidence_weighted', 'power_prior', 'replace', 'keep')", "strategy"
        ),
        sa.CheckConstraint(f"min_evidence_strength {NOT_NEGATIVE}", "min_evidence_strength"),
        _named("reason"),
        sa.CheckConstraint("status IN ('proposed', 'accepted', 'rejected')", "status"),
        sa.CheckConstraint("(status = 'proposed') = (decided_at IS NULL)", "decided_at"),
        sa.CheckConstraint("(status = 'proposed') = (decided_by IS NULL)", "decided"),
        _named("decided_by"),
        sa.CheckConstraint(
            "(status = 'accepted' AND is_change) = (new_prior_id IS NOT NULL)", "new_prior_id"
        ),
    )
    op.create_index(None, "prior_update_recommendations", ["prior_id"])


def downgrade() -> None:
    """Drop the three tables."""
    for table in ("prior_update_recommendations", "conflict_evidence", "prior_data_conflicts"):
        op.drop_table(table)


def _conflict_id() -> sa.Column[int]:
    key = sa.ForeignKey("prior_data_conflicts.id")
    return sa.Column("conflict_id", sa.Integer, key, nullable=False)


def _of_run() -> tuple[sa.schema.SchemaItem, ...]:
    digest = "length(run_digest) = 64 AND ltrim(run_digest, '0123456789abcdef') = ''"
    return (
        sa.Column("run", sa.Text, nullable=False),
        sa.Column("run_digest", sa.Text, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        _named("run"),
        sa.CheckConstraint(digest, "run_digest"),
    )


def _named(column: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(f"trim({column}) <> ''", column)
