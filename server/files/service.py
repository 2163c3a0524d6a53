"""The file services of one server, together."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from aiohttp import web

from ..keys import CATALOG, SETTINGS
from .folders import Folders
from .models import Models
from .thumbnails import Thumbnails
from .upload import Uploads

FOLDERS = web.AppKey("folders", Folders)
UPLOADS = web.AppKey("uploads", Uploads)
THUMBNAILS = web.AppKey("thumbnails", Thumbnails)
MODELS = web.AppKey("models", Models)


def install_files(app: web.Application) -> None:
    """Add the services; they look at the disk when the application starts."""
    settings, catalog = app[SETTINGS], app[CATALOG]
    folders = app[FOLDERS] = Folders(catalog.workspace, settings.uploads)
    app[UPLOADS] = Uploads(folders, settings.limits)
    app[THUMBNAILS] = Thumbnails(settings.data / "thumbnails", pixels=settings.limits.pixels)
    app[MODELS] = Models(catalog.workspace, catalog.registry)
    app.cleanup_ctx.append(_prepare)


async def _prepare(app: web.Application) -> AsyncIterator[None]:
    await asyncio.to_thread(app[FOLDERS].clean)
    # Read ahead, so that the first who asks need not wait for a slow disk.
    reading = asyncio.create_task(app[MODELS].read_all())
    yield
    reading.cancel()
    await asyncio.gather(reading, return_exceptions=True)
