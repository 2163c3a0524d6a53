"""The database: migrations, and changes that share a commit."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from pydantic import SecretStr
from sqlalchemy import event, select, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine

import weft.server.store
from tests.server.store.databases import URL, own_database, with_postgresql
from weft.engine.errors import WeftError
from weft.server.jobs.record import MUTABLE
from weft.server.settings import Settings
from weft.server.store import library_tables  # noqa: F401  (its tables join the metadata)
from weft.server.store import writer as writer_module
from weft.server.store.database import HEAD, close_database, open_database
from weft.server.store.sender import Groups, sender_for
from weft.server.store.statements import Statements
from weft.server.store.tables import events, facts, jobs, metadata
from weft.server.store.writer import Writer, WriterChange

Opened = Callable[[], AbstractAsyncContextManager[tuple[AsyncEngine, Statements, Writer]]]


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=with_postgresql)])
async def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Opened:
    database = await own_database() if request.param == "postgresql" else None
    return partial(open_store, Settings(data=tmp_path, database=database))


@asynccontextmanager
async def open_store(settings: Settings) -> AsyncIterator[tuple[AsyncEngine, Statements, Writer]]:
    engine = await open_database(settings)
    statements = Statements(engine.dialect.name, MUTABLE)
    writer = Writer(sender_for(engine), statements.in_order)
    writer.start()
    try:
        yield engine, statements, writer
    finally:
        await writer.close()
        await close_database(engine)


async def rows(engine: AsyncEngine, table: Any) -> list[Any]:
    async with engine.connect() as connection:
        return list((await connection.execute(select(table))).all())


async def test_closing_waits_for_who_still_reads(tmp_path: Path) -> None:
    engine = await open_database(Settings(data=tmp_path))
    drivers: list[Any] = []
    event.listen(engine.sync_engine, "checkout", lambda made, *_: drivers.append(made))
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def read() -> None:
        async with engine.connect() as connection:
            begun.set()
            await go_on.wait()
            await connection.execute(select(jobs))

    reading = asyncio.create_task(read())
    await begun.wait()
    closing = asyncio.create_task(close_database(engine))
    await asyncio.sleep(0.05)
    assert not closing.done()
    go_on.set()
    await closing
    await reading
    opened = [made.driver_connection for made in drivers]
    assert opened
    for connection in opened:
        with pytest.raises(ValueError, match="no active connection"):
            await connection.execute("SELECT 1")


async def test_migrations_make_the_tables_that_the_code_uses(opened: Opened) -> None:
    async with opened() as (engine, _, _), engine.connect() as connection:
        differences = await connection.run_sync(
            lambda c: compare_metadata(MigrationContext.configure(c), metadata)
        )
        assert differences == []


def test_head_is_the_last_migration() -> None:
    folder = Path(weft.server.store.__file__).parent / "migrations"
    config = Config()
    config.set_main_option("script_location", str(folder))
    assert ScriptDirectory.from_config(config).get_current_head() == HEAD


async def test_database_of_a_newer_weft_is_refused_and_left_alone(opened: Opened) -> None:
    async with opened() as (engine, _, _), engine.begin() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(WeftError, match="9999") as caught:
        async with opened():
            pass
    assert caught.value.code == "server.database"


@pytest.mark.parametrize(
    "url",
    [
        "nonsense-secret",
        "nosuch://u:secret@host/x",
        "mysql://u:secret@host/x",
        "sqlite:////no/such/folder/x",
        "postgresql://u:secret@127.0.0.1:1/x",
    ],
)
async def test_database_that_cannot_be_opened_is_a_plain_error(tmp_path: Path, url: str) -> None:
    with pytest.raises(WeftError) as caught:
        await open_database(Settings(data=tmp_path, database=SecretStr(url)))
    assert caught.value.code == "server.database"
    assert "secret" not in str(caught.value)


async def test_driver_that_is_missing_is_named_with_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "asyncpg", None)
    with pytest.raises(WeftError) as caught:
        await open_database(Settings(data=tmp_path, database=SecretStr("postgresql://host/x")))
    assert caught.value.problem.hint == "Install weft[postgresql]."


@pytest.mark.parametrize("change", [{"database": "nosuch"}, {"username": "nobody"}])
@pytest.mark.slow
@pytest.mark.skipif(not URL, reason="WEFT_TEST_POSTGRESQL names no database")
async def test_postgresql_that_refuses_is_a_plain_error(
    tmp_path: Path, change: dict[str, str]
) -> None:
    url = make_url(URL).set(**change).render_as_string(hide_password=False)
    with pytest.raises(WeftError, match=r"does not exist\.") as caught:
        await open_database(Settings(data=tmp_path, database=SecretStr(url)))
    assert caught.value.code == "server.database"
    assert "asyncpg" not in str(caught.value)


async def test_stored_means_that_another_connection_reads_it(opened: Opened) -> None:
    async with opened() as (engine, say, writer):
        await writer.store([say.fact("paused", "true")])
        assert await rows(engine, facts) == [("paused", "true")]


async def test_many_changes_share_few_commits_and_are_told_in_order(opened: Opened) -> None:
    told: list[int] = []
    async with opened() as (engine, say, writer):
        await asyncio.gather(
            *(
                writer.store([say.event(i, None, None, "{}")], lambda i=i: told.append(i))
                for i in range(500)
            )
        )
        assert writer.commits < 50
        assert told == list(range(500))
        assert len(await rows(engine, events)) == 500


async def test_one_contradiction_in_a_batch_is_refused_alone(opened: Opened) -> None:
    async with opened() as (engine, say, writer):
        await writer.store([say.event(1, None, None, "first")])
        found = await asyncio.gather(
            writer.store([say.event(2, None, None, "second")]),
            writer.store([say.event(1, None, None, "again"), say.event(9, None, None, "with it")]),
            writer.store([say.event(3, None, None, "third")]),
            return_exceptions=True,
        )
        assert [type(each) for each in found] == [type(None), IntegrityError, type(None)]
        assert [row.body for row in await rows(engine, events)] == ["first", "second", "third"]


async def test_change_that_cannot_be_made_fails_alone(opened: Opened) -> None:
    def faulty() -> list[WriterChange]:
        raise ValueError("no row")

    async with opened() as (engine, say, writer):
        writer.put(faulty)
        found = await asyncio.gather(
            writer.store([say.event(1, None, None, "first")]),
            writer.store(faulty),
            writer.store(lambda: [say.event(2, None, None, "second")]),
            return_exceptions=True,
        )
        assert [type(each) for each in found] == [type(None), ValueError, type(None)]
        assert [row.body for row in await rows(engine, events)] == ["first", "second"]


async def test_row_that_no_driver_takes_fails_alone(opened: Opened) -> None:
    async with opened() as (engine, say, writer):
        if engine.dialect.name != "sqlite":
            pytest.skip("its driver says so in another way")
        writer.put([say.event(7, None, None, "\ud800")])
        found = await asyncio.gather(
            writer.store([say.event(1, None, None, "first")]),
            writer.store([say.event(2, None, None, "\ud800")]),
            writer.store([say.event(3, None, None, "third")]),
            return_exceptions=True,
        )
        assert [each is None for each in found] == [True, False, True]
        await writer.store([say.event(4, None, None, "later")])
        assert [row.id for row in await rows(engine, events)] == [1, 3, 4]


async def test_whole_states_of_one_thing_are_written_once(opened: Opened) -> None:
    async with opened() as (engine, say, writer):
        for number in range(10):
            writer.put([say.fact("paused", str(number))])
        await writer.store([say.fact("other", "x")])
        assert dict(await rows(engine, facts)) == {"paused": "9", "other": "x"}


async def test_disk_that_refuses_fails_those_who_wait_and_keeps_the_rest(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer_module, "_RETRY_AFTER", 0.0)
    async with opened() as (engine, say, writer):
        full = True
        send = writer._sender.send

        async def refusing(groups: Groups) -> None:
            if full:
                raise OperationalError("INSERT", {}, Exception("database or disk is full"))
            await send(groups)

        monkeypatch.setattr(writer._sender, "send", refusing)
        later = asyncio.get_running_loop().create_future()
        writer.put([say.fact("kept", "1")], lambda: later.set_result(None))
        with pytest.raises(OperationalError):
            await writer.store([say.fact("asked", "1")])
        assert not writer.healthy
        full = False
        await asyncio.wait_for(later, 10)
        assert writer.healthy
        assert await rows(engine, facts) == [("kept", "1")]


async def test_closing_writes_what_is_left(opened: Opened) -> None:
    async with opened() as (_, say, writer):
        writer.put(
            [WriterChange(say.add_event, {"id": 1, "owner": None, "job": None, "body": "x"})]
        )
    async with opened() as (engine, _, _):
        assert len(await rows(engine, events)) == 1
