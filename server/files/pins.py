"""Copies of the input files of submitted jobs, kept by content until the jobs end.

A copy and no hard link: a file may also be written to in its place, and not every disk has links.
Jobs that name the same bytes share one copy.
"""

from __future__ import annotations

import os
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from blake3 import blake3

from weft.engine.files.digest import FileDigests
from weft.engine.files.paths import find_under

from ..worker.messages import pinned_file

_CHUNK = 1 << 20
Pinned = Mapping[str, str]
"""Digest by name."""


class Pins:
    """Keeps what files held when jobs that name them were submitted.

    Args:
        folder: Where the copies lie; made when the first one is.
        uploads: The folder whose files may change; those of others only their owner changes.
        digests: Remembers what was read already.
    """

    def __init__(self, folder: Path, uploads: Path, digests: FileDigests) -> None:
        self._folder, self._uploads, self._digests = folder, uploads, digests
        self._held: Counter[tuple[str, str]] = Counter()
        self._jobs: dict[str, Pinned] = {}
        self._lock = threading.Lock()

    def pin(self, names: Iterable[str], sees: Callable[[str], bool]) -> dict[str, str]:
        """Keep what the uploaded files of some names hold now. Whoever does releases it again.

        Args:
            names: Any texts; those that name no uploaded file are passed over.
            sees: Whether the file of a name may be used.

        Returns:
            Digest by name, of those that name one.

        Raises:
            OSError: The disk is full; nothing is kept.
        """
        found: dict[str, str] = {}
        try:
            for name in dict.fromkeys(names):
                path = find_under(self._uploads, name, follow_links=False)
                if path is not None and path.is_file() and sees(name):
                    found[name] = self._keep(path, name)
        except BaseException:
            self.release(found)
            raise
        return found

    def hold(self, job: str, pinned: Pinned) -> None:
        """Assign the pinned copies to a job, until it `ended`."""
        if pinned:
            self._jobs[job] = pinned

    def ended(self, job: str) -> None:
        """A job is over; what no other job needs is deleted."""
        self.release(self._jobs.pop(job, {}))

    def release(self, pinned: Pinned) -> None:
        """Something pinned is not needed any more."""
        for name, digest in pinned.items():
            path = pinned_file(self._folder, name, digest)
            key = (digest, path.name)
            with self._lock:
                self._held[key] -= 1
                if self._held[key] <= 0:
                    del self._held[key]
                    path.unlink(missing_ok=True)

    def begin(self, jobs: Mapping[str, Pinned]) -> None:
        """Take up what an earlier process left: jobs that are not over keep what they need."""
        for job, pinned in jobs.items():
            self.hold(job, pinned)
            for name, digest in pinned.items():
                self._held[digest, pinned_file(self._folder, name, digest).name] += 1
        for path in self._folder.glob("*/*"):
            if (path.parent.name, path.name) not in self._held:
                path.unlink(missing_ok=True)
        for folder in self._folder.glob("*/"):
            if not any(folder.iterdir()):
                folder.rmdir()

    def _keep(self, path: Path, name: str) -> str:
        """Keep a file; the digest of the very bytes that are kept."""
        digest = self._digests.digest(path)
        if self._hold_known(name, digest):
            return digest
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=self._folder, prefix=".pin-")
        try:
            with os.fdopen(handle, "wb") as copy, path.open("rb") as file:
                digest = _copy(file.read, copy.write)
            target = pinned_file(self._folder, name, digest)
            with self._lock:
                target.parent.mkdir(mode=0o700, exist_ok=True)
                Path(temporary).replace(target)
                self._held[digest, target.name] += 1
        finally:
            Path(temporary).unlink(missing_ok=True)
        return digest

    def _hold_known(self, name: str, digest: str) -> bool:
        """Hold what is kept already; whether it is."""
        path = pinned_file(self._folder, name, digest)
        with self._lock:
            if not path.exists():
                return False
            self._held[digest, path.name] += 1
            return True


def _copy(read: Callable[[int], bytes], write: Callable[[bytes], object]) -> str:
    hasher = blake3()
    while chunk := read(_CHUNK):
        hasher.update(chunk)
        write(chunk)
    return hasher.hexdigest()
