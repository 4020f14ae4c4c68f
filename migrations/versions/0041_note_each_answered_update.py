"""Note each update that was answered, so that those of different chats are answered beside each other.

Expand only: old code goes on counting in counters, which is not read any more. The last hundred that it
answered are taken along: Telegram may tell those again.
"""

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0041", "0037"
branch_labels = depends_on = None

BATCH = 100  # of updates that Telegram tells at once


def upgrade() -> None:
    """Create the table and note those that may be told again."""
    answered = op.create_table(
        "answered_updates",
        sa.Column("update_id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("ix_answered_updates_answered_at", "answered_updates", ["answered_at"])
    counters = sa.table("counters", sa.column("name"), sa.column("value"))
    last = sa.select(counters.c.value).where(counters.c.name == "update_offset")
    done = op.get_bind().execute(last).scalar()
    if done:
        told = range(max(1, done - BATCH + 1), done + 1)
        now = sa.func.current_timestamp()
        op.execute(answered.insert().values([{"update_id": n, "answered_at": now} for n in told]))
