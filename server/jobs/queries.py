"""Queries of jobs in the database."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Executable, func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from ..api.jobs import FINAL, Artifact, State
from ..events.note import Kept
from ..store.reach import reaching, rows_of
from ..store.tables import artifacts, events, facts, files, jobs, orders, reports
from .record import Record, record_of, when

_AT_ONCE = 500  # values in one statement; databases have limits


@dataclass(frozen=True, slots=True)
class StoredOrder:
    """The stored order of a job; see the table `orders`."""

    document: str
    overrides: dict[str, Any]
    outputs: list[str] | None
    seeds: dict[str, int]
    scope: str | None
    meta: dict[str, Any]
    accepts: list[str] | None = None
    texts: dict[str, str] | None = None
    pins: dict[str, str] | None = None


@dataclass(frozen=True, slots=True)
class StoredReport:
    """The stored report of a job, without its files; all as JSON data."""

    nodes: dict[str, Any]
    results: dict[str, Any]
    problems: list[dict[str, Any]]


class Queries:
    """Reads; never writes.

    Args:
        engine: The database.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def _rows(self, statement: Executable) -> Sequence[Any]:
        return await rows_of(self._engine, statement)

    async def _one(self, statement: Executable) -> Any:
        rows = await self._rows(statement)
        return rows[0] if rows else None

    async def ping(self) -> None:
        """Return when the database has answered.

        Raises:
            SQLAlchemyError: It refuses, or is away.
        """
        await self._rows(select(1))

    async def active(self) -> list[Record]:
        """Jobs that wait or run."""
        found = await self._rows(select(jobs).where(jobs.c.state.in_(("queued", "running"))))
        return [record_of(row) for row in found]

    async def pins(self) -> dict[str, dict[str, str]]:
        """The input files of jobs that wait or run, by job: digest by name."""
        going = select(jobs.c.id).where(jobs.c.state.in_(("queued", "running")))
        rows = await self._rows(
            select(orders.c.job, orders.c.pins).where(
                orders.c.pins.is_not(None), orders.c.job.in_(going)
            )
        )
        return {row["job"]: json.loads(row["pins"]) for row in rows}

    async def highest(self) -> tuple[int, int, int]:
        """The highest numbers so far: of jobs, artifacts, events."""
        tables = (jobs.c.seq, artifacts.c.id, events.c.id)
        async with reaching(), self._engine.connect() as connection:
            found = [
                (await connection.execute(select(func.max(column)))).scalar() or 0
                for column in tables
            ]
        return found[0], found[1], found[2]

    async def job(self, job: str) -> Record | None:
        """One job, or None."""
        row = await self._one(select(jobs).where(jobs.c.id == job))
        return record_of(row) if row is not None else None

    async def knows(self, owner: str) -> bool:
        """Whether a user has any data: jobs, files, events of forgotten jobs."""
        for column in (jobs.c.owner, events.c.owner, files.c.owner):
            if await self._rows(select(column).where(column == owner).limit(1)):
                return True
        return False

    async def with_keys(self, owner: str, keys: Sequence[str]) -> dict[str, Record]:
        """The jobs that an owner ordered with some idempotency keys, by key."""
        found: dict[str, Record] = {}
        for start in range(0, len(keys), _AT_ONCE):
            some = jobs.c.idempotency_key.in_(keys[start : start + _AT_ONCE])
            for row in await self._rows(select(jobs).where(jobs.c.owner == owner, some)):
                found[row["idempotency_key"]] = record_of(row)
        return found

    async def page(
        self, owner: str | None, state: State | None, limit: int, before: int | None
    ) -> list[Record]:
        """Jobs accepted before number `before`, newest first."""
        statement = select(jobs).order_by(jobs.c.seq.desc()).limit(limit)
        if owner is not None:
            statement = statement.where(jobs.c.owner == owner)
        if state is not None:
            statement = statement.where(jobs.c.state == state)
        if before is not None:
            statement = statement.where(jobs.c.seq < before)
        return [record_of(row) for row in await self._rows(statement)]

    async def count_over(self) -> dict[str, int]:
        """How many jobs of each owner are over."""
        number = select(jobs.c.owner, func.count().label("n"))
        rows = await self._rows(
            number.where(jobs.c.state.in_(sorted(FINAL))).group_by(jobs.c.owner)
        )
        return {row["owner"]: int(row["n"]) for row in rows}

    async def oldest_over(self, owner: str, limit: int) -> list[Record]:
        """The oldest jobs of an owner that are over."""
        over = select(jobs).where(jobs.c.owner == owner, jobs.c.state.in_(sorted(FINAL)))
        found = await self._rows(over.order_by(jobs.c.seq).limit(limit))
        return [record_of(row) for row in found]

    async def counts(self) -> dict[str, int]:
        """Number of jobs by state."""
        rows = await self._rows(select(jobs.c.state, func.count().label("n")).group_by("state"))
        return {row["state"]: row["n"] for row in rows}

    async def order(self, job: str) -> StoredOrder:
        """The order of a job. The job must exist."""
        row = await self._one(select(orders).where(orders.c.job == job))
        return StoredOrder(
            document=row["document"],
            overrides=json.loads(row["overrides"]),
            outputs=json.loads(row["outputs"]) if row["outputs"] is not None else None,
            seeds=json.loads(row["seeds"]),
            scope=row["scope"],
            meta=json.loads(row["meta"]),
            accepts=json.loads(row["accepts"]) if row["accepts"] is not None else None,
            texts=json.loads(row["texts"]) if row["texts"] is not None else None,
            pins=json.loads(row["pins"]) if row["pins"] is not None else None,
        )

    async def report(self, job: str) -> StoredReport:
        """The report of a job so far."""
        row = await self._one(select(reports).where(reports.c.job == job))
        if row is None:
            return StoredReport({}, {}, [])
        return StoredReport(*(json.loads(row[name]) for name in ("nodes", "results", "problems")))

    async def artifacts(self, job: str) -> list[Artifact]:
        """The files of a job, in order.

        A node that a later attempt has run again wrote its files again; those of the last
        attempt count.
        """
        rows = await self._rows(
            select(artifacts).where(artifacts.c.job == job).order_by(artifacts.c.id)
        )
        last: dict[str, int] = {}
        for row in rows:
            last[row["node"]] = max(row["attempt"], last.get(row["node"], 0))
        return [artifact_of(row) for row in rows if row["attempt"] == last[row["node"]]]

    async def artifact(self, number: int) -> tuple[str, Artifact] | None:
        """A file and the job that wrote it, or None."""
        row = await self._one(select(artifacts).where(artifacts.c.id == number))
        return (row["job"], artifact_of(row)) if row is not None else None

    async def events(self, limit: int) -> list[Kept]:
        """The last events, oldest first."""
        rows = await self._rows(select(events).order_by(events.c.id.desc()).limit(limit))
        return [Kept(r["id"], r["owner"], r["job"], r["body"]) for r in reversed(rows)]

    async def files(self) -> Sequence[Any]:
        """Kind, name and owner of every file that has one."""
        return await self._rows(select(files.c.kind, files.c.name, files.c.owner))

    async def fact(self, name: str) -> str | None:
        """A single value, or None."""
        row = await self._one(select(facts).where(facts.c.name == name))
        value: str | None = row["value"] if row is not None else None
        return value


def artifact_of(row: Any) -> Artifact:
    """A file as clients see it."""
    return Artifact(
        created=when(row["created"]),
        **{n: row[n] for n in ("id", "node", "file", "media_type", "bytes", "kind")},
    )
