"""ComfyUI's protocol added to an application."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator

from aiohttp import web

from ..keys import CATALOG, HUB, JOBS, SETTINGS
from ..logs import Tail
from . import catalogue, internal, locales, pictures, prompts, socket, system, users
from .bridge import Bridge
from .internal import TAIL, tell_logs
from .prompts import BRIDGE

_MODULES = (prompts, socket, catalogue, locales, pictures, users, system, internal)


def install_comfy(app: web.Application) -> None:
    """Add the routes; `HUB` and `JOBS` must be there when the application starts."""
    for module in _MODULES:
        module.routes.add_to(app)
    app[locales.TEXTS] = locales.Texts(app[CATALOG].registry)
    users.install_users(app)
    app.cleanup_ctx.append(_run)
    app.on_shutdown.append(_close)


async def _run(app: web.Application) -> AsyncIterator[None]:
    settings = app[SETTINGS]
    bridge = app[BRIDGE] = Bridge(app[HUB], app[JOBS], settings.output, settings.previews)
    listening = asyncio.create_task(bridge.listen())
    tail = app[TAIL] = Tail()
    logging.getLogger().addHandler(tail)
    tell_logs(app)
    yield
    logging.getLogger().removeHandler(tail)
    listening.cancel()
    await asyncio.gather(listening, return_exceptions=True)


async def _close(app: web.Application) -> None:
    await app[BRIDGE].close()
