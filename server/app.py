"""The application: services, middlewares and routes put together."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from aiohttp import web
from aiohttp.typedefs import Middleware

from .api.answering import answer_errors
from .catalog import Catalog
from .comfy.service import install_comfy
from .files.service import install_files
from .guard.middleware import install_guard
from .guard.policy import policy_of
from .keys import CATALOG, LARGE_BODIES, MAKE_WORKER, SETTINGS, TALLY
from .metrics import Tally
from .models.service import install_models
from .routes import (
    docs,
    events,
    files,
    front,
    jobs,
    library,
    locales,
    models,
    nodes,
    queue,
    share,
    system,
    users,
    workflows,
)
from .services import end_streams, local_workers, services
from .settings import Settings
from .worker.base import Worker

_LARGE_AT_ONCE = 2  # large bodies that are read; each takes a hundred megabytes or two
# Each has `routes`: a `Routes`, or aiohttp's own `RouteTableDef`.
MODULES = (
    jobs,
    queue,
    events,
    system,
    docs,
    nodes,
    locales,
    models,
    files,
    workflows,
    library,
    share,
    users,
)


def middlewares(settings: Settings) -> list[Middleware]:
    """The middlewares around every request, outermost first."""
    return [answer_errors]


def create_app(
    settings: Settings, *, make_worker: Callable[[int], Worker] | None = None
) -> web.Application:
    """A server that is ready to be run.

    Services start with the application (`cleanup_ctx`), so that nothing touches the disk before.

    Args:
        settings: What to serve.
        make_worker: Makes the worker of a number; by default a process on this machine.

    Raises:
        WeftError: A node pack or a folder that the settings name cannot be used.
    """
    app = web.Application(
        middlewares=middlewares(settings), client_max_size=settings.limits.body_bytes
    )
    app[SETTINGS] = settings
    app[LARGE_BODIES] = asyncio.Semaphore(_LARGE_AT_ONCE)
    app[MAKE_WORKER] = make_worker if make_worker is not None else local_workers(settings)
    app[CATALOG] = Catalog(settings)
    tally = app[TALLY] = Tally()
    app.on_response_prepare.append(tally.answer)
    app.cleanup_ctx.append(services)
    app.on_shutdown.append(end_streams)
    install_guard(app, policy_of(settings))
    install_files(app)
    install_models(app)
    nodes.install_nodes(app)
    locales.install_locales(app)
    install_comfy(app)
    front.install_front(app)
    for module in MODULES:
        app.add_routes(module.routes)
    return app
