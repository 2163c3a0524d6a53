"""The disk tier: actions and values as files, shared by processes and kept over restarts.

    actions/ab/<key>        digests of a step's outputs, with a checksum
    values/cd/<digest>      a value, named by the digest of its content

A value is checked against its own name after reading, so a torn or edited file is a miss with a
warning and can never become a wrong picture. Files appear by rename; two processes that write the
same name write the same content. Nothing here may fail a run: a disk that is full or gone costs
time, not results.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import threading
import time
import uuid
from dataclasses import dataclass
from typing import Any

from blake3 import blake3

from .cache import MISSING, Action
from .storage import Formats
from .values import Values

log = logging.getLogger(__name__)

_LOW_WATER = 0.8
_TOUCH_AFTER = 3600.0  # seconds; a hit renews a file's age at most once an hour


@dataclass(frozen=True, slots=True)
class DiskStats:
    """Statistics of the disk cache: numbers of files, their bytes, and the budget."""

    actions: int
    values: int
    bytes: int
    budget: int


class DiskCache:
    """Actions and values in a folder, or at any fsspec URL.

    Args:
        url: A folder, or a URL such as `s3://bucket/path` or `memory://x`.
        values: Digests, for checking what is read.
        formats: How values are written.
        budget: Bytes that all files may take together; what was used longest ago goes first.
    """

    def __init__(
        self,
        url: str,
        *,
        values: Values,
        formats: Formats,
        budget: int = 20 * 2**30,
    ) -> None:
        import fsspec  # noqa: PLC0415  (costs 50 ms; runs without a disk tier do not pay it)

        self._fs, path = fsspec.core.url_to_fs(url)
        self._root: str = path.rstrip("/")
        self._local = getattr(self._fs, "protocol", "") in ("file", ("file", "local"))
        self._values = values
        self._formats = formats
        self.budget = budget
        self._written: int | None = None  # bytes since the last look; None: not looked yet
        self._lock = threading.Lock()

    def find(self, key: bytes) -> Action | None:
        """The stored result of a key, or None."""
        path = self._path("actions", key)
        data = self._read(path)
        if data is None:
            return None
        checksum, _, body = data.partition(b"\n")
        try:
            if blake3(body).hexdigest() != checksum.decode():
                raise ValueError("the checksum differs")
            record = json.loads(body)
            digests = tuple(bytes.fromhex(d) for d in record["digests"])
            return Action(digests, float(record["seconds"]))
        except (ValueError, KeyError, TypeError) as error:
            self._discard(path, error)
            return None

    def get(self, digest: bytes) -> Any:
        """The stored value of a digest, or MISSING."""
        path = self._path("values", digest)
        data = self._read(path)
        if data is None:
            return MISSING
        try:
            value = self._formats.load(data)
            if self._values.digest(value) != digest:
                raise ValueError("the content does not match its hash")
        except Exception as error:  # a format may raise anything over damaged bytes
            self._discard(path, error)
            return MISSING
        return value

    def put(self, key: bytes, action: Action, outputs: tuple[Any, ...]) -> None:
        """Store a result, and those of its values that have a format.

        The action is written last: it must not point to values that were not written.
        """
        try:
            for digest, value in zip(action.digests, outputs, strict=True):
                path = self._path("values", digest)
                if not self._fs.exists(path):
                    data = self._formats.dump(value)
                    if data is not None:
                        self._write(path, data)
            record = {"digests": [d.hex() for d in action.digests], "seconds": action.seconds}
            body = json.dumps(record).encode()
            self._write(
                self._path("actions", key), blake3(body).hexdigest().encode() + b"\n" + body
            )
            self._keep_budget()
        except OSError as error:
            log.warning(
                "the cache at %s cannot be written (%s); results are kept in memory only",
                self._root,
                error,
            )

    def forget(self, key: bytes) -> None:
        """Forget a result; the values that it names stay, being what their names say."""
        with contextlib.suppress(OSError):
            self._fs.rm_file(self._path("actions", key))

    def stats(self) -> DiskStats:
        """Count what is there."""
        counts = {"actions": 0, "values": 0}
        total = 0
        for path, size, _ in self._files():
            kind = path[len(self._root) + 1 :].split("/", 1)[0]
            counts[kind] = counts.get(kind, 0) + 1
            total += size
        return DiskStats(counts["actions"], counts["values"], total, self.budget)

    def clear(self) -> None:
        """Delete everything that was stored."""
        for kind in ("actions", "values"):
            with contextlib.suppress(FileNotFoundError):
                self._fs.rm(f"{self._root}/{kind}", recursive=True)
        self._written = None

    # -- files ----------------------------------------------------------------------------------

    def _path(self, kind: str, name: bytes) -> str:
        # The first byte of a digest is its length; the last ones spread evenly over folders.
        text = name.hex()
        return f"{self._root}/{kind}/{text[-2:]}/{text}"

    def _read(self, path: str) -> bytes | None:
        try:
            data: bytes = self._fs.cat_file(path)
        except FileNotFoundError:
            return None
        except OSError as error:
            log.warning("%s cannot be read: %s", path, error)
            return None
        self._touch(path)
        return data

    def _touch(self, path: str) -> None:
        if self._local:
            with contextlib.suppress(OSError):
                if time.time() - os.stat(path).st_mtime > _TOUCH_AFTER:  # noqa: PTH116
                    os.utime(path)

    def _write(self, path: str, data: bytes) -> None:
        folder = path.rpartition("/")[0]
        self._fs.makedirs(folder, exist_ok=True)
        temporary = f"{folder}/.{uuid.uuid4().hex}.part"
        try:
            self._fs.pipe_file(temporary, data)
            self._fs.mv(temporary, path)
        except BaseException:
            with contextlib.suppress(Exception):
                self._fs.rm_file(temporary)
            raise
        with self._lock:
            if self._written is not None:
                self._written += len(data)

    def _discard(self, path: str, error: Exception) -> None:
        log.warning("the cache entry %s cannot be used (%s) and is computed again", path, error)
        with contextlib.suppress(OSError):
            self._fs.rm_file(path)

    def _keep_budget(self) -> None:
        with self._lock:
            known = self._written
        if known is not None and known <= self.budget:
            return
        files = sorted(self._files(), key=lambda f: f[2])
        total = sum(size for _, size, _ in files)
        if total > self.budget:
            for path, size, _ in files:
                if total <= self.budget * _LOW_WATER:
                    break
                with contextlib.suppress(OSError):
                    self._fs.rm_file(path)
                    total -= size
        with self._lock:
            self._written = total

    def _files(self) -> list[tuple[str, int, float]]:
        """Path, size and time of last use of every entry."""
        found = []
        for kind in ("actions", "values"):
            try:
                details = self._fs.find(f"{self._root}/{kind}", detail=True)
            except FileNotFoundError:
                continue
            for path, info in details.items():
                when: Any = info.get("mtime") or info.get("created") or 0.0
                seconds = when.timestamp() if hasattr(when, "timestamp") else float(when)
                found.append((path, int(info.get("size") or 0), seconds))
        return found
