"""Keep what admins say of two articles apart from what readers say: it binds, and needs no subscriber.

Expand only: old code ignores the table. What an admin has called no copy so far is carried over.
"""

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0038"
branch_labels = None
depends_on = None


def upgrade() -> None:
    id_type = sa.BigInteger().with_variant(sa.Integer, "sqlite")
    op.create_table(
        "rulings",
        sa.Column("article_id", id_type, autoincrement=False, nullable=False),
        sa.Column("other_id", id_type, autoincrement=False, nullable=False),
        sa.Column("one_text", sa.Boolean, nullable=False),
        sa.Column("user_id", sa.BigInteger, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["article_id"], ["articles.id"], name="fk_rulings_article_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["other_id"], ["articles.id"], name="fk_rulings_other_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("article_id", "other_id", name="pk_rulings"),
    )
    op.create_index("ix_rulings_other_id", "rulings", ["other_id"])
    # An admin's "not a copy" left its mark on the article that was moved.
    op.execute(
        """
        INSERT INTO rulings (article_id, other_id, one_text, user_id, at)
        SELECT CASE WHEN said.article_id < said.other_id THEN said.article_id ELSE said.other_id END,
            CASE WHEN said.article_id < said.other_id THEN said.other_id ELSE said.article_id END,
            false, max(said.user_id), max(said.at)
        FROM verdicts AS said
        JOIN articles AS moved ON moved.id = said.article_id
        JOIN articles AS other ON other.id = said.other_id
        WHERE said.kind = 'not_a_copy' AND said.article_id <> said.other_id
            AND CAST(moved.evidence AS TEXT) LIKE '%"rule": "verdict"%'
        GROUP BY 1, 2
        """
    )
