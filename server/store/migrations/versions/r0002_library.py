"""The workflow library: workflows, revisions, shares, stars."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "workflows",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("owner", sa.String(255), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("description", sa.Text, nullable=False),
        sa.Column("tags", sa.Text, nullable=False),
        sa.Column("words", sa.Text, nullable=False),
        sa.Column("visibility", sa.String(16), nullable=False),
        sa.Column("link", sa.String(64), unique=True),
        sa.Column("head", sa.Integer, nullable=False),
        sa.Column("forked_from", sa.String(64)),
        sa.Column("created", sa.Double, nullable=False),
        sa.Column("changed", sa.Double, nullable=False),
        sa.Column("deleted", sa.Double),
    )
    op.create_index("workflows_owner", "workflows", ["owner", "changed"])
    op.create_index("workflows_public", "workflows", ["visibility", "changed"])
    op.create_table(
        "revisions",
        sa.Column("workflow", sa.String(32), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("author", sa.String(255), nullable=False),
        sa.Column("message", sa.Text),
        sa.Column("automatic", sa.Integer, nullable=False),
        sa.Column("nodes", sa.Integer, nullable=False),
        sa.Column("bytes", sa.BigInteger, nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("created", sa.Double, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
    )
    op.create_table(
        "shares",
        sa.Column("workflow", sa.String(32), primary_key=True),
        sa.Column("person", sa.String(255), primary_key=True),
        sa.Column("role", sa.String(16), nullable=False),
    )
    op.create_index("shares_person", "shares", ["person"])
    op.create_table(
        "stars",
        sa.Column("workflow", sa.String(32), primary_key=True),
        sa.Column("person", sa.String(255), primary_key=True),
    )
    op.create_index("stars_person", "stars", ["person"])
