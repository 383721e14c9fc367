"""The tables of the alarms."""

import sqlalchemy as sa
from alembic import op

revision = "2"
down_revision = "1"


def upgrade() -> None:
    """Make the tables of the rules, of what was raised, and of the messages."""
    op.create_table(
        "alarm_rules",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("created_at", sa.String(32), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("coin", sa.String(32), nullable=False),
        sa.Column("interval", sa.String(8), nullable=False),
        sa.Column("model", sa.String(80), nullable=False),
        sa.Column("source", sa.String(32), nullable=False),
        sa.Column("value", sa.Double, nullable=False),
        sa.Column("step", sa.Integer, nullable=False),
        sa.UniqueConstraint(
            "kind", "coin", "interval", "model", "source", "value", "step",
            name="one_rule_of_a_kind",
        ),
        sqlite_autoincrement=True,
    )  # fmt: skip
    op.create_table(
        "alarms",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("rule", sa.Integer, nullable=False),
        sa.Column("occasion", sa.String(80), nullable=False),
        sa.Column("raised_at", sa.String(32), nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("sentence", sa.Text, nullable=False),
        sa.Column("rate", sa.Text, nullable=False),
        sa.Column("path", sa.Text, nullable=False),
        sa.UniqueConstraint("rule", "occasion", name="one_alarm_an_occasion"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_alarms_raised_at", "alarms", ["raised_at"])
    op.create_table(
        "alarm_deliveries",
        sa.Column("alarm", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("destination", sa.String(80), primary_key=True),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("changed_at", sa.String(32), nullable=False),
    )


def downgrade() -> None:
    """Refuse to go back, since that would delete what was raised.

    Raises:
        NotImplementedError: Always.
    """
    raise NotImplementedError("A ledger is never deleted by the program.")
