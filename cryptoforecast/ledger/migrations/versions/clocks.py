"""The table of the times at which the ledger's clock was set back."""

import sqlalchemy as sa
from alembic import op

revision = "3"
down_revision = "2"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "clocks",
        sa.Column(
            "position",
            sa.BigInteger().with_variant(sa.Integer, "sqlite"),
            primary_key=True,
            autoincrement=False,
        ),
        sa.Column("set_at", sa.String(32), nullable=False),
        sa.Column("after", sa.BigInteger().with_variant(sa.Integer, "sqlite"), nullable=False),
    )


def downgrade() -> None:
    """Refuse to go back, since that would delete entries.

    Raises:
        NotImplementedError: Always.
    """
    raise NotImplementedError("A ledger is never deleted by the program.")
