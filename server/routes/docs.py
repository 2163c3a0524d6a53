"""The description of the API, for programs and for people."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from weft import __version__

from ..api.errors import json_response
from ..api.openapi import openapi
from ..api.page import page
from ..api.routing import Routes, endpoints

routes = Routes("documentation")


@routes.get("/v1/openapi.json", media_type="application/json")
async def openapi_document(request: web.Request) -> web.StreamResponse:
    """Give this description as OpenAPI 3.1."""
    return json_response(_described(request))


@routes.get("/v1/docs", media_type="text/html")
async def docs(request: web.Request) -> web.StreamResponse:
    """Show this description to people."""
    return web.Response(text=page(_described(request)), content_type="text/html")


def _described(request: web.Request) -> dict[str, Any]:
    return openapi(endpoints(request.app), version=__version__)
