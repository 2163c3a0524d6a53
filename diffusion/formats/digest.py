"""The blake3 digest of a file's content, and whether a file still has it."""

from __future__ import annotations

import hashlib
import os
import threading
import time
import weakref
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple, TypeVar

from ..errors import ModelError

T = TypeVar("T")
_CHUNK = 8 << 20
_TRIES = 3
_SETTLED = 2_000_000_000  # ns after which a second change leaves other times on any file system


class FileState(NamedTuple):
    """What tells one state of a file from another without reading it, as `os.stat` says it.

    Attributes:
        size: Bytes.
        modified: Time of the last change of the content in ns, which anybody may set.
        changed: Time of the last change of the inode in ns, which nobody can set.
        inode: Number of the file on its device.
        device: The device.
    """

    size: int
    modified: int
    changed: int
    inode: int
    device: int


# Hashing gigabytes takes seconds, and every load of a file asks for its digest; hence a memo for
# the process, keyed by all that changes when a file does. It holds a few short strings per file.
_memo: dict[tuple[str, FileState], str] = {}
_lock = threading.Lock()


def state_of(found: os.stat_result) -> FileState:
    """The state in the answer of `os.stat`."""
    return FileState(
        found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino, found.st_dev
    )


class FileContent:
    """A file by its name, and the digest of the bytes that were read from it.

    Args:
        path: The file; read now unless its digest is known.

    Attributes:
        path: The file.
        digest: blake3 of its content, 64 hex digits.

    Raises:
        ModelError: `model.file_changed`: it changes while it is read.
        OSError: It cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.digest, self._state, self._settled = _read(path)

    @property
    def state(self) -> FileState:
        """The state in which the file was last seen to have this content."""
        return self._state

    def check(self) -> None:
        """See that the file has still this content; it is read again if its state is another.

        Raises:
            ModelError: `model.file_changed`: it has not, or is gone.
        """
        try:
            if self._settled and state_of(self.path.stat()) == self._state:
                return
            digest, self._state, self._settled = _read(self.path)
        except OSError as error:
            raise changed(self.path) from error
        if digest != self.digest:
            self._settled = False
            raise changed(self.path)

    def hold(self) -> HeldFile:
        """Keep the file open while its bytes are used where they lie.

        Raises:
            ModelError: `model.file_changed`: it is gone.
        """
        try:
            return HeldFile(self.path, self.digest, self._state if self._settled else None)
        except OSError as error:
            raise changed(self.path) from error


class HeldFile:
    """An open file whose bytes are mapped into memory: whoever writes into it changes them.

    Another file may take its name, or it may be deleted; what is mapped stays.

    Args:
        path: The file, opened now and closed with this object.
        digest: blake3 of its content.
        state: In which it has that content; None if that is not certain.
    """

    def __init__(self, path: Path, digest: str, state: FileState | None) -> None:
        self._path, self._digest, self._state = path, digest, state
        self._file = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
        weakref.finalize(self, os.close, self._file)

    def check(self) -> None:
        """See that nobody wrote into the file; it is read again if its state is another.

        Raises:
            ModelError: `model.file_changed`: somebody did.
        """
        began = time.time_ns()
        state = state_of(os.fstat(self._file))
        if state == self._state:
            return
        if _hashed(self._file) != self._digest:
            self._state = None
            raise changed(self._path)
        self._state = state if _is_settled(state, began) else None


def read_with_content(path: Path, read: Callable[[Path], T]) -> tuple[T, FileContent]:
    """What a function reads of a file, and the content of the same bytes.

    Args:
        path: A file.
        read: Reads of it, such as a header; what it raises of a file that is none of its kind comes
            before the file is read whole.

    Raises:
        ModelError: `model.file_changed`: the file changes while it is read.
    """
    for _ in range(_TRIES):
        before = state_of(path.stat()) if path.exists() else None
        found = read(path)
        content = FileContent(path)
        if content.state == before:
            return found, content
    raise _changing(path)


def remember_digest(path: Path, digest: str, state: Sequence[int]) -> None:
    """Take over a digest that a caller knows already, so that gigabytes are not read twice.

    Args:
        path: A file.
        digest: blake3 of its content, 64 hex digits.
        state: The state in which it was read, as the fields of `FileState`, more than two seconds
            after its last change.
    """
    with _lock:
        _memo[str(path.resolve()), FileState(*state)] = digest


def joined_digest(digests: Sequence[str]) -> str:
    """One digest for several files that belong together."""
    if len(digests) == 1:
        return digests[0]
    return hashlib.blake2b("".join(digests).encode(), digest_size=32).hexdigest()


def changed(path: Path) -> ModelError:
    """Says that a file is not what it was when it was opened."""
    return ModelError(
        "model.file_changed",
        f'"{path.name}" was changed or removed after it was opened.',
        hint="Run again. Save new weights under a new name, then rename the file.",
    )


def _read(path: Path) -> tuple[str, FileState, bool]:
    """Digest, the state that has it, and whether a change since would have left another state."""
    name = str(path.resolve())
    for _ in range(_TRIES):
        began = time.time_ns()
        with path.open("rb") as file:
            before = state_of(os.fstat(file.fileno()))
            with _lock:
                known = _memo.get((name, before))
            if known is not None:
                return known, before, True
            digest = _hashed(file.fileno())
            after = state_of(os.fstat(file.fileno()))
        if before == after:
            settled = _is_settled(before, began)
            if settled:
                with _lock:
                    _memo[name, before] = digest
            return digest, before, settled
    raise _changing(path)


def _changing(path: Path) -> ModelError:
    return ModelError(
        "model.file_changed",
        f'"{path.name}" changed each time it was read.',
        expected="a file that is no longer being written",
        got=f"{_TRIES} attempts, and a change during each",
        hint="Wait until the file is complete, then run again.",
    )


def _hashed(file: int) -> str:
    from blake3 import blake3

    hasher = blake3(max_threads=blake3.AUTO)
    os.lseek(file, 0, os.SEEK_SET)
    while chunk := os.read(file, _CHUNK):
        hasher.update(chunk)
    return hasher.hexdigest()


def _is_settled(state: FileState, at: int) -> bool:
    return all(abs(at - when) > _SETTLED for when in (state.modified, state.changed))
