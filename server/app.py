"""The application: services, middlewares and routes put together."""

from __future__ import annotations

from aiohttp import web
from aiohttp.typedefs import Middleware

from .api.errors import answer_errors
from .catalog import Catalog
from .keys import CATALOG, SETTINGS
from .routes import system
from .settings import Settings

# Each has `routes`: a `Routes`, or aiohttp's own `RouteTableDef`.
MODULES = (system,)


def middlewares(settings: Settings) -> list[Middleware]:
    """What every request goes through, outermost first."""
    return [answer_errors]


def create_app(settings: Settings) -> web.Application:
    """A server that is ready to be run.

    Services start with the application (`cleanup_ctx`), so that nothing touches the disk before.

    Raises:
        WeftError: A node pack or a folder that the settings name cannot be used.
    """
    app = web.Application(
        middlewares=middlewares(settings), client_max_size=settings.limits.body_bytes
    )
    app[SETTINGS] = settings
    app[CATALOG] = Catalog(settings)
    for module in MODULES:
        app.add_routes(module.routes)
    return app
