"""Bodies that are JSON: limited in size, and read without blocking other requests."""

from __future__ import annotations

import asyncio
from typing import Any

from aiohttp import web

from weft.engine.graph.document import read_json

from ..keys import LARGE_BODIES, SETTINGS
from .errors import ApiError

LARGE = 2**18
"""Bytes from which a body is read in a thread, a few at a time."""


async def read_body(request: web.Request) -> Any:
    """The body as JSON, whatever its declared type; an empty one is an empty object.

    Raises:
        DocumentError: It is no JSON, too deep, holds too many values, or has a name twice.
        ApiError: 413: it is too large.
    """
    most = request.app[SETTINGS].limits.json_bytes
    if (request.content_length or 0) > most:
        raise _too_large(most)
    raw = await request.read()
    if len(raw) > most:
        raise _too_large(most)
    if not raw.strip():
        return {}
    if len(raw) <= LARGE:
        return read_json(raw)
    async with request.app[LARGE_BODIES]:
        return await asyncio.to_thread(read_json, raw)


def _too_large(most: int) -> ApiError:
    return ApiError(
        413,
        "The body is too large.",
        code="request.too_large",
        expected=f"at most {most} bytes of JSON",
        hint="Send less at once, or start the server with a larger --max-json-size.",
    )
