"""Open the database, and bring its tables to the form that this version has."""

from __future__ import annotations

import asyncio
import logging
import re
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, event, inspect, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import QueuePool

from weft.engine.errors import WeftError

from ..settings import Settings
from .private import private_file, private_folder
from .reach import ANSWER

log = logging.getLogger(__name__)

HEAD = "0005"  # the last migration; a test compares it with what Alembic finds
_DRIVERS = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg"}
_PATIENCE = 10.0  # seconds for a connection, and for readers to end before all is closed
_TURN = 0.01  # seconds between two looks whether they have


async def open_database(settings: Settings) -> AsyncEngine:
    """The database of a server, its tables made or migrated.

    Args:
        settings: `database` is any SQLAlchemy URL with an async driver; `sqlite:` and
            `postgresql:` get one. Without it: `weft.sqlite` below `data`.

    Raises:
        WeftError: `server.database`: it cannot be opened, or a newer weft has written it.
    """
    private_folder(settings.data)
    named = settings.database.get_secret_value() if settings.database is not None else None
    try:
        url = make_url(named or f"sqlite:///{settings.data / 'weft.sqlite'}")
        url = url.set(drivername=_DRIVERS.get(url.drivername, url.drivername))
        engine = create_async_engine(url, **_options(url))
    except ModuleNotFoundError as error:
        if error.name != "asyncpg":
            raise _unknown() from error
        raise _trouble(
            "the driver for PostgreSQL is missing", "Install weft[postgresql]."
        ) from error
    except (ArgumentError, NoSuchModuleError) as error:
        raise _unknown() from error
    if url.get_backend_name() == "sqlite":
        file = Path(url.database or "")
        if not file.parent.is_dir():
            raise _trouble(f"the folder {file.parent} does not exist")
        _close_to_others(file)
        event.listen(engine.sync_engine, "connect", prepare_sqlite)
    try:
        async with engine.begin() as connection:
            await connection.run_sync(_migrate)
    except (DBAPIError, OSError) as error:
        await engine.dispose()
        # The driver's class stands in front, in brackets.
        text = re.sub(r"^\(.*?\) ", "", str(error).partition("\n")[0])
        raise _trouble(text) from error
    except BaseException:
        await engine.dispose()
        raise
    return engine


def _options(url: URL) -> dict[str, Any]:
    """How a database is opened: nothing that lies across a network is waited for without end."""
    if url.get_backend_name() == "sqlite":
        return {}
    options: dict[str, Any] = {"pool_pre_ping": True, "pool_timeout": _PATIENCE}
    if url.drivername == _DRIVERS["postgresql"]:
        options["connect_args"] = {"timeout": _PATIENCE, "command_timeout": ANSWER}
    return options


async def close_database(engine: AsyncEngine) -> None:
    """Close the database, once running reads have returned their connections.

    Disposing alone would forget a connection that is out, and leave it open: a request that the
    server broke off may need a few more turns of the event loop to let go.
    """
    pool = engine.pool
    turns = _PATIENCE / _TURN
    while isinstance(pool, QueuePool) and pool.checkedout() and turns > 0:
        await asyncio.sleep(_TURN)
        turns -= 1
    if turns <= 0:
        log.warning("the database was closed during a read")
    await engine.dispose()


def prepare_sqlite(connection: Any, _record: object) -> None:
    """Set up a new connection to SQLite."""
    cursor = connection.cursor()
    # WAL lets readers go on while one writes. FULL waits for the disk at every commit: what was
    # accepted survives a power cut too, and many changes share one commit.
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=10000"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _migrate(connection: Connection) -> None:
    if "alembic_version" in inspect(connection).get_table_names():
        found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
        if found == HEAD:
            return  # the usual case, and Alembic need not be imported for it
        if found is not None and found > HEAD:
            raise WeftError(
                f"The database has schema version {found}; this weft supports version {HEAD}.",
                code="server.database",
                hint="Update weft, or start it with another --data.",
            )
    from alembic import command
    from alembic.config import Config

    if connection.dialect.name == "sqlite":
        # Its driver would commit every change of a table by itself, and a server that is killed
        # between two of them could never start again.
        connection.execute(text("BEGIN IMMEDIATE"))
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _close_to_others(file: Path) -> None:
    """Let nobody else read a database of SQLite, nor the files that SQLite keeps beside it."""
    try:
        private_file(file)
        for beside in (f"{file.name}-wal", f"{file.name}-shm"):
            if file.with_name(beside).exists():
                private_file(file.with_name(beside))
    except OSError as error:
        raise _trouble(error.strerror or str(error)) from error


def _trouble(text: str, hint: str | None = None) -> WeftError:
    return WeftError(
        f"The database cannot be opened: {text.rstrip('.')}.",
        code="server.database",
        hint=hint or "Check --database, or the permissions of the folder --data.",
    )


def _unknown() -> WeftError:
    """Without the URL, in which a password may stand."""
    return WeftError(
        "The database cannot be opened: weft does not support the kind of database in its URL.",
        code="server.database",
        expected="sqlite:///path or postgresql://user:password@host/name",
        hint="Correct --database.",
    )
