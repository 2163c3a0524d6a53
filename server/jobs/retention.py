"""How many jobs that are over are remembered."""

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
    """Forgets the oldest jobs that are over when there are too many. Their files stay.

    Args:
        queries: Tells which there are.
        ledger: Forgets them.
        active: Jobs that are not over; one that is queued again may look over in the database.
        keep: How many are remembered.
    """

    def __init__(
        self, queries: Queries, ledger: Ledger, active: Mapping[str, Record], keep: int
    ) -> None:
        self._queries, self._ledger, self._active, self._keep = queries, ledger, active, keep
        self._room = 0  # so many may end until the next look; the first job that ends looks too
        self._task: asyncio.Task[None] | None = None

    def ended(self) -> None:
        """A job is over."""
        self._room -= 1
        if self._room < 0 and (self._task is None or self._task.done()):
            self._task = asyncio.create_task(self._sweep())

    async def close(self) -> None:
        """Stop."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _sweep(self) -> None:
        try:
            while self._room < 0:
                self._room = _EVERY
                excess = await self._queries.count_over() - self._keep
                self._room += max(-excess, 0)
                while excess > 0 and (old := await self._old(min(excess, _AT_ONCE))):
                    await self._ledger.forget(old)
                    excess -= len(old)
        except (SQLAlchemyError, OSError) as error:
            log.warning("old jobs stay: %s", str(error).partition("\n")[0])

    async def _old(self, limit: int) -> list[Record]:
        found = await self._queries.oldest_over(limit)
        return [record for record in found if record.id not in self._active]
