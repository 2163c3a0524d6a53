"""Limits the number of pixels that are decoded at the same time.

A picture of a hundred megapixels takes 400 MB while it is decoded, a thumbnail's a few: so pixels
are counted and not pictures. Who asks waits in the event loop, and holds no thread meanwhile.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

from .pictures import count_pixels

T = TypeVar("T")


class Pixels:
    """A number of pixels that are given out and come back; who came first gets them first.

    Args:
        most: How many may be out. Who wants more waits until all are back, and gets all.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self.out = 0
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()

    @asynccontextmanager
    async def of(self, count: int) -> AsyncIterator[None]:
        """Hold some pixels."""
        count = min(max(count, 1), self._most)
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((count, turn))
        self._give()
        try:
            await turn
        except BaseException:
            if turn.done() and not turn.cancelled():
                self._take_back(count)  # given just now
            raise
        try:
            yield
        finally:
            self._take_back(count)

    def _take_back(self, count: int) -> None:
        self.out -= count
        self._give()

    def _give(self) -> None:
        while self._waiting:
            count, turn = self._waiting[0]
            if not turn.done() and self.out + count > self._most:
                return
            self._waiting.popleft()
            if not turn.done():  # who waited may have gone away
                self.out += count
                turn.set_result(None)


class Decoder:
    """Decodes images in threads.

    Args:
        pixels: Most pixels of one picture, and of all that are decoded at the same time.
    """

    def __init__(self, pixels: int) -> None:
        self.most = pixels
        self._pixels = Pixels(pixels)

    async def run(self, work: Callable[[], T], *pictures: Path) -> T:
        """Run a function that decodes images, once there is room for their pixels.

        Raises:
            ApiError: As `open_picture`, of the first that is none.
        """
        counts = [await asyncio.to_thread(count_pixels, each, self.most) for each in pictures]
        async with self._pixels.of(sum(counts)):
            return await asyncio.to_thread(work)
