"""Let a chat ask for link previews, and keep the history of alerts that it brings along from another bot.

Expand only: old code shows no previews and reads no imported history.
"""

import sqlalchemy as sa
from alembic import op

revision = "0037"
down_revision = "0034"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.add_column(
        "subscribers", sa.Column("preview", sa.Boolean, nullable=False, server_default=sa.false())
    )
    op.create_table(
        "imported_alerts",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("subscriber_id", ID, nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("outlet", sa.Text, nullable=False),
        sa.Column("url", sa.Text, nullable=False),
        sa.ForeignKeyConstraint(
            ["subscriber_id"],
            ["subscribers.id"],
            name="fk_imported_alerts_subscriber_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_imported_alerts"),
        sa.UniqueConstraint("subscriber_id", "url", name="uq_imported_alerts_subscriber_id_url"),
    )
