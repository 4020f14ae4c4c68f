"""Let commands add and retire outlets beside the outlets file, which leaves them alone.

Expand only: old code ignores the column.
"""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("outlets") as outlets:
        outlets.add_column(
            sa.Column("by_hand", sa.Boolean, nullable=False, server_default=sa.false())
        )
