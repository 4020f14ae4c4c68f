"""Keep people's verdicts, the zones they read times in, and what they call their watches

Expand only: old code leaves the new columns at their defaults.
"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0010"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    # No batch mode: it drops the table it has copied, and what refers to it would go with it.
    op.add_column(
        "subscribers", sa.Column("zone", sa.String(64), nullable=False, server_default="")
    )
    op.add_column("watches", sa.Column("title", sa.Text(), nullable=False, server_default=""))
    op.add_column("watches", sa.Column("off", sa.JSON(), nullable=True))
    op.add_column("watches", sa.Column("token", sa.String(32), nullable=True))
    op.create_index("ix_watches_token", "watches", ["token"], unique=True)
    op.create_index("ix_alerts_subscriber_id_message_id", "alerts", ["subscriber_id", "message_id"])
    op.create_table(
        "verdicts",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("subscriber_id", ID, nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("article_id", ID, nullable=False),
        sa.Column("other_id", ID, server_default="0", nullable=False),
        sa.ForeignKeyConstraint(
            ["subscriber_id"],
            ["subscribers.id"],
            name="fk_verdicts_subscriber_id",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["article_id"], ["articles.id"], name="fk_verdicts_article_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_verdicts"),
        sa.UniqueConstraint(
            "subscriber_id",
            "user_id",
            "article_id",
            "kind",
            name="uq_verdicts_subscriber_id_user_id_article_id_kind",
        ),
    )
    op.create_index("ix_verdicts_article_id", "verdicts", ["article_id"])
    op.create_index("ix_verdicts_other_id", "verdicts", ["other_id"])
    op.create_index("ix_verdicts_kind_id", "verdicts", ["kind", "id"])
