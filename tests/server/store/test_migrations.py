"""A database that any earlier weft has written opens, and its jobs run and are found again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from pydantic import SecretStr
from sqlalchemy import Connection, MetaData, insert, inspect
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import create_async_engine

import weft.server.store
from tests.server.fake import FakeWorkers
from tests.server.running import FLOAT, serving
from tests.server.store.databases import own_database, with_postgresql
from weft.server.settings import Settings
from weft.server.store import library_tables  # noqa: F401  (its tables join the metadata)
from weft.server.store.database import open_database
from weft.server.store.tables import metadata

FOLDER = Path(weft.server.store.__file__).parent / "migrations"
DRIVERS = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg"}
JOB = {
    "owner": "local", "priority": 0, "models": "", "nodes": 1, "crashes": 0, "created": 1.0,
    "order_digest": "",
}  # fmt: skip


def config() -> Config:
    found = Config()
    found.set_main_option("script_location", str(FOLDER))
    return found


def revisions() -> list[str]:
    walk = ScriptDirectory.from_config(config()).walk_revisions()
    return sorted(each.revision for each in walk)


def as_it_was(connection: Connection, revision: str) -> None:
    """Make the tables of that time, with a job that waits and one that is over."""
    alembic = config()
    alembic.attributes["connection"] = connection
    command.upgrade(alembic, revision)
    tables = MetaData()
    tables.reflect(connection)

    def add(table: str, **row: Any) -> None:
        connection.execute(insert(tables.tables[table]).values(**row))

    for number, (job, state) in enumerate((("waits", "queued"), ("over", "done")), 1):
        attempt = int(state == "done")
        more = {"seq": number, "position": number, "state": state, "attempt": attempt}
        add("jobs", id=job, **JOB, **more)
        document = json.dumps({"weft": 1, **FLOAT})
        outputs = json.dumps(["n.value"])
        add("orders", job=job, document=document, overrides="{}", seeds="{}", meta="{}",
            outputs=outputs)  # fmt: skip
    add("reports", job="over", nodes="{}", results='{"n.value": 2.5}', problems="[]")
    add("events", id=7, owner="local", job="over", body='{"type":"deleted","id":7,"job":"x"}')
    add("facts", name="paused", value="true")


@pytest.mark.parametrize("revision", revisions())
@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgresql", marks=with_postgresql)])
async def test_database_of_every_earlier_revision_opens_with_all_that_it_held(
    tmp_path: Path, kind: str, revision: str
) -> None:
    database = (
        await own_database()
        if kind == "postgresql"
        else SecretStr(f"sqlite:///{tmp_path / 'old.sqlite'}")
    )
    url = make_url(database.get_secret_value())
    engine = create_async_engine(url.set(drivername=DRIVERS[kind]))
    async with engine.begin() as connection:
        await connection.run_sync(as_it_was, revision)
    await engine.dispose()

    workers = FakeWorkers()
    async with serving(tmp_path, workers, database=database) as api:
        assert (await api.get("over"))["results"] == {"n.value": 2.5}
        assert (await api.ask("GET", "/v1/queue"))[1]["paused"] is True
        await api.ask("POST", "/v1/queue/resume")
        assert await workers.last.given(1) == ["waits"]
        assert (await api.submit(FLOAT, outputs=["n.value"]))["state"] == "queued"

    engine = await open_database(Settings(data=tmp_path, database=database))
    async with engine.connect() as connection:
        differences = await connection.run_sync(
            lambda c: compare_metadata(MigrationContext.configure(c), metadata)
        )
    await engine.dispose()
    assert differences == []


async def test_migration_that_fails_half_way_leaves_the_database_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = SecretStr(f"sqlite:///{tmp_path / 'old.sqlite'}")
    url = make_url(database.get_secret_value()).set(drivername=DRIVERS["sqlite"])
    engine = create_async_engine(url)
    async with engine.begin() as connection:
        await connection.run_sync(as_it_was, "0002")

    from alembic import op

    add_column, added = op.add_column, []

    def second_one_fails(*given: Any, **more: Any) -> None:
        added.append(given)
        if len(added) == 2:
            raise OSError("the machine is switched off")
        add_column(*given, **more)

    def columns(connection: Connection) -> set[str]:
        return {each["name"] for each in inspect(connection).get_columns("orders")}

    monkeypatch.setattr(op, "add_column", second_one_fails)
    with pytest.raises(Exception, match="switched off"):
        await open_database(Settings(data=tmp_path, database=database))
    monkeypatch.undo()
    async with engine.connect() as connection:
        assert not {"accepts", "texts"} & await connection.run_sync(columns)
    await engine.dispose()
    opened = await open_database(Settings(data=tmp_path, database=database))
    async with opened.connect() as connection:
        assert {"accepts", "texts"} <= await connection.run_sync(columns)
    await opened.dispose()
