"""Image files that Pillow does not write: TIFF of any depth, and APNG with a default image."""

from __future__ import annotations

import struct
import zlib

SHORT, LONG = 3, 4


def tiff(width: int, height: int, pixels: bytes, *, order: str = "<", **tags: int) -> bytes:
    """Build a TIFF file of one uncompressed grey page.

    Args:
        width, height: Size in pixels.
        pixels: The rows as they are stored.
        order: `<` for little-endian numbers, `>` for big-endian ones.
        tags: `bits` of a number (8), `photometric` (1: 0 is black), `sample_format` (1: unsigned).
    """
    entries = {
        256: (LONG, width),
        257: (LONG, height),
        258: (SHORT, tags.get("bits", 8)),
        259: (SHORT, 1),
        262: (SHORT, tags.get("photometric", 1)),
        273: (LONG, 8),
        277: (SHORT, 1),
        278: (LONG, height),
        279: (LONG, len(pixels)),
        339: (SHORT, tags.get("sample_format", 1)),
    }
    mark = b"II*\0" if order == "<" else b"MM\0*"
    directory = struct.pack(order + "H", len(entries))
    for tag, (kind, value) in entries.items():
        filled = struct.pack(order + ("HH" if kind == SHORT else "I"), value, *[0][: kind == SHORT])
        directory += struct.pack(order + "HHI", tag, kind, 1) + filled
    padded = pixels + b"\0" * (len(pixels) % 2)
    return mark + struct.pack(order + "I", 8 + len(padded)) + padded + directory + b"\0" * 4


def apng(
    default: bytes | None, frames: list[tuple[tuple[int, int, int, int], bytes, int]]
) -> bytes:
    """Build an APNG of 2 x 1 RGBA pixels.

    Args:
        default: 8 bytes of an image that is no frame; None where the first frame is it.
        frames: Box (x, y, width, height), its bytes, and 1 to blend over what is there.
    """
    parts = [_chunk(b"IHDR", struct.pack(">IIBBBBB", 2, 1, 8, 6, 0, 0, 0))]
    parts.append(_chunk(b"acTL", struct.pack(">II", len(frames), 0)))
    if default is not None:
        parts.append(_chunk(b"IDAT", zlib.compress(b"\0" + default)))
    number = 0
    for place, ((x, y, width, height), pixels, blend) in enumerate(frames):
        control = struct.pack(">IIIIIHHBB", number, width, height, x, y, 1, 10, 0, blend)
        parts.append(_chunk(b"fcTL", control))
        number += 1
        packed = zlib.compress(b"\0" + pixels)
        if default is None and place == 0:
            parts.append(_chunk(b"IDAT", packed))
        else:
            parts.append(_chunk(b"fdAT", struct.pack(">I", number) + packed))
            number += 1
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
