"""Content digests of files, remembered while the file stays the same, also over restarts."""

from __future__ import annotations

import contextlib
import json
import threading
from hashlib import file_digest, sha256
from pathlib import Path
from typing import Literal

from blake3 import blake3

from .atomic import write_atomically

Stamp = tuple[int, int, int, int]
_LARGE = 4 << 20  # bytes from which reading again costs more than a note on disk
_MOST = 10_000


class FileDigests:
    """BLAKE3 or SHA-256 of files and folders; a file is read again only when its stat changed.

    Size, modification time in nanoseconds, inode and device together are taken as "the same
    file"; the rest is a full read, on all cores. Who asks while a file is being read waits for it.

    Args:
        memo: A file in which the digests of large files are kept over restarts; None for none.
            Losing it costs time only.
        algorithm: `blake3`, which is fast, or `sha256`, by which model sites know files.
    """

    def __init__(
        self, memo: Path | None = None, algorithm: Literal["blake3", "sha256"] = "blake3"
    ) -> None:
        self._memo = memo
        self._algorithm = algorithm
        self._known: dict[str, tuple[Stamp, str]] = {}
        self._lock = threading.Lock()
        self._reading: dict[str, threading.Lock] = {}
        if memo is not None:
            self._known.update(_read(memo))

    def digest(self, path: Path) -> str:
        """Hex digest of a file's bytes, or of a folder's files with their names.

        Raises:
            OSError: It cannot be read.
        """
        if path.is_dir():
            hasher = blake3(b"folder") if self._algorithm == "blake3" else sha256(b"folder")
            for inner in sorted(p for p in path.rglob("*") if p.is_file()):
                name = inner.relative_to(path).as_posix()
                hasher.update(f"{len(name)}:{name}:{self.digest(inner)}".encode())
            return hasher.hexdigest()
        found = path.stat()
        stamp = (found.st_size, found.st_mtime_ns, found.st_ino, found.st_dev)
        name = str(path.resolve())
        if (known := self._find(name, stamp)) is not None:
            return known
        with self._lock:
            reading = self._reading.setdefault(name, threading.Lock())
        with reading:
            if (known := self._find(name, stamp)) is not None:
                return known
            digest = self._read_whole(path, found.st_size)
            with self._lock:
                self._known[name] = (stamp, digest)
                if self._memo is not None and found.st_size >= _LARGE:
                    _add(self._memo, name, stamp, digest)
        return digest

    def _find(self, name: str, stamp: Stamp) -> str | None:
        with self._lock:
            known = self._known.get(name)
        return known[1] if known is not None and known[0] == stamp else None

    def _read_whole(self, path: Path, size: int) -> str:
        if self._algorithm == "sha256":
            with path.open("rb") as file:
                return file_digest(file, "sha256").hexdigest()
        hasher = blake3(max_threads=blake3.AUTO)
        if size:
            hasher.update_mmap(path)
        return hasher.hexdigest()


def _read(memo: Path) -> dict[str, tuple[Stamp, str]]:
    """The notes of a file; none if it is missing or damaged."""
    with contextlib.suppress(OSError, ValueError, TypeError):
        data = json.loads(memo.read_text("utf-8"))
        return {
            str(name): ((int(size), int(time), int(inode), int(device)), str(digest))
            for name, (size, time, inode, device, digest) in data.items()
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
        write_atomically(memo, json.dumps(rows).encode())
