"""Whose files are whose, and the bytes of input files that jobs were submitted with."""

from __future__ import annotations

import json

import sqlalchemy as sa
from alembic import op
from blake3 import blake3

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add them; files of jobs that are remembered belong to who submitted these."""
    op.add_column("orders", sa.Column("pins", sa.Text))
    files = op.create_table(
        "files",
        sa.Column("key", sa.String(32), primary_key=True),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("owner", sa.String(255), nullable=False),
    )
    op.create_index("files_owner", "files", ["owner"])
    written = sa.text(
        "SELECT artifacts.kind, artifacts.file, jobs.owner FROM artifacts "
        "JOIN jobs ON jobs.id = artifacts.job ORDER BY artifacts.id"
    )
    rows = {}
    for kind, file, owner in op.get_bind().execute(written):
        name = file.removeprefix("temp/") if kind == "temp" else file
        key = blake3(f"{kind}/{name}".encode("utf-8", "surrogatepass")).hexdigest(16)
        rows[key] = {"key": key, "kind": kind, "name": json.dumps(name), "owner": owner}
    if rows:
        op.bulk_insert(files, list(rows.values()))
