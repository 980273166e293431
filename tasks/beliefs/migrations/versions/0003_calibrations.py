"""Simulation-based calibrations of models and what they say of each quantity."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

VERDICTS = "'calibrated', 'not calibrated', 'not assessable'"
TYPES = "'quick', 'comprehensive', 'posterior'"


def upgrade() -> None:
    """Make two tables."""
    op.create_table(
        "sbc_validations",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column(
            "model_key", sa.Integer, sa.ForeignKey("bayesian_model_metadata.id"), nullable=False
        ),
        sa.Column("program_digest", sa.Text, nullable=False),
        sa.Column("design_digest", sa.Text, nullable=False),
        sa.Column("validation_type", sa.Text, nullable=False),
        sa.Column("simulations", sa.Integer, nullable=False),
        sa.Column("seed", sa.BigInteger, nullable=False),
        sa.Column("verdict", sa.Text, nullable=False),
        sa.Column("alpha", sa.Double, nullable=False),
        *_of_run(),
        _digest("program_digest"),
        _digest("design_digest"),
        sa.CheckConstraint(f"validation_type IN ({TYPES})", "validation_type"),
        sa.CheckConstraint(f"simulations BETWEEN 1 AND {2**31 - 1}", "simulations"),
        sa.CheckConstraint(f"seed BETWEEN 0 AND {2**63 - 1}", "seed"),
        sa.CheckConstraint(f"verdict IN ({VERDICTS})", "verdict"),
        sa.CheckConstraint("alpha > 0 AND alpha < 1", "alpha"),
    )
    op.create_index(None, "sbc_validations", ["program_digest", "design_digest"])
    op.create_table(
        "sbc_results",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("validation_id", sa.Integer, sa.ForeignKey("sbc_validations.id"), nullable=False),
        sa.Column("quantity", sa.Text, nullable=False),
        sa.Column("p_value", sa.Double, nullable=False),
        sa.Column("adjusted_p_value", sa.Double, nullable=False),
        sa.Column("is_rejected", sa.Boolean, nullable=False),
        sa.Column("record", sa.JSON, nullable=False),
        *_of_run(),
        sa.UniqueConstraint("validation_id", "quantity"),
        _named("quantity"),
        sa.CheckConstraint("p_value BETWEEN 0 AND 1", "p_value"),
        sa.CheckConstraint("adjusted_p_value BETWEEN 0 AND 1", "adjusted_p_value"),
    )


def downgrade() -> None:
    """Drop the two tables."""
    op.drop_table("sbc_results")
    op.drop_table("sbc_validations")


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
