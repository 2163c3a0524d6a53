"""The file services of one server, together."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from aiohttp import web

from ..keys import CATALOG, SETTINGS
from .folders import Folders
from .thumbnails import Thumbnails
from .upload import Uploads

FOLDERS = web.AppKey("folders", Folders)
UPLOADS = web.AppKey("uploads", Uploads)
THUMBNAILS = web.AppKey("thumbnails", Thumbnails)


def install_files(app: web.Application) -> None:
    """Add the services; they look at the disk when the application starts."""
    settings, catalog = app[SETTINGS], app[CATALOG]
    folders = app[FOLDERS] = Folders(catalog.workspace, settings.uploads)
    app[UPLOADS] = Uploads(folders, settings.limits)
    app[THUMBNAILS] = Thumbnails(settings.data / "thumbnails", pixels=settings.limits.pixels)
    app.cleanup_ctx.append(_prepare)


async def _prepare(app: web.Application) -> AsyncIterator[None]:
    await asyncio.to_thread(app[FOLDERS].clean)
    yield
