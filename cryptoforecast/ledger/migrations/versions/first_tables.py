"""The first tables."""

import sqlalchemy as sa
from alembic import op

revision = "1"
down_revision = None

WHOLE = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Make the tables of the ledger, and those that are computed from them."""
    op.create_table(
        "chain",
        sa.Column("position", WHOLE, primary_key=True, autoincrement=False),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("previous", sa.String(64), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
    )
    op.create_table(
        "forecasts",
        sa.Column("position", WHOLE, primary_key=True, autoincrement=False),
        sa.Column("made_at", sa.String(32), nullable=False),
        sa.Column("model", sa.String(80), nullable=False),
        sa.Column("version", sa.String(80), nullable=False),
        sa.Column("predictor", sa.String(32), nullable=False),
        sa.Column("coin", sa.String(32), nullable=False),
        sa.Column("quote", sa.String(16), nullable=False),
        sa.Column("interval", sa.String(8), nullable=False),
        sa.Column("horizon", sa.Integer, nullable=False),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("source", sa.String(32), nullable=False),
        sa.Column("simulated", sa.SmallInteger, nullable=False),
        sa.Column("origin", sa.String(32), nullable=False),
        sa.Column("last_close", sa.Double, nullable=False),
        sa.Column("due_at", sa.String(32), nullable=False),
        sa.Column("quantiles", sa.Text, nullable=False),
        sa.Column("naive", sa.Text, nullable=False),
        sa.Column("cone", sa.Text, nullable=False),
        sa.UniqueConstraint(
            "model", "predictor", "coin", "quote", "interval", "simulated", "origin",
            name="one_forecast_an_origin",
        ),
    )  # fmt: skip
    op.create_table(
        "outcomes",
        sa.Column("position", WHOLE, primary_key=True, autoincrement=False),
        sa.Column("forecast", WHOLE, nullable=False, unique=True),
        sa.Column("graded_at", sa.String(32), nullable=False),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("reason", sa.String(32), nullable=False),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("steps", sa.Text, nullable=False),
    )
    op.create_table(
        "series",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("model", sa.String(80), nullable=False),
        sa.Column("predictor", sa.String(32), nullable=False),
        sa.Column("coin", sa.String(32), nullable=False),
        sa.Column("quote", sa.String(16), nullable=False),
        sa.Column("interval", sa.String(8), nullable=False),
        sa.Column("simulated", sa.SmallInteger, nullable=False),
        sa.Column("horizon", sa.Integer, nullable=False),
        sa.Column("recorded", sa.Integer, nullable=False),
        sa.Column("settled", sa.Integer, nullable=False),
        sa.Column("source_gone", sa.Integer, nullable=False),
        sa.Column("candle_revised", sa.Integer, nullable=False),
        sa.Column("evidence", sa.Text, nullable=False),
        sa.UniqueConstraint(
            "model", "predictor", "coin", "quote", "interval", "simulated", "horizon",
            name="one_row_a_series",
        ),
    )  # fmt: skip
    op.create_table(
        "tallies",
        sa.Column("series", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("week", sa.String(10), primary_key=True),
        sa.Column("figures", sa.Text, nullable=False),
    )
    op.create_table(
        "waiting",
        sa.Column("forecast", WHOLE, primary_key=True, autoincrement=False),
        sa.Column("series", sa.Integer, nullable=False),
        sa.Column("due_at", sa.String(32), nullable=False),
    )
    op.create_index("waiting_by_due", "waiting", ["due_at"])
    op.create_index("waiting_by_series", "waiting", ["series", "due_at"])


def downgrade() -> None:
    """Refuse to go back, since that would delete the ledger.

    Raises:
        NotImplementedError: Always.
    """
    raise NotImplementedError("A ledger is never deleted by the program.")
