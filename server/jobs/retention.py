"""Limits the number of finished jobs that are kept for each owner."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping

from sqlalchemy.exc import SQLAlchemyError

from .ledger import Ledger
from .queries import Queries
from .record import Record

log = logging.getLogger(__name__)

_EVERY = 100  # jobs that end between two looks, so that there may be as many more than wanted
_AT_ONCE = 200  # jobs that are forgotten together


class Retention:
    """Forgets the oldest jobs of an owner that are over when there are too many of that owner.

    Nobody's jobs push out those of somebody else. Their files stay.

    Args:
        queries: Tells which there are.
        ledger: Forgets them.
        active: Jobs that are not over; one that is queued again may look over in the database.
        keep: How many are remembered of each owner.
    """

    def __init__(
        self, queries: Queries, ledger: Ledger, active: Mapping[str, Record], keep: int
    ) -> None:
        self._queries, self._ledger, self._active, self._keep = queries, ledger, active, keep
        # So many of an owner may end until the next look; the first one that ends looks too.
        self._room: dict[str, int] = {}
        self._task: asyncio.Task[None] | None = None

    def ended(self, owner: str) -> None:
        """A job of an owner is over."""
        self._room[owner] = self._room.get(owner, 0) - 1
        if self._room[owner] < 0 and (self._task is None or self._task.done()):
            self._task = asyncio.create_task(self._sweep())

    async def close(self) -> None:
        """Stop."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _sweep(self) -> None:
        try:
            while any(room < 0 for room in self._room.values()):
                self._room = dict.fromkeys(self._room, _EVERY)
                for owner, count in (await self._queries.count_over()).items():
                    await self._trim(owner, count - self._keep)
        except (SQLAlchemyError, OSError) as error:
            log.warning("old jobs cannot be deleted: %s", str(error).partition("\n")[0])

    async def _trim(self, owner: str, excess: int) -> None:
        self._room[owner] = self._room.get(owner, _EVERY) + max(-excess, 0)
        while excess > 0 and (old := await self._old(owner, min(excess, _AT_ONCE))):
            await self._ledger.forget(old)
            excess -= len(old)

    async def _old(self, owner: str, limit: int) -> list[Record]:
        found = await self._queries.oldest_over(owner, limit)
        return [record for record in found if record.id not in self._active]
