"""Remember which outlets are out of sight, so that one notice is raised and one when they are back.

Expand only: old code ignores the columns.
"""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("outlets") as outlets:
        outlets.add_column(sa.Column("blind_since", sa.DateTime(timezone=True), nullable=True))
        outlets.add_column(sa.Column("blind_why", sa.String(16), nullable=True))
