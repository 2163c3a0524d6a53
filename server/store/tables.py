"""The tables. Times are seconds since 1970, UTC; JSON is text, so that every database has it."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Double,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData()

jobs = Table(
    "jobs",
    metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),  # order of acceptance
    Column("id", String(64), nullable=False, unique=True),
    Column("owner", String(255), nullable=False),
    Column("title", Text),
    Column("priority", Integer, nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("state", String(16), nullable=False),
    Column("reason", Text),
    Column("models", Text, nullable=False),
    Column("nodes", Integer, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("crashes", Integer, nullable=False),
    Column("created", Double, nullable=False),
    Column("started", Double),
    Column("finished", Double),
    Column("ran", Integer),
    Column("cached", Integer),
    Column("seconds", Double),
    Column("error", Text),
    Column("idempotency_key", String(200)),
    Column("order_digest", String(64), nullable=False),
    UniqueConstraint("owner", "idempotency_key", name="jobs_key"),
    Index("jobs_state", "state", "seq"),
    Index("jobs_owner", "owner", "seq"),
)

# What a job was given. Apart from `jobs`, so that lists do not read documents.
orders = Table(
    "orders",
    metadata,
    Column("job", String(64), primary_key=True),
    Column("document", Text, nullable=False),
    Column("overrides", Text, nullable=False),
    Column("outputs", Text),
    Column("seeds", Text, nullable=False),
    Column("scope", Text),
    Column("meta", Text, nullable=False),
    Column("accepts", Text),
    Column("texts", Text),
    Column("pins", Text),  # name -> digest of the bytes of input files
)

# What a job gave, besides files.
reports = Table(
    "reports",
    metadata,
    Column("job", String(64), primary_key=True),
    Column("nodes", Text, nullable=False),
    Column("results", Text, nullable=False),
    Column("problems", Text, nullable=False),
)

artifacts = Table(
    "artifacts",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("job", String(64), nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("node", Text, nullable=False),
    Column("file", Text, nullable=False),
    Column("media_type", String(255), nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("created", Double, nullable=False),
    Index("artifacts_job", "job"),
)

events = Table(
    "events",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("owner", String(255)),
    Column("job", String(64)),
    Column("body", Text, nullable=False),
)

# Whose files are whose, by a digest of kind and name; the name is a JSON text.
files = Table(
    "files",
    metadata,
    Column("key", String(32), primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("name", Text, nullable=False),
    Column("owner", String(255), nullable=False),
    Index("files_owner", "owner"),
)

# Single values, such as whether the queue is paused.
facts = Table(
    "facts",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("value", Text, nullable=False),
)
