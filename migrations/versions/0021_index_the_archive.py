"""Index the words of articles, for /search, /trend and the rehearsal of watches

SQLite: an FTS5 table without content, keyed by archive.id. PostgreSQL: a tsvector with a GIN index, kept
out of line so that the rows themselves stay narrow. Expand only: old code leaves both empty.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "archive",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("article_id", ID, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("outlet_id", ID, nullable=False),
        sa.Column("words", postgresql.TSVECTOR().with_variant(sa.Text(), "sqlite"), nullable=True),
        sa.ForeignKeyConstraint(
            ["article_id"], ["articles.id"], name="fk_archive_article_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_archive"),
        sa.UniqueConstraint("article_id", name="uq_archive_article_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_archive_at", "archive", ["at"])
    op.create_index(
        "ix_archive_words",
        "archive",
        ["words"],
        postgresql_using="gin",
        sqlite_where=sa.text("words IS NOT NULL"),
    )
    op.create_table(
        "searches",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("subscriber_id", ID, nullable=False),
        sa.Column("query", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["subscriber_id"],
            ["subscribers.id"],
            name="fk_searches_subscriber_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_searches"),
    )
    op.create_index("ix_searches_subscriber_id_at", "searches", ["subscriber_id", "at"])
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            "CREATE VIRTUAL TABLE archive_words USING fts5"
            "(words, content='', detail=none, columnsize=0, tokenize='ascii')"
        )
    else:
        op.execute("ALTER TABLE archive ALTER COLUMN words SET STORAGE EXTERNAL")
        op.execute("ALTER TABLE archive SET (toast_tuple_target = 128)")
