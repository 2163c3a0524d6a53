"""The zip inside a bundle: judged by its directory before anything of it is unpacked.

What it holds is unpacked one file at a time, when it is asked for, so that a bundle takes as much
memory as its largest file, and no more than `MAX_UNPACKED`.
"""

from __future__ import annotations

import hashlib
import io
import os
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO

from ..errors import FileError
from ..files.written_names import portable_problem

MAX_FILES = 10_000
MAX_UNPACKED = 256 * 2**20
"""Bytes of all files of a bundle together, its picture too."""
MAX_TEXT = 16 * 2**20
FREE_BYTES = 64 * 2**20  # what a bundle may unpack to however well it is packed
MAX_RATIO = 100  # pictures do not shrink; what shrinks further is made to burst
_CHUNK = 2**20
_DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, ValueError, struct.error)


@dataclass(frozen=True, slots=True)
class Source:
    """Bytes that a zip file lies in.

    Attributes:
        open: Opens the file.
        start: Where the zip begins in it.
        size: Its bytes.
        name: For errors.
    """

    open: Callable[[], BinaryIO]
    start: int
    size: int
    name: str


class _Window(io.RawIOBase):
    """A part of a file as a file."""

    def __init__(self, file: BinaryIO, start: int, size: int) -> None:
        self._file, self._start, self._size, self._at = file, start, size, 0

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}[whence]
        if base + offset < 0:
            raise ValueError("a position before the beginning")
        self._at = base + offset
        return self._at

    def read(self, size: int = -1) -> bytes:
        left = max(self._size - self._at, 0)
        self._file.seek(self._start + self._at)
        data = self._file.read(left if size < 0 else min(size, left))
        self._at += len(data)
        return data


class PackedBundle:
    """The files of a zip by name.

    Args:
        source: Where it lies; it must stay there for as long as files are asked for.
        allowed: Whether a file may have a name.
        beside: Bytes that are in memory with its files.

    Raises:
        FileError: It is no whole zip, or would unpack to too much; nothing was unpacked.
    """

    def __init__(self, source: Source, allowed: Callable[[str], bool], *, beside: int = 0) -> None:
        self._source = source
        with self._opened() as archive:
            members = archive.infolist()
        whole = sum(member.file_size for member in members)
        burst = whole > FREE_BYTES and whole > MAX_RATIO * source.size
        if len(members) > MAX_FILES or whole + beside > MAX_UNPACKED or burst:
            raise refuse("too_large", f"{source.name} is too large when unpacked")
        self._members: dict[str, zipfile.ZipInfo] = {}
        for member in members:
            self._check(member, allowed)
            if member.filename in self._members:
                shown = member.filename[:100]
                raise refuse("damaged", f"{source.name} holds {shown!r} twice")
            self._members[member.filename] = member

    def __contains__(self, name: str) -> bool:
        return name in self._members

    @property
    def names(self) -> Iterable[str]:
        """Of all files, in their order."""
        return self._members

    def size(self, name: str) -> int:
        """Bytes that a file says it has."""
        return self._members[name].file_size

    def read(self, name: str) -> bytes:
        """A whole file.

        Raises:
            FileError: It is damaged, or has another size than it says.
        """
        return b"".join(self.chunks(name))

    def text(self, name: str) -> bytes:
        """A whole file that is read as text; `null` for none.

        Raises:
            FileError: As `read`, or it is too long.
        """
        if name not in self:
            return b"null"
        if self.size(name) > MAX_TEXT:
            raise refuse(
                "too_large", f"{self._source.name}: {name} is larger than {MAX_TEXT} bytes"
            )
        return self.read(name)

    def sha256(self, name: str) -> str:
        """Digest of a file, of which a little at a time is in memory."""
        hasher = hashlib.sha256()
        for chunk in self.chunks(name):
            hasher.update(chunk)
        return hasher.hexdigest()

    def chunks(self, name: str) -> Iterator[bytes]:
        """A file, some bytes at a time."""
        member, place = self._members[name], self._source.name
        left = member.file_size
        with self._opened() as archive, archive.open(member) as file:
            while chunk := file.read(_CHUNK):
                left -= len(chunk)
                if left < 0:  # the header lied
                    raise refuse("too_large", f"{place}: {name[:100]!r} is larger than it claims")
                yield chunk

    @contextmanager
    def _opened(self) -> Iterator[zipfile.ZipFile]:
        source = self._source
        try:
            with source.open() as file:
                window = _Window(file, source.start, source.size)
                with zipfile.ZipFile(window) as archive:
                    yield archive
        except _DAMAGE as error:
            raise refuse("damaged", f"{source.name} is no complete zip file: {error}") from error
        except (NotImplementedError, RuntimeError) as error:  # other methods, encryption
            raise refuse("damaged", f"{source.name} cannot be unpacked: {error}") from error
        except OSError as error:
            raise FileError(
                f"{source.name} cannot be read: {error.strerror or error}.", code="files.unreadable"
            ) from error

    def _check(self, member: zipfile.ZipInfo, allowed: Callable[[str], bool]) -> None:
        kind, name = (member.external_attr >> 16) & 0o170000, self._source.name
        if not allowed(member.filename) or kind not in (0, 0o100000):
            raise refuse(
                "bad_name", f"{name} holds {member.filename[:100]!r}, which is not allowed"
            )
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise refuse("damaged", f"{name} uses a compression that bundles do not use")


class PackedInputs(Mapping[str, bytes]):
    """Input files of a bundle by name; each is unpacked when it is needed.

    Args:
        packed: The bundle's files.
        prefix: What stands before their names in it.
        names: Those that its lock names.
    """

    def __init__(self, packed: PackedBundle, prefix: str, names: Iterable[str]) -> None:
        self._packed, self._prefix, self._names = packed, prefix, dict.fromkeys(names)

    def __getitem__(self, name: str) -> bytes:
        if name not in self._names:
            raise KeyError(name)
        return self._packed.read(self._prefix + name)

    def __contains__(self, name: object) -> bool:
        return name in self._names  # without unpacking it

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


def is_input(name: str, prefix: str) -> bool:
    """Whether a file of a bundle is one of its inputs, with a name that stays in its folder."""
    return name.startswith(prefix) and portable_problem(name.removeprefix(prefix)) is None


def refuse(code: str, reason: str) -> FileError:
    """Refuses a bundle, and says why."""
    return FileError(f"{reason}.", code=f"share.{code}", hint="Ask the author for another copy.")
