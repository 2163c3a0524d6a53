"""Identify the state of a file without reading it."""

from __future__ import annotations

import os
import time
from typing import NamedTuple

SETTLED = 2_000_000_000
"""Nanoseconds after which a second change of a file leaves other times. Clocks of file systems have
steps: 4 ms on Linux, 2 s on FAT."""


class Stamp(NamedTuple):
    """Size, times and identity of a file, as `os.stat` gives them.

    Size and modification time alone are not enough: `cp -p`, `rsync -t --inplace` and archives
    set the time themselves. The time of the last change of the inode nobody can set.

    Attributes:
        size: Bytes.
        modified: Nanoseconds since 1970 of the last change of the content, as somebody set it.
        changed: Nanoseconds since 1970 of the last change of the inode; on Windows, of its making.
        inode: Number of the file on its device.
        device: The device.
    """

    size: int
    modified: int
    changed: int
    inode: int
    device: int


def stamp_of(found: os.stat_result) -> Stamp:
    """The stamp in the answer of `os.stat`."""
    return Stamp(found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino, found.st_dev)


def is_settled(stamp: Stamp, at: int | None = None) -> bool:
    """Whether a change after this moment would leave another stamp.

    Args:
        stamp: Of a file, taken at that moment.
        at: The moment, in nanoseconds since 1970; None for now.
    """
    now = time.time_ns() if at is None else at
    return all(abs(now - when) > SETTLED for when in (stamp.modified, stamp.changed))
