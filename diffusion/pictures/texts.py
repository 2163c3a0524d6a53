"""The metadata of an image file: text chunks of PNG, EXIF of JPEG and WebP."""

from __future__ import annotations

import json
import struct
import warnings
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import DiffusionError
from ..replacing import replacing
from .bare import bare_jpeg, bare_png, bare_webp
from .floods import MAX_CHUNKS, MAX_PIXEL_CHUNKS, refuse_floods

if TYPE_CHECKING:
    from PIL.Image import Image as PILImage

MAX_TEXT = 16 * 2**20
# What Pillow's reader of EXIF and ours of texts meet in broken files.
_DAMAGED = (struct.error, zlib.error, ValueError, OSError, SyntaxError, LookupError, TypeError)
_EXIF_BLOCK, _USER_COMMENT = 0x8769, 0x9286
_DESCRIPTION, _MAKE, _MODEL, _ORIENTATION = 0x010E, 0x010F, 0x0110, 0x0112


def read_texts(path: Path) -> dict[str, str]:
    """The metadata texts of an image, by keyword.

    PNG keeps each in a chunk; weft's WebP and JPEG files keep them as one JSON object in EXIF,
    and WebP those of ComfyUI as it does ("prompt:..." and "workflow:..."). EXIF's UserComment, in
    which the web UI and model sites keep theirs, is `parameters`, unless it is JSON of ComfyUI. No
    pixel is decoded.

    Raises:
        DiffusionError: `image.not_an_image`: it is no PNG, WebP or JPEG; `image.damaged`.
    """
    from PIL import Image

    data = path.read_bytes()
    with _opened(path) as picture, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # broken EXIF is ours to judge
        try:
            if picture.format == "PNG":
                # Pillow would decode the pixels to look for chunks behind them.
                texts, block = _png_texts(data)
                exif = Image.Exif()
                exif.load(block)
            else:
                found = picture.info.items()
                texts = {str(name): text for name, text in found if isinstance(text, str)}
                exif = picture.getexif()
            values = [exif.get(tag) for tag in (_DESCRIPTION, _MAKE, _MODEL)]
            comment = exif.get_ifd(_EXIF_BLOCK).get(_USER_COMMENT)
        except _DAMAGED as error:
            raise _damaged(path) from error
    for value in values:
        text = value.decode("utf-8", "replace") if isinstance(value, bytes) else value
        if isinstance(text, str) and len(text) <= MAX_TEXT:
            texts.update(_from_exif(text))
    if isinstance(comment, bytes | str) and 0 < len(comment) <= MAX_TEXT:
        texts.update(_from_comment(comment))
    return texts


def strip_texts(path: Path, target: Path) -> None:
    """Write a copy of an image without metadata. The pixel data are not changed.

    Texts, EXIF, XMP, comments, thumbnails and what follows the picture's end are left out; a
    picture that EXIF turns stays turned.

    Raises:
        DiffusionError: `image.not_an_image`, `image.damaged`.
    """
    with _opened(path) as picture:
        kind = picture.format
        turned = _turned(picture)
    data = path.read_bytes()
    try:
        bare = {"PNG": bare_png, "WEBP": bare_webp, "JPEG": bare_jpeg, "MPO": bare_jpeg}[
            kind or ""
        ](data, turned)
    except (struct.error, ValueError, LookupError) as error:
        raise _damaged(path) from error
    with replacing(target) as temporary:
        temporary.write_bytes(bare)


def _turned(picture: PILImage) -> int:
    """EXIF's orientation; 1, which is upright, where there is none or a broken one."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            if picture.format == "PNG":  # its getexif would decode the pixels
                from PIL import Image

                exif = Image.Exif()
                exif.load(picture.info.get("exif", b""))
            else:
                exif = picture.getexif()
            found = exif.get(_ORIENTATION, 1)
        except _DAMAGED:
            return 1
    return found if isinstance(found, int) and 1 < found <= 8 else 1


def _png_texts(data: bytes) -> tuple[dict[str, str], bytes]:
    """The texts and the EXIF block of a PNG; nothing is unpacked beyond `MAX_TEXT` in all."""
    texts: dict[str, str] = {}
    exif, left, at = b"", MAX_TEXT, 8
    for _ in range(MAX_CHUNKS + MAX_PIXEL_CHUNKS):
        if at + 12 > len(data):
            break
        length, kind = struct.unpack_from(">I4s", data, at)
        body = data[at + 8 : at + 8 + length]
        at += 12 + length
        if kind == b"IEND" or len(body) < length:
            break
        if kind == b"eXIf":
            exif = b"Exif\0\0" + body
        elif kind in (b"tEXt", b"zTXt", b"iTXt"):
            name, text = _png_text(kind, body, left)
            left -= len(text)
            texts[name] = text
    return texts, exif


def _png_text(kind: bytes, body: bytes, limit: int) -> tuple[str, str]:
    """Keyword and text of one chunk (PNG specification, 11.3.3)."""
    keyword, _, rest = body.partition(b"\0")
    packed, encoding = kind == b"zTXt", "latin-1"
    if kind == b"zTXt":
        rest = rest[1:]
    elif kind == b"iTXt":
        packed, encoding = rest[:1] == b"\1", "utf-8"
        _, _, rest = rest[2:].partition(b"\0")
        _, _, rest = rest.partition(b"\0")
    if limit <= 0 and rest:
        raise ValueError("its texts are too long")
    if packed:
        unpack = zlib.decompressobj()
        rest = unpack.decompress(rest, limit)
        if unpack.unconsumed_tail:
            raise ValueError("one of its texts is too large when unpacked")
    return keyword.decode("latin-1"), rest[:limit].decode(encoding, "replace")


def _damaged(path: Path) -> DiffusionError:
    return DiffusionError(
        "image.damaged",
        f'The image "{path.name}" is damaged.',
        expected="a complete image file",
        got="one that is truncated or has wrong data",
        hint="Save or copy it again.",
    )


def _opened(path: Path) -> PILImage:
    from PIL import Image

    try:
        refuse_floods(path)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            return Image.open(path, formats=("PNG", "WEBP", "JPEG"))
    except (OSError, Image.DecompressionBombError, SyntaxError, ValueError, struct.error) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise  # the disk's trouble; Pillow's own has no number
        raise DiffusionError(
            "image.not_an_image",
            f'The file "{path.name}" is no image that can hold a workflow.',
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


def _from_comment(comment: bytes | str) -> dict[str, str]:
    """EXIF's UserComment: eight bytes that name an encoding, then the text (EXIF 2.32, 4.6.5)."""
    text = comment if isinstance(comment, str) else _comment_text(comment)
    text = text.strip("\0").strip()
    if not text:
        return {}
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return {"parameters": text}
    found = data.items() if isinstance(data, dict) else ()
    nodes = {n: v for n, v in found if isinstance(v, dict) and "class_type" in v}
    if nodes:
        return {"prompt": json.dumps(nodes, ensure_ascii=False)}
    return _from_exif(text) or {"parameters": text}


def _comment_text(comment: bytes) -> str:
    kind, body = comment[:8], comment[8:]
    if kind == b"UNICODE\0":
        return body.decode(_utf16_order(body), "replace").removeprefix("\ufeff")
    if kind.startswith(b"JIS"):
        return body.decode("iso2022_jp", "replace")
    if kind in (b"ASCII\0\0\0", b"\0" * 8):
        return body.decode("utf-8", "replace")
    return comment.decode("utf-8", "replace")  # written without the eight bytes


def _utf16_order(body: bytes) -> str:
    """Which byte of each pair is the high one. Writers differ, whatever the byte order of EXIF."""
    if body[:2] in (b"\xfe\xff", b"\xff\xfe"):
        return "utf-16"
    # Keys such as `Steps:` are ASCII, of which the high byte is 0.
    return "utf-16-le" if body[1::2].count(0) > body[0::2].count(0) else "utf-16-be"
