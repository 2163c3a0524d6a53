"""The tables of the workflow library. Times are seconds since 1970, UTC; JSON is text."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Double, Index, Integer, String, Table, Text

from .tables import metadata

workflows = Table(
    "workflows",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("owner", String(255), nullable=False),
    Column("name", String(200), nullable=False),
    Column("description", Text, nullable=False),
    Column("tags", Text, nullable=False),  # `,one,two,`, so that one tag can be looked for
    Column("words", Text, nullable=False),  # name, description and tags in lower case
    Column("visibility", String(16), nullable=False),
    Column("link", String(64), unique=True),
    Column("head", Integer, nullable=False),
    Column("forked_from", String(64)),
    Column("created", Double, nullable=False),
    Column("changed", Double, nullable=False),
    Column("deleted", Double),
    Index("workflows_owner", "owner", "changed"),
    Index("workflows_public", "visibility", "changed"),
)

# Two saves from one base want the same number: the second breaks this key, and nothing is lost.
revisions = Table(
    "revisions",
    metadata,
    Column("workflow", String(32), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("author", String(255), nullable=False),
    Column("message", Text),
    Column("automatic", Integer, nullable=False),
    Column("nodes", Integer, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("created", Double, nullable=False),
    Column("document", Text, nullable=False),
)

shares = Table(
    "shares",
    metadata,
    Column("workflow", String(32), primary_key=True),
    Column("person", String(255), primary_key=True),
    Column("role", String(16), nullable=False),
    Index("shares_person", "person"),
)

stars = Table(
    "stars",
    metadata,
    Column("workflow", String(32), primary_key=True),
    Column("person", String(255), primary_key=True),
    Index("stars_person", "person"),
)
