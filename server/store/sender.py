"""How a transaction reaches the database: all of it at once, however the driver works."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from sqlalchemy import ClauseElement, Engine, Executable, create_engine, event
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.sql.compiler import SQLCompiler

from .database import prepare_sqlite
from .reach import reaching

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
        async with reaching(), self._engine.begin() as connection:
            for statement, rows in groups:
                await connection.execute(statement, rows)


class InThread(Sender):
    """SQLite in a thread of its own, which gets a whole transaction at once.

    Its async driver asks another thread as well, but for each cursor and statement anew, and
    every answer waits for its turn in the event loop: 17 turns for a commit, which under load took
    five times as long as the work. Statements are made into text once, and rows into tuples here:
    numbers, texts and None are what the tables hold, and SQLite takes them as they are. SQLAlchemy
    would look at every value of every row, which took a quarter of the thread's time.

    Args:
        engine: The database.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = create_engine(engine.url.set(drivername="sqlite+pysqlite"))
        event.listen(self._engine, "connect", prepare_sqlite)
        self._thread = ThreadPoolExecutor(1, "database")
        self._texts: dict[tuple[Executable, tuple[str, ...]], _Text] = {}

    async def send(self, groups: Groups) -> None:
        """Send all of it in the thread."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._send, groups)

    def _send(self, groups: Groups) -> None:
        with self._engine.begin() as connection:
            for statement, rows in groups:
                key = statement, tuple(rows[0])
                text = self._texts.get(key)
                if text is None:
                    text = self._texts[key] = _Text(statement, key[1], self._engine)
                connection.exec_driver_sql(text.sql, text.values(rows))

    async def close(self) -> None:
        """Close the connection where it was made."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._engine.dispose)
        self._thread.shutdown()


class _Text:
    """A statement as SQLite's driver takes it.

    Args:
        statement: The statement.
        names: Of the values that rows give.
        engine: The database.
    """

    def __init__(self, statement: Executable, names: Sequence[str], engine: Engine) -> None:
        assert isinstance(statement, ClauseElement)
        made = statement.compile(engine, column_keys=list(names))
        assert isinstance(made, SQLCompiler)
        self.sql = made.string
        self._order = tuple(made.positiontup or ())
        # Values that stand in the statement itself, such as `automatic = 0`.
        every = made.construct_params(dict.fromkeys(names))
        self._fixed = {name: value for name, value in every.items() if name not in names}

    def values(self, rows: Iterable[Mapping[str, Any]]) -> list[tuple[Any, ...]]:
        """The values of rows in the order in which the statement has them."""
        if self._fixed:
            rows = [{**self._fixed, **row} for row in rows]
        return [tuple(map(row.__getitem__, self._order)) for row in rows]
