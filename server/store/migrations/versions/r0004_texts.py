"""Texts that the files of a job carry."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; jobs from before gave none along."""
    op.add_column("orders", sa.Column("texts", sa.Text))
