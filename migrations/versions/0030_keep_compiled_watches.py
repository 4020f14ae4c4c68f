"""Keep a watch's compiled keys and its own aliases with it, and the numbers of watches that are forgotten.

Expand only: old code writes no keys, which are then made at the next start.
"""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0026"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.add_column("watches", sa.Column("own", sa.JSON))
    op.add_column("watches", sa.Column("packed", sa.Text))
    op.add_column("watches", sa.Column("stamp", sa.String(64)))
    op.create_table(
        "forgotten_watches",
        sa.Column("revision", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("watch_id", ID, nullable=False, autoincrement=False),
        sa.PrimaryKeyConstraint("revision", "watch_id", name="pk_forgotten_watches"),
    )
