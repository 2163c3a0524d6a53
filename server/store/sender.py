"""How a transaction reaches the database: all of it at once, however the driver works."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from sqlalchemy import Engine, Executable, create_engine, event
from sqlalchemy.ext.asyncio import AsyncEngine

from .database import prepare_sqlite

# Statements in their order, each with its rows.
Groups = Sequence[tuple[Executable, list[Mapping[str, Any]]]]


class Sender(ABC):
    """Commits groups of rows."""

    @abstractmethod
    async def send(self, groups: Groups) -> None:
        """Store the rows in one transaction; none of them if that fails.

        Raises:
            IntegrityError: They contradict what is stored.
            SQLAlchemyError, OSError: The database refuses.
        """

    async def close(self) -> None:  # noqa: B027  (not every sender holds something)
        """Let go of the database."""


def sender_for(engine: AsyncEngine) -> Sender:
    """The sender that suits a database."""
    return InThread(engine) if engine.dialect.name == "sqlite" else InLoop(engine)


class InLoop(Sender):
    """Through an async driver.

    Args:
        engine: The database.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def send(self, groups: Groups) -> None:
        """Send each statement when the one before was answered."""
        async with self._engine.begin() as connection:
            for statement, rows in groups:
                await connection.execute(statement, rows)


class InThread(Sender):
    """SQLite in a thread of its own, which gets a whole transaction at once.

    Its async driver asks another thread as well, but for each cursor and statement anew, and
    every answer waits for its turn in the event loop: 17 turns for a commit, which under load took
    five times as long as the work.

    Args:
        engine: The database.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = create_engine(engine.url.set(drivername="sqlite+pysqlite"))
        event.listen(self._engine, "connect", prepare_sqlite)
        self._thread = ThreadPoolExecutor(1, "database")

    async def send(self, groups: Groups) -> None:
        """Send all of it in the thread."""
        await asyncio.get_running_loop().run_in_executor(self._thread, _send, self._engine, groups)

    async def close(self) -> None:
        """Close the connection where it was made."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._engine.dispose)
        self._thread.shutdown()


def _send(engine: Engine, groups: Groups) -> None:
    with engine.begin() as connection:
        for statement, rows in groups:
            connection.execute(statement, rows)
