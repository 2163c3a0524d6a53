"""Preview images of models: beside the file, as other programs put them, or inside its header.

They are served as small WebP files that weft has encoded itself; nothing of the original is.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
from pathlib import Path

from blake3 import blake3

from weft.engine.files.atomic import write_atomically

from ..api.errors import ApiError
from ..files.thumbnails import Thumbnails
from .facts import read_facts
from .rows import EMBEDDED

SUFFIXES = (
    ".preview.png",
    ".preview.jpg",
    ".preview.jpeg",
    ".preview.webp",
    ".png",
    ".jpg",
    ".jpeg",
    ".webp",
)
_LARGEST = 4 << 20  # characters of a picture in a header


def preview_beside(model: Path) -> Path | None:
    """The preview image beside a model: `a.png`, `a.preview.png`, ... for `a.gguf`."""
    stem = model.with_suffix("") if model.suffix else model
    for suffix in SUFFIXES:
        path = stem.with_name(stem.name + suffix)
        try:
            if path.is_file():
                return path
        except OSError:
            return None
    return None


class Previews:
    """Finds preview images of models and makes thumbnails of them.

    Args:
        thumbnails: Makes them small, and keeps them.
        folder: Where pictures out of headers lie; made when the first one is.
    """

    def __init__(self, thumbnails: Thumbnails, folder: Path) -> None:
        self._thumbnails, self._folder = thumbnails, folder

    async def get(self, model: Path, side: int) -> Path:
        """A thumbnail of a model's preview image.

        Args:
            model: An existing file.
            side: Longest side in pixels, one of `thumbnails.SIDES`.

        Raises:
            ApiError: 404: it has none; 413 or 415: what it has cannot be shown.
        """
        found = await asyncio.to_thread(self._find, model)
        if found is None:
            raise no_preview()
        try:
            return await self._thumbnails.get(found, side)
        except FileNotFoundError as error:
            raise no_preview() from error

    def _find(self, model: Path) -> Path | None:
        beside = preview_beside(model)
        if beside is not None:
            return beside
        return self._embedded((read_facts(model).metadata or {}).get(EMBEDDED, ""))

    def _embedded(self, text: str) -> Path | None:
        """A file with the picture of a data URI; None if it is none."""
        head, comma, body = text.partition(",")
        if not (comma and head.startswith("data:image/") and head.endswith(";base64")):
            return None
        if len(body) > _LARGEST:
            return None
        try:
            content = base64.b64decode(body, validate=True)
        except (binascii.Error, ValueError):
            return None
        path = self._folder / blake3(content).hexdigest(16)
        if not path.exists():
            self._folder.mkdir(parents=True, exist_ok=True)
            write_atomically(path, content)
        return path


def no_preview() -> ApiError:
    """The error for a model without preview image."""
    return ApiError(
        404,
        "This model has no preview image.",
        code="models.no_preview",
        hint="Put an image beside it, with the model's name and .png, .jpg, .webp or .preview.png.",
    )
