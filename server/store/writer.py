"""Group commit: many changes, one transaction, one wait for the disk.

Whoever changes something puts its rows here and may wait until they are stored. What is put while
a transaction runs goes into the next one together, so that the number of commits follows the disk
and not the number of changes.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Executable
from sqlalchemy.exc import DataError, IntegrityError, SQLAlchemyError

from .sender import Groups, Sender

log = logging.getLogger(__name__)

_RETRY_AFTER = 1.0  # seconds
_PACE = 0.005  # seconds between two transactions for whose end nobody waits
_MOST_AT_ONCE = 2000  # changes in one transaction
_TROUBLE = (SQLAlchemyError, OSError)  # what the database says
_OWN_FAULT = (IntegrityError, DataError)  # of that, what is about single rows


@dataclass(frozen=True, slots=True, eq=False)
class WriterChange:
    """One row for one statement.

    Attributes:
        statement: One of a few constants; rows of the same one are sent together.
        row: Its parameters.
        last_wins: A key for changes that carry a whole state: of several with the same key in
            one transaction only the last is written. None for changes that all count.
    """

    statement: Executable
    row: Mapping[str, Any]
    last_wins: str | None = None


# Rows, or what makes them when they are sent.
Changes = Iterable[WriterChange] | Callable[[], Iterable[WriterChange]]


@dataclass(slots=True, eq=False)
class _Entry:
    changes: Changes
    then: Callable[[], None] | None
    stored: asyncio.Future[None] | None

    def made(self) -> tuple[WriterChange, ...]:
        """The changes, which are then fixed."""
        if not isinstance(self.changes, tuple):
            self.changes = tuple(self.changes() if callable(self.changes) else self.changes)
        return self.changes


class Writer:
    """The only one who writes to the database.

    Args:
        sender: Reaches the database; closed with the writer.
        order: Every statement, in the order in which they are sent within a transaction.
        probe: Makes a change that does nothing. After a refusal it is tried again and again, so
            that `healthy` says what is true although nobody writes; None to wait for who does.
    """

    def __init__(
        self,
        sender: Sender,
        order: Iterable[Executable],
        probe: Callable[[], WriterChange] | None = None,
    ) -> None:
        self._sender = sender
        self._probe = probe
        self._statements = tuple(order)
        self._rank = {id(statement): rank for rank, statement in enumerate(self._statements)}
        self._waiting: list[_Entry] = []
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._asked = 0  # of those that wait to be sent, how many somebody waits for
        self._ended = 0.0  # when the last transaction did, by the clock of the event loop
        self._closing = False
        self._sending = False
        self.commits = 0
        self.healthy = True

    def start(self) -> None:
        """Begin to write."""
        self._task = asyncio.create_task(self._work(), name="writer")

    async def close(self) -> None:
        """Write what is left, and end."""
        self._closing = True
        self._wake.set()
        if self._task is not None:
            await self._task
        await self._sender.close()

    def put(self, changes: Changes, then: Callable[[], None] | None = None) -> None:
        """Store changes soon, come what may: should the disk refuse, it is tried again.

        Args:
            changes: Stored together. What makes them is called once, in the order of the puts.
            then: Called once they are; calls come in the order of the puts.
        """
        self._waiting.append(_Entry(changes, then, None))
        self._soon()

    async def store(self, changes: Changes, then: Callable[[], None] | None = None) -> None:
        """Store changes, and return when they are.

        Raises:
            IntegrityError: They contradict what is stored; nothing of them was.
            SQLAlchemyError: The database refuses; nothing of them was stored.
        """
        stored = asyncio.get_running_loop().create_future()
        self._waiting.append(_Entry(changes, then, stored))
        self._asked += 1
        self._wake.set()
        # Who asked may go away; the changes are stored all the same.
        await asyncio.shield(stored)

    async def settle(self) -> None:
        """Return when everything that was put so far is stored, or was refused once."""
        if self._waiting or self._sending:
            with contextlib.suppress(SQLAlchemyError):
                await self.store(())

    def _soon(self) -> None:
        """Send what waits, but not with a transaction for every job that begins or ends."""
        if self._timer is None and not self._sending and not self._wake.is_set():
            loop = asyncio.get_running_loop()
            if loop.time() >= self._ended + _PACE:
                self._wake.set()
            else:
                self._timer = loop.call_at(self._ended + _PACE, self._wake.set)

    async def _work(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
            while self._waiting:
                batch = self._next()
                self._sending = True
                try:
                    await self._sender.send(self._groups(batch))
                except _TROUBLE as error:
                    if isinstance(error, _OWN_FAULT):
                        await self._one_by_one(batch)
                    else:
                        await self._refused(batch, error)
                except Exception:  # a row that no driver takes must not end the writing of all
                    await self._one_by_one(batch)
                else:
                    self.healthy = True
                    self.commits += 1
                    self._stored(batch)
                finally:
                    self._sending = False
                    self._ended = asyncio.get_running_loop().time()
                if not self._asked and not self._closing:
                    if self._waiting:
                        self._soon()
                    break
            if self._closing:
                return

    def _next(self) -> list[_Entry]:
        batch: list[_Entry] = []
        taken, count = 0, 0
        for entry in self._waiting:
            taken += 1
            self._asked -= entry.stored is not None
            try:
                count += len(entry.made())
            except Exception as error:  # a fault of ours in one must not end the writing of all
                log.exception("a change cannot be stored")
                self._fail(entry, error)
                continue
            batch.append(entry)
            if count >= _MOST_AT_ONCE:
                break
        del self._waiting[:taken]
        return batch

    def _groups(self, batch: list[_Entry]) -> Groups:
        groups: dict[int, dict[object, WriterChange]] = {}
        for entry in batch:
            for change in entry.made():
                group = groups.setdefault(self._rank[id(change.statement)], {})
                key = change.last_wins if change.last_wins is not None else change
                group[key] = change
        return [
            (self._statements[rank], [change.row for change in groups[rank].values()])
            for rank in sorted(groups)
        ]

    def _stored(self, batch: list[_Entry]) -> None:
        for entry in batch:
            if entry.then is not None:
                try:
                    entry.then()
                except Exception:  # a fault of ours in one must not end the writing of all
                    log.exception("a step after a change failed")
            if entry.stored is not None and not entry.stored.done():
                entry.stored.set_result(None)

    async def _one_by_one(self, batch: list[_Entry]) -> None:
        """Some entry contradicts what is stored: find out which, and store the others."""
        for number, entry in enumerate(batch):
            try:
                await self._sender.send(self._groups([entry]))
            except _TROUBLE as error:
                if not isinstance(error, _OWN_FAULT):
                    await self._refused(batch[number:], error)
                    return
                if entry.stored is None:
                    log.error("a change contradicts what is stored: %s", error)
                self._fail(entry, error)
            except Exception as error:
                log.exception("a change cannot be stored")
                self._fail(entry, error)
            else:
                self.commits += 1
                self._stored([entry])

    async def _refused(self, batch: list[_Entry], error: Exception) -> None:
        """The disk is full, the database is gone: say so to those who wait, keep the rest."""
        if self.healthy:
            log.error("the database cannot be written: %s", str(error).partition("\n")[0])
        self.healthy = False
        kept = [entry for entry in batch if entry.stored is None]
        for entry in batch:
            self._fail(entry, error)
        if not kept and self._probe is not None:
            kept = [_Entry((self._probe(),), None, None)]
        self._waiting = [*kept, *self._waiting]
        if self._closing:
            self._waiting.clear()
            self._asked = 0
            return
        await asyncio.sleep(_RETRY_AFTER)

    @staticmethod
    def _fail(entry: _Entry, error: Exception) -> None:
        if entry.stored is not None and not entry.stored.done():
            entry.stored.set_exception(error)
