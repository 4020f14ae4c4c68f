"""Keep what evaluations measured, for the console, and what admins decided of single chats.

Expand only: old code knows neither table.
"""

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0038", "0036"
branch_labels = depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Create both tables."""
    op.create_table(
        "measurements",
        sa.Column("id", BIG, primary_key=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("what", sa.String(16), nullable=False),
        sa.Column("version", sa.String(32), nullable=False),
        sa.Column("figures", sa.JSON, nullable=False),
    )
    op.create_index("ix_measurements_what_id", "measurements", ["what", "id"])
    op.create_table(
        "chat_rules",
        sa.Column("chat_id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("served", sa.Boolean),
        sa.Column("watches", sa.Integer),
        sa.Column("set_by", sa.BigInteger, nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), nullable=False),
    )
