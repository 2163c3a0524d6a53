"""Typed keys under which handlers find the services of the application and of a request."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from aiohttp import web

from .settings import Settings

if TYPE_CHECKING:
    from .catalog import Catalog
    from .events.hub import Hub
    from .jobs.service import JobService
    from .library.service import Library
    from .metrics import Tally
    from .probes import Probes
    from .share.service import Sharing
    from .worker.base import Worker

SETTINGS = web.AppKey("settings", Settings)
CATALOG: web.AppKey[Catalog] = web.AppKey("catalog")
HUB: web.AppKey[Hub] = web.AppKey("hub")
MAKE_WORKER: web.AppKey[Callable[[int], Worker]] = web.AppKey("make_worker")
TALLY: web.AppKey[Tally] = web.AppKey("tally")
PROBES: web.AppKey[Probes] = web.AppKey("probes")
JOBS: web.AppKey[JobService] = web.AppKey("jobs")
SHARING: web.AppKey[Sharing] = web.AppKey("sharing")
LIBRARY: web.AppKey[Library] = web.AppKey("library")

# How many large bodies are read at the same time.
LARGE_BODIES = web.AppKey("large_bodies", asyncio.Semaphore)

# Who asks: set by the guard, and nobody else. The jobs of one owner share the queue fairly with
# those of others.
OWNER = web.RequestKey("owner", str)
# Whether that owner may see and steer the jobs of others.
ADMIN = web.RequestKey("admin", bool)
# Whether that owner may delete files of others.
DELETES = web.RequestKey("deletes", bool)
LOCAL = "local"


def owner_of(request: web.Request) -> str:
    """The owner name of the user of a request; `local` if the server needs no token."""
    owner: str = request.get(OWNER, LOCAL)
    return owner


def asking(request: web.Request) -> str | None:
    """The user whose jobs a request may see; None for all jobs."""
    return None if is_admin(request) else owner_of(request)


def is_admin(request: web.Request) -> bool:
    """Whether the user of a request is an administrator; yes if the server needs no token."""
    admin: bool = request.get(ADMIN, True)
    return admin


def may_delete(request: web.Request) -> bool:
    """Whether who asks may delete, and so replace, files of others."""
    deletes: bool = request.get(DELETES, True)
    return deletes
