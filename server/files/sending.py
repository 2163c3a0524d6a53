"""Files as answers, with validators that tell every change."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from aiohttp import ETag, web

from weft.engine.files.stamp import stamp_of

if TYPE_CHECKING:
    from aiohttp.abc import AbstractStreamWriter


class StoredFile(web.FileResponse):
    """A file whose ETag holds its whole stamp.

    aiohttp makes it of size and modification time, which `cp -p` keeps; a browser that asks
    whether its copy is still good would then be told so of another content.

    Args:
        path: The file.
        headers: More headers.
    """

    def __init__(self, path: Path, *, headers: Mapping[str, str]) -> None:
        super().__init__(path, headers=headers)
        self._file = path
        self._tag: str | None = None

    @property
    def etag(self) -> ETag | None:
        """The validator that is sent."""
        return super().etag

    @etag.setter
    def etag(self, value: ETag | str | None) -> None:
        # aiohttp sets its own while it prepares the answer.
        web.FileResponse.etag.fset(self, self._tag or value)  # type: ignore[attr-defined]

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        """Send it, or say that what the client has is still good."""
        with contextlib.suppress(OSError):  # it is gone, which is said below
            stamp = stamp_of(await asyncio.to_thread(self._file.stat))
            self._tag = "-".join(f"{number:x}" for number in stamp)
        if self._tag and any(each.value == self._tag for each in request.if_none_match or ()):
            self.set_status(304)
            self.etag = self._tag
            return await web.StreamResponse.prepare(self, request)
        return await super().prepare(request)
