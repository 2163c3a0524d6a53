"""The file services of one server, together."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

from aiohttp import web

from ..guard.middleware import POLICY
from ..keys import CATALOG, SETTINGS, owner_of
from .decoding import Decoder
from .folders import Folders, Kind, not_there
from .owners import Owners
from .thumbnails import Thumbnails
from .upload import Uploads

FOLDERS = web.AppKey("folders", Folders)
DECODER = web.AppKey("decoder", Decoder)
OWNERS = web.AppKey("owners", Owners)
UPLOADS = web.AppKey("uploads", Uploads)
THUMBNAILS = web.AppKey("thumbnails", Thumbnails)


def install_files(app: web.Application) -> None:
    """Add the services; they look at the disk when the application starts."""
    settings, catalog = app[SETTINGS], app[CATALOG]
    folders = app[FOLDERS] = Folders(catalog.workspace, settings.uploads)
    owners = app[OWNERS] = Owners(private=settings.private, is_admin=app[POLICY].is_admin)
    if settings.private:
        catalog.hide(lambda owner, name: owners.sees(owner, "input", name))
    decoder = app[DECODER] = Decoder(settings.limits.pixels)
    app[UPLOADS] = Uploads(folders, settings.limits, owners, decoder)
    app[THUMBNAILS] = Thumbnails(settings.data / "thumbnails", decoder)
    app.cleanup_ctx.append(_prepare)


def find_file(request: web.Request, kind: Kind, name: str) -> Path:
    """An existing file that who asks may see.

    Raises:
        ApiError: 404: missing, forbidden, of somebody else, or no file; all look the same.
    """
    path = request.app[FOLDERS].find(kind, name)
    if path is None or not sees_file(request, kind, name):
        raise not_there()
    return path


def sees_file(request: web.Request, kind: Kind, name: str) -> bool:
    """Whether who asks may see a file of that name."""
    return request.app[OWNERS].sees(owner_of(request), kind, name)


async def _prepare(app: web.Application) -> AsyncIterator[None]:
    await asyncio.to_thread(app[FOLDERS].clean)
    yield
