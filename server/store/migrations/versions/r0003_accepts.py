"""What a job was accepted to do."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; earlier jobs are the users' own, without restrictions."""
    op.add_column("orders", sa.Column("accepts", sa.Text))
