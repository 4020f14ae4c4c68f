"""Index the ledger by every filter of the console, and keep who may open the console

Expand only: the old code leaves decisions.outlet_id empty, and the backfill may be run again.
Indexes that gained a second column replace the shorter ones.
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0001"
branch_labels = None
depends_on = None

BATCH = 10_000
ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("decisions", sa.Column("outlet_id", ID, nullable=True))
    _fill_outlets()
    op.create_index("ix_decisions_subscriber_id_id", "decisions", ["subscriber_id", "id"])
    op.create_index("ix_decisions_outlet_id_id", "decisions", ["outlet_id", "id"])
    op.create_index("ix_decisions_outcome_id", "decisions", ["outcome", "id"])
    op.create_index("ix_decisions_at", "decisions", ["at"])
    op.drop_index("ix_decisions_subscriber_id", "decisions")
    op.create_index("ix_matches_watch_id_article_id", "matches", ["watch_id", "article_id"])
    op.drop_index("ix_matches_watch_id", "matches")
    _partial("ix_alerts_state_id", "alerts", ["state", "id"], "state <> 'open'")
    _partial("ix_articles_copies", "articles", ["id"], "copy_of IS NOT NULL")
    op.create_index("ix_articles_outlet_id_id", "articles", ["outlet_id", "id"])
    _console()


def _partial(name: str, table: str, columns: list[str], where: str) -> None:
    condition = sa.text(where)
    op.create_index(name, table, columns, sqlite_where=condition, postgresql_where=condition)


def _fill_outlets() -> None:
    decisions = sa.table(
        "decisions", sa.column("id"), sa.column("article_id"), sa.column("outlet_id")
    )
    articles = sa.table("articles", sa.column("id"), sa.column("outlet_id"))
    outlet = sa.select(articles.c.outlet_id).where(articles.c.id == decisions.c.article_id)
    bind = op.get_bind()
    last = bind.execute(sa.select(sa.func.max(decisions.c.id))).scalar() or 0
    for first in range(0, last, BATCH):
        op.execute(
            decisions.update()
            .where(decisions.c.id > first, decisions.c.id <= first + BATCH)
            .where(decisions.c.outlet_id.is_(None))
            .values(outlet_id=outlet.scalar_subquery())
        )


def _console() -> None:
    op.create_table(
        "console_people",
        sa.Column("user_id", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("added_by", sa.BigInteger(), nullable=False),
        sa.Column("added_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_console_people")),
    )
    op.create_table(
        "console_links",
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("language", sa.String(35), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("expires_at", TIME, nullable=False),
        sa.Column("used_at", TIME),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_console_links")),
    )
    op.create_index("ix_console_links_user_id", "console_links", ["user_id"])
    op.create_table(
        "console_sessions",
        sa.Column("id", ID, nullable=False, autoincrement=True),
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("language", sa.String(35), nullable=False),
        sa.Column("csrf", sa.String(64), nullable=False),
        sa.Column("agent", sa.Text(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("seen_at", TIME, nullable=False),
        sa.Column("ended_at", TIME),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_console_sessions")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_console_sessions_token_hash")),
    )
    op.create_index("ix_console_sessions_user_id", "console_sessions", ["user_id"])
    op.create_table(
        "console_tokens",
        sa.Column("id", ID, nullable=False, autoincrement=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("created_by", sa.BigInteger(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("used_at", TIME),
        sa.Column("revoked_at", TIME),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_console_tokens")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_console_tokens_token_hash")),
    )
    op.create_table(
        "audit",
        sa.Column("id", ID, nullable=False, autoincrement=True),
        sa.Column("at", TIME, nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("action", sa.String(64), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
    )
