"""Every route of ComfyUI exists twice, at `/x` and at `/api/x`."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler

from weft.engine.errors import DocumentError

from ..api.bodies import read_body
from ..api.errors import ApiError


class Twins:
    """A table of routes, each of which is added twice."""

    def __init__(self) -> None:
        self._routes: list[tuple[str, str, Handler]] = []

    def get(self, path: str) -> Callable[[Handler], Handler]:
        """Declare a GET."""
        return self._declare("GET", path)

    def post(self, path: str) -> Callable[[Handler], Handler]:
        """Declare a POST."""
        return self._declare("POST", path)

    def patch(self, path: str) -> Callable[[Handler], Handler]:
        """Declare a PATCH."""
        return self._declare("PATCH", path)

    def delete(self, path: str) -> Callable[[Handler], Handler]:
        """Declare a DELETE."""
        return self._declare("DELETE", path)

    def _declare(self, method: str, path: str) -> Callable[[Handler], Handler]:
        def declare(handler: Handler) -> Handler:
            self._routes.append((method, path, handler))
            return handler

        return declare

    def add_to(self, app: web.Application) -> None:
        """Add all of them to an application."""
        for method, path, handler in self._routes:
            for place in (path, "/api" + path):
                if method == "GET":
                    app.router.add_get(place, handler)
                else:
                    app.router.add_route(method, place, handler)


async def read_object(request: web.Request) -> dict[str, Any]:
    """The body as a JSON object, whatever its declared type; an empty body is an empty object.

    Raises:
        ApiError: 400, it is something else.
    """
    try:
        data = await read_body(request)
    except DocumentError as error:
        status = 413 if error.code == "document.too_large" else 400
        raise ApiError(status, error.problem.message, code=error.code) from error
    if not isinstance(data, dict):
        raise ApiError(400, "The body is no JSON object.", code="request.invalid")
    return data


def answer(data: Any, *, status: int = 200) -> web.Response:
    """JSON data as an answer."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return web.Response(
        body=text.encode("utf-8", "replace"), status=status, content_type="application/json"
    )


def texts(data: Any) -> list[str]:
    """The texts of a list; empty for anything else."""
    return [item for item in data if isinstance(item, str)] if isinstance(data, list) else []
