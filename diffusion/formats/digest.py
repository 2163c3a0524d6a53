"""The blake3 digest of a file's content, remembered while the file stays the same."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TypeAlias

FileState: TypeAlias = tuple[str, int, int, int]

_CHUNK = 8 << 20

# Hashing gigabytes takes seconds, and every load of a file asks for its digest; hence a memo for
# the process, keyed by all that changes when a file does. It holds a few short strings per file.
_memo: dict[FileState, str] = {}
_lock = threading.Lock()


def file_state(path: Path) -> FileState:
    """What tells one state of a file from another: path, size, time of change, inode."""
    stat = path.stat()
    return (str(path.resolve()), stat.st_size, stat.st_mtime_ns, stat.st_ino)


def is_unchanged(path: Path, state: FileState) -> bool:
    """Whether a file is there and still in a state."""
    try:
        return file_state(path) == state
    except OSError:
        return False


def file_digest(path: Path) -> str:
    """blake3 of the content, 64 hex digits. Reads in pieces, so that memory stays flat."""
    from blake3 import blake3

    state = file_state(path)
    with _lock:
        known = _memo.get(state)
    if known is not None:
        return known
    hasher = blake3(max_threads=blake3.AUTO)
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            hasher.update(chunk)
    digest = hasher.hexdigest()
    with _lock:
        _memo[state] = digest
    return digest


def remember_digest(path: Path, digest: str) -> None:
    """Take over a digest that a caller knows already, so that gigabytes are not read twice.

    Args:
        path: A file.
        digest: blake3 of its content as it is now, 64 hex digits.
    """
    state = file_state(path)
    with _lock:
        _memo[state] = digest


def joined_digest(digests: Sequence[str]) -> str:
    """One digest for several files that belong together."""
    if len(digests) == 1:
        return digests[0]
    return hashlib.blake2b("".join(digests).encode(), digest_size=32).hexdigest()
