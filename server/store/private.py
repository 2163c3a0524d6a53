"""Folders and files of the server that other users of the machine may not read."""

from __future__ import annotations

import contextlib
import logging
import os
import stat
from pathlib import Path

log = logging.getLogger(__name__)

_OWN = frozenset(
    {
        *("lock", "weft.sqlite", "weft.sqlite-wal", "weft.sqlite-shm", "users.json"),
        *("input", "thumbnails", "previews", "pins", "comfy"),
    }
)
"""What the server puts into its data folder."""


def private_folder(folder: Path) -> None:
    """Make a folder with mode 0700, or give an existing one that mode.

    A folder that holds other things than the server's may be somebody's home or `/tmp`; it stays as
    it is, and the log says that others may look into it.

    Raises:
        OSError: It cannot be made.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if os.name != "posix":
        return  # elsewhere a mode says nothing, and folders of a person are closed to others
    mode = stat.S_IMODE(folder.stat().st_mode)
    if not mode & 0o077:
        return
    with contextlib.suppress(OSError):  # somebody else's folder, or a disk without modes
        if all(path.name in _OWN for path in folder.iterdir()):
            folder.chmod(0o700)
            return
    log.warning(
        "other users of this machine can read the data folder %s (mode %o); choose your own with "
        "--data, or restrict it: chmod 700",
        folder,
        mode,
    )


def private_file(path: Path) -> None:
    """Make a file with mode 0600, or give an existing one that mode.

    Raises:
        OSError: It cannot be made.
    """
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        with contextlib.suppress(OSError):  # somebody else's file, or a disk without modes
            path.chmod(0o600)
