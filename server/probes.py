"""Health checks of the database and the folders.

Whoever asks for the server's health gets what is true now. Nothing has to be written by a user
before trouble is seen, or before its end is.
"""

from __future__ import annotations

import asyncio
import errno
import os
import tempfile
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

_PATIENCE = 3.0  # seconds for an answer; a disk across a network may never give one
_KEPT = 1.0  # seconds for which an answer counts; anybody may ask, as often as they like
_BYTES = 4096
_READ_ONLY = frozenset({errno.EROFS, errno.EACCES, errno.EPERM})
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


class Probes:
    """Tries out the database and folders.

    Args:
        ping: Asks the database something; raises if it does not answer.
        folders: What each folder is for, and where it is.
    """

    def __init__(self, ping: Callable[[], Awaitable[object]], folders: Mapping[str, Path]) -> None:
        self._ping = ping
        self._folders = folders
        # Threads of its own: those that all others share may all wait for a dead disk.
        self._threads = ThreadPoolExecutor(max(len(folders), 1), "probe")
        self._running: dict[str, asyncio.Future[str | None]] = {}
        self._known: tuple[float, list[str]] | None = None

    async def trouble(self) -> list[str]:
        """The current problems, as sentences; empty if there are none."""
        loop = asyncio.get_running_loop()
        if self._known is not None and loop.time() - self._known[0] < _KEPT:
            return self._known[1]
        if "database" not in self._running:
            self._running["database"] = asyncio.ensure_future(self._database())
        for what, folder in self._folders.items():
            if what not in self._running:
                self._running[what] = loop.run_in_executor(self._threads, _try, what, folder)
        await asyncio.wait(list(self._running.values()), timeout=_PATIENCE)
        found = []
        # One that still waits is asked no second time, so that no threads pile up.
        for what, future in list(self._running.items()):
            if not future.done():
                found.append(
                    "the database does not respond"
                    if what == "database"
                    else f"the folder for {what} does not respond"
                )
                continue
            del self._running[what]
            text = future.result()
            if text is not None:
                found.append(text)
        self._known = (loop.time(), found)
        return found

    def close(self) -> None:
        """Wait for nothing any more."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        for future in self._running.values():
            future.cancel()

    async def _database(self) -> str | None:
        try:
            await self._ping()
        except SQLAlchemyError:
            return "the database cannot be reached, or reports an error"
        return None


def _try(what: str, folder: Path) -> str | None:
    """Write a little into a folder; what is wrong, in words."""
    try:
        if not folder.is_dir():  # it is made when something is to be written into it
            place = next(p for p in (folder, *folder.absolute().parents) if p.exists())
            if not place.is_dir() or not os.access(place, os.W_OK):
                return f"the folder for {what} cannot be created"
            return None
        # Without a name where the system can, so that the folder looks the same to who lists it.
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(bytes(_BYTES))
            file.flush()
    except OSError as error:
        if error.errno in _FULL:
            return f"the disk of the folder for {what} is full"
        if error.errno in _READ_ONLY:
            return f"the folder for {what} is not writable"
        return f"the folder for {what} cannot be written: {error.strerror or type(error).__name__}"
    return None
