"""New files that appear complete and replace nothing, on file systems with hard links or without.

A hard link fails if its name is taken, unlike a rename. exFAT, FAT, many network shares and FUSE
mounts have none: there the name is taken first by an empty file, which only one process can make,
and the complete file is then renamed onto it. A reader in between sees an empty file of that name.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import secrets
import socket
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

PART = ".part"
"""Suffix of files that are not complete yet."""

_NO_LINKS = {
    getattr(errno, name)
    for name in ("EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK", "EINVAL", "EACCES", "EXDEV")
}
# An earlier process may have had the same number; in containers it nearly always has.
_THIS_PROCESS = secrets.token_hex(4)
_PART = re.compile(
    r"\.weft-(?P<host>[0-9a-z_-]+)-(?P<process>\d{1,9})-(?P<token>[0-9a-f]{8})-.*\.part", re.DOTALL
)


def new_part(folder: Path, suffix: str = "") -> tuple[int, Path]:
    """Make a hidden, empty file in a folder, for content that is not complete yet.

    Its name says which process of which machine writes it, so that `clean_parts` can tell what is
    left over.

    Args:
        folder: An existing folder.
        suffix: Of the file that it becomes, with its dot.

    Returns:
        A handle open for writing, and the path.
    """
    prefix = f".weft-{_host()}-{os.getpid()}-{_THIS_PROCESS}-"
    handle, path = tempfile.mkstemp(dir=folder, prefix=prefix, suffix=suffix + PART)
    return handle, Path(path)


def set_mode(path: Path, mode: int = 0o644) -> None:
    """Say who may read a file that `new_part` made, where the file system knows of rights.

    Args:
        path: The file; only its owner may read it until then.
        mode: By default everybody may read it.
    """
    with contextlib.suppress(OSError):  # FAT and the like refuse
        path.chmod(mode)


def place_new(complete: Path, target: Path) -> None:
    """Give a complete file its name, unless that is taken.

    Args:
        complete: A finished file on the same file system; gone afterwards.
        target: Its name.

    Raises:
        FileExistsError: The name is taken; `complete` is still there.
        OSError: The disk refuses.
    """
    try:
        os.link(complete, target)
    except FileExistsError:
        raise
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
    else:
        complete.unlink()
        return
    os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644))
    try:
        complete.replace(target)
    except BaseException:
        target.unlink(missing_ok=True)  # the empty file that was made here
        raise


def write_numbered(
    folder: Path, stem: str, suffix: str, fill: Callable[[BinaryIO], object]
) -> Path:
    """Write `stem_00001suffix`, with the number after the highest that is there.

    Unfinished files that dead processes left in the folder are deleted on the way.

    Args:
        folder: An existing folder.
        stem: Name before the number.
        suffix: With its dot.
        fill: Writes the content.

    Raises:
        OSError: The disk refuses; nothing is left.
    """
    handle, temporary = new_part(folder, suffix)
    lock = os.dup(handle)
    try:
        _lock(lock)
        with os.fdopen(handle, "wb") as file:
            fill(file)
        set_mode(temporary)
        number = _next_number(folder, stem, suffix)
        while True:
            path = folder / f"{stem}_{number:05d}{suffix}"
            with contextlib.suppress(FileExistsError):
                place_new(temporary, path)
                return path
            number += 1
    finally:
        os.close(lock)
        temporary.unlink(missing_ok=True)


def clean_parts(folder: Path) -> list[Path]:
    """Delete unfinished files of processes of this machine that are gone.

    Files that a living process writes stay, and so do those of other machines on a shared folder.

    Args:
        folder: Looked through with all folders below; need not be there.

    Returns:
        What was deleted.
    """
    if not folder.is_dir():
        return []
    return [path for path in list(folder.rglob(".weft-*" + PART)) if _delete_left(path)]


def _delete_left(path: Path) -> bool:
    match = _PART.fullmatch(path.name)
    if match is None or match["host"] != _host() or _is_alive(match["process"], match["token"]):
        return False
    with contextlib.suppress(OSError):
        # A process of a container is not seen from outside, but its lock is.
        with path.open("rb") as file:
            if not _lock(file.fileno()):
                return False
        path.unlink()
        return True
    return False


def _lock(handle: int) -> bool:
    """Lock a file until its last handle is closed; False when somebody else has locked it."""
    try:
        import fcntl  # noqa: PLC0415  (not on Windows)
    except ImportError:  # Windows
        return True
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True  # this file system has no locks
    return True


def _next_number(folder: Path, stem: str, suffix: str) -> int:
    highest = 0
    for path in list(folder.iterdir()):
        name = path.name
        if name.startswith(stem + "_") and name.endswith(suffix):
            number = name[len(stem) + 1 : -len(suffix)]
            highest = max(highest, int(number) if number.isdecimal() else 0)
        elif name.startswith(".weft-"):
            _delete_left(path)
    return highest + 1


def _host() -> str:
    return re.sub(r"[^0-9a-z_-]", "_", socket.gethostname().lower())[:40] or "host"


def _is_alive(process: str, token: str) -> bool:
    """Whether a process of this machine lives."""
    if int(process) == os.getpid():
        return token == _THIS_PROCESS
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True  # somebody else's
    return True
