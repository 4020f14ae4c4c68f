"""Let chats and watches choose when they are told, and several alerts be told in one message.

Expand only: old code tells everything at once, and leaves what is held for a time until new code runs.
"""

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0032"
branch_labels = None
depends_on = None

Id = sa.BigInteger().with_variant(sa.Integer, "sqlite")
Time = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "digests",
        sa.Column("id", Id, primary_key=True, autoincrement=True),
        sa.Column("subscriber_id", Id, nullable=False),
        sa.Column("why", sa.String(16), nullable=False),
        sa.Column("page", sa.Integer, nullable=False, server_default="1"),
        sa.Column("created_at", Time, nullable=False),
        sa.Column("told_at", Time),
        sa.PrimaryKeyConstraint("id", name="pk_digests"),
        sa.ForeignKeyConstraint(
            ["subscriber_id"],
            ["subscribers.id"],
            name="fk_digests_subscriber_id",
            ondelete="CASCADE",
        ),
    )
    op.create_index("ix_digests_subscriber_id", "digests", ["subscriber_id"])
    op.add_column(
        "subscribers",
        sa.Column("mode", sa.String(16), nullable=False, server_default="instant"),
    )
    op.add_column(
        "subscribers", sa.Column("quiet", sa.String(32), nullable=False, server_default="")
    )
    op.add_column("watches", sa.Column("mode", sa.String(16)))
    op.add_column("alerts", sa.Column("digest_id", Id))
    op.add_column("deliveries", sa.Column("digest_id", Id))
    op.create_index(
        "ix_alerts_digest_id",
        "alerts",
        ["digest_id"],
        sqlite_where=sa.text("digest_id IS NOT NULL"),
        postgresql_where=sa.text("digest_id IS NOT NULL"),
    )
    op.create_index(
        "ix_deliveries_digest_id",
        "deliveries",
        ["digest_id"],
        sqlite_where=sa.text("digest_id IS NOT NULL"),
        postgresql_where=sa.text("digest_id IS NOT NULL"),
    )
    op.create_index(
        "ix_alerts_state_reason_due_at",
        "alerts",
        ["state_reason", "due_at"],
        sqlite_where=sa.text("state = 'held'"),
        postgresql_where=sa.text("state = 'held'"),
    )
