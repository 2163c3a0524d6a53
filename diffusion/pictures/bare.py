"""A copy of an image file without metadata: only pixels and their colours are kept.

What is kept is listed, so that no place to hide something in is forgotten: texts, EXIF, XMP, IPTC,
comments, thumbnails, private chunks and whatever follows the picture's end are left out. The
compressed pixels are copied as they are. A picture that is turned by EXIF keeps that one number.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

_PNG = b"IHDR PLTE IDAT IEND acTL fcTL fdAT tRNS bKGD pHYs".split()
_PNG += b"gAMA cHRM sRGB iCCP cICP mDCV cLLI sBIT hIST".split()
_WEBP = (b"VP8X", b"VP8 ", b"VP8L", b"ALPH", b"ANIM", b"ANMF", b"ICCP")
_HAS_EXIF, _HAS_XMP = 0x08, 0x04  # flags of VP8X
_ORIENTATION = 0x0112


def bare_png(data: bytes, turned: int = 1) -> bytes:
    """A PNG without anything else.

    Args:
        data: The file.
        turned: EXIF's orientation, 1 to 8; 1 is upright.

    Raises:
        struct.error: It ends early.
    """
    parts, at, kind = [data[:8]], 8, b""
    while kind != b"IEND":
        length, kind = struct.unpack_from(">I4s", data, at)
        if kind == b"IDAT" and turned != 1:
            body = b"eXIf" + _exif(turned)
            parts.append(struct.pack(">I", len(body) - 4) + body)
            parts.append(struct.pack(">I", zlib.crc32(body)))
            turned = 1
        if kind in _PNG:
            parts.append(data[at : at + 12 + length])
        at += 12 + length
    return b"".join(parts)


def bare_webp(data: bytes, turned: int = 1) -> bytes:
    """A WebP file without anything else; see `bare_png`."""
    (size,) = struct.unpack_from("<I", data, 4)
    parts = []
    for kind, body in _chunks(data[12 : 8 + size]):
        if kind == b"VP8X":
            flags = body[0] & ~(_HAS_EXIF | _HAS_XMP) | (_HAS_EXIF if turned != 1 else 0)
            parts.append(_chunk(kind, bytes([flags]) + body[1:]))
        elif kind == b"ANMF":  # a frame: 16 bytes about it, then chunks of its own
            inner = [_chunk(k, b) for k, b in _chunks(body[16:]) if k in _WEBP]
            parts.append(_chunk(kind, b"".join([body[:16], *inner])))
        elif kind in _WEBP:
            parts.append(_chunk(kind, body))
    if turned != 1:
        parts.append(_chunk(b"EXIF", _exif(turned)))
    whole = b"WEBP" + b"".join(parts)
    return b"RIFF" + struct.pack("<I", len(whole)) + whole


def bare_jpeg(data: bytes, turned: int = 1) -> bytes:
    """A JPEG file without anything else; see `bare_png`.

    Raises:
        IndexError, struct.error: It ends early.
    """
    parts, at = [data[:2]], 2
    if turned != 1:
        exif = b"Exif\0\0" + _exif(turned)
        parts.append(b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif)
    while True:
        while data[at + 1] == 0xFF:  # markers may be filled up
            at += 1
        marker = data[at + 1]
        if marker == 0xD9:  # the end
            return b"".join([*parts, b"\xff\xd9"])
        (length,) = struct.unpack_from(">H", data, at + 2)
        segment = data[at : at + 2 + length]
        at += 2 + length
        if marker == 0xDA:  # a scan: its bytes follow, in which 0xFF is no marker before 0 or 0xD0
            end = _end_of_scan(data, at)
            segment, at = segment + data[at:end], end
        if _is_needed(marker, segment[4:]):
            parts.append(segment)


def _is_needed(marker: int, body: bytes) -> bool:
    if marker == 0xE0:
        return body.startswith(b"JFIF\0") and body[12:14] == b"\0\0"  # without a thumbnail
    if marker == 0xE2:
        return body.startswith(b"ICC_PROFILE\0")
    if marker == 0xEE:
        return body.startswith(b"Adobe")  # says how colours are coded
    return not (0xE0 <= marker <= 0xEF or marker == 0xFE)


def _end_of_scan(data: bytes, at: int) -> int:
    while True:
        at = data.index(b"\xff", at)
        if data[at + 1] != 0 and not 0xD0 <= data[at + 1] <= 0xD7:
            return at
        at += 2


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 0
    while at + 8 <= len(data):
        kind, length = struct.unpack_from("<4sI", data, at)
        yield kind, data[at + 8 : at + 8 + length]
        at += 8 + length + length % 2


def _chunk(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)


def _exif(turned: int) -> bytes:
    """EXIF with one entry: how the picture is turned."""
    return struct.pack(">2sHIHHHIHHI", b"MM", 42, 8, 1, _ORIENTATION, 3, 1, turned, 0, 0)
