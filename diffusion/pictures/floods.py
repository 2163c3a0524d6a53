"""Counts of parts in picture files: a file of some megabytes may have millions, each of which costs
its reader time or memory, and none of which a picture needs.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import BinaryIO

from ..errors import DiffusionError

MAX_CHUNKS = 5000
"""Chunks of a PNG beside those of pixels."""
MAX_PIXEL_CHUNKS = 200_000
"""Chunks of pixels: a hundred million in the smallest usual ones have 50,000."""
MAX_FRAMES = 10_000
"""Frames of a GIF."""
_PNG = b"\x89PNG\r\n\x1a\n"
_PIXELS = frozenset({b"IDAT", b"fdAT", b"fcTL"})


def flood(file: BinaryIO) -> str | None:
    """The part of which an image file has too many, in words; None for none, and for other files.

    Args:
        file: From its beginning, and left there.
    """
    head = file.read(8)
    try:
        if head == _PNG:
            return _chunks(file)
        if head[:4] == b"GIF8":
            return _frames(file)
        return None
    finally:
        file.seek(0)


def refuse_floods(path: Path) -> None:
    """Refuse an image file with too many parts of a kind.

    Raises:
        DiffusionError: `image.too_many_parts`.
        OSError: It cannot be read.
    """
    with path.open("rb") as file:
        found = flood(file)
    if found is not None:
        raise DiffusionError(
            "image.too_many_parts",
            f'The image "{path.name}" has {found}.',
            expected="an image as programs save them",
            got=found,
            hint="Save it again with an image editor.",
        )


def _chunks(file: BinaryIO) -> str | None:
    others = pixels = 0
    while len(start := file.read(8)) == 8 and start[4:] != b"IEND":
        if start[4:] in _PIXELS:
            pixels += 1
        else:
            others += 1
        if others > MAX_CHUNKS or pixels > MAX_PIXEL_CHUNKS:
            return f"more than {MAX_CHUNKS if others > MAX_CHUNKS else MAX_PIXEL_CHUNKS} chunks"
        file.seek(int.from_bytes(start[:4], "big") + 4, os.SEEK_CUR)
    return None


def _frames(file: BinaryIO) -> str | None:
    """Follows the blocks of a GIF (GIF89a, sections 17 to 26) without looking into them."""
    file.seek(10)
    _skip_colours(file, file.read(3)[:1])
    frames = 0
    while kind := file.read(1):
        if kind == b"\x2c":
            frames += 1
            if frames > MAX_FRAMES:
                return f"more than {MAX_FRAMES} frames"
            _skip_colours(file, file.read(9)[8:])
            file.seek(1, os.SEEK_CUR)
        elif kind == b"\x21":
            file.seek(1, os.SEEK_CUR)
        else:
            return None  # the end, or what no reader goes on behind
        while (length := file.read(1)) not in (b"", b"\0"):
            file.seek(length[0], os.SEEK_CUR)
    return None


def _skip_colours(file: BinaryIO, flags: bytes) -> None:
    if flags and flags[0] & 0x80:
        file.seek(3 << ((flags[0] & 7) + 1), os.SEEK_CUR)
