"""Content digests of files, remembered while the file stays the same."""

from __future__ import annotations

import threading
from pathlib import Path

from blake3 import blake3

Stamp = tuple[int, int, int, int]


class FileDigests:
    """BLAKE3 of files and folders; a file is read again only when its stat changed.

    Size, modification time in nanoseconds, inode and device together are taken as "the same
    file"; the rest is a full read, on all cores.
    """

    def __init__(self) -> None:
        self._known: dict[Path, tuple[Stamp, str]] = {}
        self._lock = threading.Lock()

    def digest(self, path: Path) -> str:
        """Hex digest of a file's bytes, or of a folder's files with their names.

        Raises:
            OSError: It cannot be read.
        """
        if path.is_dir():
            hasher = blake3(b"folder")
            for file in sorted(p for p in path.rglob("*") if p.is_file()):
                name = file.relative_to(path).as_posix()
                hasher.update(f"{len(name)}:{name}:{self.digest(file)}".encode())
            return hasher.hexdigest()
        found = path.stat()
        stamp = (found.st_size, found.st_mtime_ns, found.st_ino, found.st_dev)
        with self._lock:
            known = self._known.get(path)
        if known is not None and known[0] == stamp:
            return known[1]
        hasher = blake3(max_threads=blake3.AUTO)
        if found.st_size:
            hasher.update_mmap(path)
        digest = hasher.hexdigest()
        with self._lock:
            self._known[path] = (stamp, digest)
        return digest
