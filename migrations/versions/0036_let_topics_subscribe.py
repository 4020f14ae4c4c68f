"""Let each topic of a forum be a subscriber, and keep who looks after a channel from a private chat.

To be run with the old version stopped: its "on conflict (chat_id)" has no constraint any more.
"""

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0033"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    names = {"uq": "uq_%(table_name)s_%(column_0_N_name)s"}
    with op.batch_alter_table("subscribers", naming_convention=names) as subscribers:
        subscribers.add_column(
            sa.Column("thread_id", sa.BigInteger, nullable=False, server_default="0")
        )
        subscribers.drop_constraint("uq_subscribers_chat_id", type_="unique")
        subscribers.create_unique_constraint(
            "uq_subscribers_chat_id_thread_id", ["chat_id", "thread_id"]
        )
    op.create_table(
        "keepers",
        sa.Column(
            "subscriber_id",
            ID,
            sa.ForeignKey("subscribers.id", ondelete="CASCADE", name="fk_keepers_subscriber_id"),
            nullable=False,
        ),
        sa.Column("user_id", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("subscriber_id", "user_id", name="pk_keepers"),
    )
    op.create_index("ix_keepers_user_id", "keepers", ["user_id"])
