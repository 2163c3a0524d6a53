"""Linux's Landlock: the kernel itself keeps threads from writing elsewhere, whatever code they run.

The audit hook of `limits` sees what Python does; a library in C++ or Rust opens files without it.
A thread that is confined here, and all that it starts, can write only below the given folders,
start no program, and use TCP only if it may: for as long as it lives. Reading is not held, because
model folders hold links that lead anywhere.

Source: the kernel's documentation, userspace-api/landlock (Linux 5.13; TCP since 6.7).
"""

from __future__ import annotations

import ctypes
import errno
import os
import stat
import struct
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

_CREATE, _ADD, _RESTRICT = 444, 445, 446  # numbers of system calls, the same on all machines
_ASK_VERSION, _PATH_BENEATH, _NO_NEW_PRIVILEGES = 1, 1, 38
_EXECUTE, _WRITE, _TRUNCATE, _REFER = 1 << 0, 1 << 1, 1 << 14, 1 << 13
_MAKE = sum(1 << bit for bit in (4, 5, 7, 8, 9, 10))  # remove and make folders, files, sockets
_NEVER = sum(1 << bit for bit in (6, 11, 12))  # make devices and symbolic links
_TCP = 0b11  # bind, connect


# Looked up now: while a run is held, nothing may be looked up in libraries.
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None
_syscall: Callable[..., int] | None = _libc.syscall if _libc is not None else None
_prctl: Callable[..., int] | None = _libc.prctl if _libc is not None else None


def version() -> int:
    """Which version of Landlock the kernel has; 0 for none."""
    if _syscall is None:
        return 0
    return max(0, _syscall(_CREATE, None, ctypes.c_size_t(0), _ASK_VERSION))


class Rules:
    """The permissions of confined threads.

    Args:
        folders: Where files may be written; those that do not exist are left out, and of a file
            only its content may be changed.
        network: Whether TCP may be used.

    Raises:
        OSError: The kernel has no Landlock, or refuses.
    """

    def __init__(self, folders: Iterable[Path], *, network: bool) -> None:
        known = version()
        if not known:
            raise OSError(errno.ENOSYS, "this system has no Landlock")
        files = _WRITE | (_TRUNCATE if known >= 3 else 0)
        below = files | _MAKE | (_REFER if known >= 2 else 0)
        handled = struct.pack("<Q", below | _EXECUTE | _NEVER)
        if known >= 4:
            handled += struct.pack("<Q", 0 if network else _TCP)
        self._handle = _called(_CREATE, handled, len(handled), 0)
        try:
            for folder in folders:
                self._allow(folder, below, files)
            # Drivers of graphics cards are files that are written to, and share memory by files.
            self._allow(Path("/dev"), files, files)
            self._allow(Path("/dev/shm"), below, files)  # noqa: S108
        except BaseException:
            self.close()
            raise

    def _allow(self, path: Path, below: int, files: int) -> None:
        try:
            handle = os.open(path, os.O_PATH | os.O_CLOEXEC)
        except FileNotFoundError:
            return
        try:
            folder = stat.S_ISDIR(os.fstat(handle).st_mode)
            rule = struct.pack("<Qi", below if folder else files, handle)
            _called(_ADD, self._handle, _PATH_BENEATH, rule, 0)
        finally:
            os.close(handle)

    def confine(self) -> None:
        """Hold the calling thread, and all that it will start, to the rules for good.

        Raises:
            OSError: The kernel refuses.
        """
        assert _prctl is not None
        if _prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0):
            raise OSError(errno.EPERM, "the thread cannot drop its privileges")
        _called(_RESTRICT, self._handle, 0)

    def close(self) -> None:
        """Let the rules go; threads that are confined stay so."""
        os.close(self._handle)


def _called(number: int, *arguments: int | bytes) -> int:
    assert _syscall is not None
    given = [ctypes.c_long(a) if isinstance(a, int) else a for a in arguments]
    found = _syscall(ctypes.c_long(number), *given)
    if found < 0:
        code = ctypes.get_errno()
        raise OSError(code, f"Landlock: {os.strerror(code)}")
    return found
