"""What a picture file says of its own making: text chunks of PNG, EXIF of JPEG and WebP."""

from __future__ import annotations

import json
import struct
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from .errors import DiffusionError
from .replacing import replacing

if TYPE_CHECKING:
    from PIL.Image import Image as PILImage

MAX_TEXT = 64 * 2**20
_DESCRIPTION, _MAKE, _MODEL = 0x010E, 0x010F, 0x0110


def read_texts(path: Path) -> dict[str, str]:
    """The texts that a picture holds, by keyword.

    PNG keeps each in a chunk; weft's WebP and JPEG files keep them as one JSON object in EXIF.
    ComfyUI's WebP files ("prompt:..." and "workflow:..." in EXIF) are read too. No pixel is
    decoded.

    Raises:
        DiffusionError: `image.not_an_image`: it is no PNG, WebP or JPEG.
    """
    with _opened(path) as picture:
        texts = {
            str(name): value
            for name, value in getattr(picture, "text", picture.info).items()
            if isinstance(value, str) and len(value) <= MAX_TEXT
        }
        exif = picture.getexif()
    for tag in (_DESCRIPTION, _MAKE, _MODEL):
        value = exif.get(tag)
        if isinstance(value, bytes):
            value = value.decode("utf-8", "replace")
        if isinstance(value, str) and len(value) <= MAX_TEXT:
            texts.update(_from_exif(value))
    return texts


def strip_texts(path: Path, target: Path) -> None:
    """Write a copy of a picture without texts and EXIF. What makes the pixels is not touched.

    Raises:
        DiffusionError: `image.not_an_image`, `image.damaged`.
    """
    with _opened(path) as picture:
        kind = picture.format
    data = path.read_bytes()
    try:
        bare = {"PNG": _bare_png, "WEBP": _bare_webp, "JPEG": _bare_jpeg}[kind or ""](data)
    except (struct.error, IndexError, KeyError) as error:
        raise DiffusionError(
            "image.damaged",
            f'The picture "{path.name}" is damaged.',
            expected="a complete picture file",
            got="one that ends early or has wrong data",
            hint="Save or copy it again.",
        ) from error
    with replacing(target) as temporary:
        temporary.write_bytes(bare)


def _bare_png(data: bytes) -> bytes:
    parts, at = [data[:8]], 8
    while at < len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        if kind not in (b"tEXt", b"zTXt", b"iTXt", b"eXIf", b"tIME", b"weFt"):
            parts.append(data[at : at + 12 + length])
        at += 12 + length
        if kind == b"IEND":
            break
    return b"".join(parts)


def _bare_webp(data: bytes) -> bytes:
    parts, at = [], 12
    while at + 8 <= len(data):
        kind, length = struct.unpack_from("<4sI", data, at)
        body = data[at : at + 8 + length + length % 2]
        if kind == b"VP8X":  # its flags say that there is EXIF and XMP
            body = body[:8] + bytes([body[8] & ~0x0C]) + body[9:]
        if kind not in (b"EXIF", b"XMP "):
            parts.append(body)
        at += 8 + length + length % 2
    whole = b"".join(parts)
    return b"RIFF" + struct.pack("<I", len(whole) + 4) + b"WEBP" + whole


def _bare_jpeg(data: bytes) -> bytes:
    parts, at = [data[:2]], 2
    while data[at + 1] != 0xDA:  # start of scan: from here on it is all picture
        (length,) = struct.unpack_from(">H", data, at + 2)
        if data[at + 1] not in (0xE1, 0xED, 0xFE):  # EXIF and XMP, IPTC, comment
            parts.append(data[at : at + 2 + length])
        at += 2 + length
    return b"".join([*parts, data[at:]])


def _opened(path: Path) -> PILImage:
    from PIL import Image, UnidentifiedImageError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            return Image.open(path, formats=("PNG", "WEBP", "JPEG"))
    except FileNotFoundError:
        raise
    except (UnidentifiedImageError, Image.DecompressionBombError, SyntaxError, ValueError) as error:
        raise DiffusionError(
            "image.not_an_image",
            f'The file "{path.name}" is no picture that can hold a workflow.',
            expected="PNG, WebP or JPEG",
            got=str(error)[:200],
            hint="Choose another file.",
        ) from error


def _from_exif(value: str) -> dict[str, str]:
    try:
        data = json.loads(value)
    except (ValueError, RecursionError):
        name, colon, rest = value.partition(":")
        return {name: rest} if colon and name in ("prompt", "workflow") else {}
    if not isinstance(data, dict):
        return {}
    return {str(name): text for name, text in data.items() if isinstance(text, str)}
