"""One server for one data folder."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import IO, Self

from weft.engine.errors import WeftError

from .store.private import private_folder


class DataLock:
    """Held from start to end; the system lets go of it when the process dies, however.

    Args:
        folder: The data folder; made when missing.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / "lock"
        self._file: IO[str] | None = None

    def __enter__(self) -> Self:
        """Take it.

        Raises:
            WeftError: `server.data_in_use`: another server has it. `server.data`: the folder cannot
                be made or written to.
        """
        folder = self._path.parent
        try:
            private_folder(folder)
            file = self._path.open("a+", encoding="utf-8")
        except OSError as error:
            raise WeftError(
                f"The data folder {folder} cannot be used: {error.strerror or error}.",
                code="server.data",
                expected="a folder that can be written to",
                hint="Check its permissions and its disk, or choose another folder with --data.",
            ) from error
        try:
            _lock(file)
        except OSError as error:
            file.seek(0)
            holder = file.read(20).strip()
            file.close()
            raise WeftError(
                f"Another server (process {holder or 'unknown'}) uses {self._path.parent}.",
                code="server.data_in_use",
                hint="Stop that server, or give this one its own folder with --data.",
            ) from error
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        self._file = file
        return self

    def __exit__(self, *_: object) -> None:
        """Let go."""
        if self._file is not None:
            self._file.close()
            self._file = None


if sys.platform == "win32":
    import msvcrt

    def _lock(file: IO[str]) -> None:
        file.seek(1 << 30)  # a byte that nobody writes, so that the number can be read
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        file.seek(0, os.SEEK_END)

else:
    import fcntl

    def _lock(file: IO[str]) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
