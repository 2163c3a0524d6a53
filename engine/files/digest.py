"""Content digests of files, remembered while the file stays the same, also over restarts."""

from __future__ import annotations

import contextlib
import json
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import IO, Literal

from blake3 import blake3

from ..errors import FileError
from .atomic import write_atomically
from .stamp import Stamp, is_settled, stamp_of

_LARGE = 4 << 20  # bytes from which reading again costs more than a note on disk
_CHUNK = 8 << 20
_MOST = 10_000
_TRIES = 3
_VERSION = 2  # of the notes on disk; those of another version do not count


@dataclass(frozen=True, slots=True)
class Content:
    """The content of a file or folder, and the state in which it was read.

    Attributes:
        digest: Hex digest of the bytes that were read.
        stamps: Of the file before and after it was read, which are the same; of a folder one for
            each file in it, in order of their names.
        settled: Whether a change after the reading leaves other stamps for certain.
    """

    digest: str
    stamps: tuple[Stamp, ...]
    settled: bool


class FileDigests:
    """BLAKE3 or SHA-256 of files and folders; a file is read again only when its stat changed.

    Size, both times in nanoseconds, inode and device together are taken as "the same file", once
    two seconds lie between its last change and its reading; the rest is a full read, on all cores.
    Who asks while a file is being read waits for it.

    Args:
        memo: A file in which the digests of large files are kept over restarts; None for none.
            Losing it costs time only.
        algorithm: `blake3`, which is fast, or `sha256`, by which model sites know files.
        clock: Nanoseconds since 1970.
    """

    def __init__(
        self,
        memo: Path | None = None,
        algorithm: Literal["blake3", "sha256"] = "blake3",
        clock: Callable[[], int] = time.time_ns,
    ) -> None:
        self._memo = memo
        self._algorithm = algorithm
        self._clock = clock
        self._known: dict[str, tuple[Stamp, str]] = {}
        self._lock = threading.Lock()
        self._reading: dict[str, threading.Lock] = {}
        if memo is not None:
            self._known.update(_read(memo))

    def digest(self, path: Path) -> str:
        """Hex digest of a file's bytes, or of a folder's files with their names.

        Raises:
            OSError: It cannot be read.
            FileError: `files.changing`: it changes while it is read.
        """
        return self.content(path).digest

    def content(self, path: Path) -> Content:
        """The digest, and the state of the file that has it.

        Raises:
            OSError: It cannot be read.
            FileError: `files.changing`: it changes while it is read.
        """
        if not path.is_dir():
            return self._file(path)
        hasher = blake3(b"folder") if self._algorithm == "blake3" else sha256(b"folder")
        stamps: list[Stamp] = []
        settled = True
        for inner in sorted(p for p in path.rglob("*") if p.is_file()):
            name = inner.relative_to(path).as_posix()
            found = self._file(inner)
            hasher.update(f"{len(name)}:{name}:{found.digest}".encode())
            stamps += found.stamps
            settled = settled and found.settled
        return Content(hasher.hexdigest(), tuple(stamps), settled)

    def _file(self, path: Path) -> Content:
        name = str(path.resolve())
        asked = stamp_of(path.stat())
        if (known := self._find(name, asked)) is not None:
            return Content(known, (asked,), settled=True)
        with self._lock:
            reading = self._reading.setdefault(name, threading.Lock())
        with reading:
            for _ in range(_TRIES):
                began = self._clock()
                with path.open("rb") as file:
                    before = stamp_of(os.fstat(file.fileno()))
                    if (known := self._find(name, before)) is not None:
                        return Content(known, (before,), settled=True)
                    digest = self._read_whole(file)
                    after = stamp_of(os.fstat(file.fileno()))
                if before == after:
                    settled = is_settled(before, began)
                    self._note(name, before, digest, settled=settled)
                    return Content(digest, (before,), settled)
        raise FileError(
            f'The file "{path.name}" changed each time it was read.',
            code="files.changing",
            expected="a file that is no longer being written",
            got=f"{_TRIES} attempts, and a change during each",
            hint="Wait until the file is complete, then run again.",
        )

    def _note(self, name: str, stamp: Stamp, digest: str, *, settled: bool) -> None:
        with self._lock:
            if not settled:  # another change could leave the same stamp
                self._known.pop(name, None)
                return
            self._known[name] = (stamp, digest)
            if self._memo is not None and stamp.size >= _LARGE:
                _add(self._memo, name, stamp, digest)

    def _find(self, name: str, stamp: Stamp) -> str | None:
        with self._lock:
            known = self._known.get(name)
        return known[1] if known is not None and known[0] == stamp else None

    def _read_whole(self, file: IO[bytes]) -> str:
        # Not mapped: a mapped file that is cut short while it is read ends the process.
        hasher = blake3(max_threads=blake3.AUTO) if self._algorithm == "blake3" else sha256()
        while chunk := file.read(_CHUNK):
            hasher.update(chunk)
        return hasher.hexdigest()


def _read(memo: Path) -> dict[str, tuple[Stamp, str]]:
    """The notes of a file; none if it is missing, damaged or of another version."""
    with contextlib.suppress(OSError, ValueError, TypeError, KeyError, AttributeError):
        data = json.loads(memo.read_text("utf-8"))
        if data["version"] == _VERSION:
            return {
                str(name): (Stamp(*(int(number) for number in stamp)), str(digest))
                for name, (*stamp, digest) in data["files"].items()
            }
    return {}


def _add(memo: Path, name: str, stamp: Stamp, digest: str) -> None:
    # Read again first: another process may have added its own. Of two at once one note is lost,
    # which costs that file another read.
    notes = _read(memo)
    notes[name] = (stamp, digest)
    rows = {n: [*s, d] for n, (s, d) in list(notes.items())[-_MOST:]}
    with contextlib.suppress(OSError):
        memo.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(memo, json.dumps({"version": _VERSION, "files": rows}).encode())
