"""Small pictures for lists, kept on disk and bounded in size."""

from __future__ import annotations

import asyncio
import contextlib
from functools import partial
from pathlib import Path

from blake3 import blake3

from weft.engine.files.stamp import stamp_of

from .decoding import Decoder
from .pictures import shrink

SIDES = (64, 128, 256, 512, 1024)
_AT_ONCE = 2


class Thumbnails:
    """Makes each thumbnail once; the oldest go when there are too many bytes.

    Args:
        folder: Where they are kept; made when the first one is.
        budget: Most bytes on disk.
        decoder: Decodes pictures.
    """

    def __init__(self, folder: Path, decoder: Decoder, *, budget: int = 2**29) -> None:
        self._folder, self._budget, self._decoder = folder, budget, decoder
        self._making: dict[Path, asyncio.Task[None]] = {}
        self._limit = asyncio.Semaphore(_AT_ONCE)
        self._bytes: int | None = None  # None until the folder was looked at

    async def get(self, path: Path, side: int) -> Path:
        """The thumbnail of an image in its current state.

        Args:
            path: An existing file.
            side: Longest side, one of `SIDES`.

        Raises:
            ApiError: It is no picture, or too large.
            FileNotFoundError: It went away.
        """
        target = self._target(path, side)
        if not target.exists():
            task = self._making.get(target)
            if task is None:
                task = asyncio.create_task(self._make(path, target, side))
                self._making[target] = task
                task.add_done_callback(lambda _: self._making.pop(target, None))
            await asyncio.shield(task)  # others may wait for the same one
        return target

    def _target(self, path: Path, side: int) -> Path:
        stamp = "\0".join(map(str, stamp_of(path.stat())))
        text = f"{path.resolve()}\0{stamp}\0{side}"
        name = blake3(text.encode("utf-8", "surrogateescape")).hexdigest(16)
        return self._folder / name[:2] / f"{name}.webp"

    async def _make(self, path: Path, target: Path, side: int) -> None:
        async with self._limit:
            work = partial(shrink, path, target, side, self._decoder.most)
            await self._decoder.run(work, path)
            await asyncio.to_thread(self._account, target)

    def _account(self, target: Path) -> None:
        if self._bytes is None:
            self._bytes = sum(size for _, size, _ in self._files())
        else:
            self._bytes += target.stat().st_size
        if self._bytes <= self._budget:
            return
        for _, size, path in sorted(self._files()):
            if self._bytes <= self._budget * 3 // 4:
                break
            if path != target:
                path.unlink(missing_ok=True)
                self._bytes -= size

    def _files(self) -> list[tuple[int, int, Path]]:
        found = []
        for path in self._folder.glob("??/*.webp"):
            with contextlib.suppress(FileNotFoundError):
                info = path.stat()
                found.append((info.st_mtime_ns, info.st_size, path))
        return found
