"""Bodies that are JSON: bounded, and read without keeping everybody else waiting.

Reading JSON holds the lock of the interpreter, wherever it is done: 60 MB of `[],` stop a server
for seconds. So the size is bounded, the number of values too, and what has many values is read by a
slower reader that lets others have their turn.
"""

from __future__ import annotations

import asyncio
import re
from typing import Any

from aiohttp import web

from ...engine.graph.document import read_json
from ..keys import LARGE_BODIES, SETTINGS
from .errors import ApiError

LARGE = 2**20
"""Bytes from which a body is read in a thread, a few at a time."""
MOST_VALUES = 2_000_000
"""Values that a body may hold, in all its objects and lists."""
_QUICK = 250_000  # values that are read in some ten milliseconds
_TEXT = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)


async def read_body(request: web.Request) -> Any:
    """The body as JSON, whatever its declared type; an empty one is an empty object.

    Raises:
        DocumentError: It is no JSON, too deep, or has a name twice.
        ApiError: 413: it is too large, or holds too many values.
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
        return _read(raw)
    async with request.app[LARGE_BODIES]:
        return await asyncio.to_thread(_read, raw)


def _read(raw: bytes) -> Any:
    values = count_values(raw)
    if values > MOST_VALUES:
        raise ApiError(
            413,
            "The body holds too many values.",
            code="request.too_large",
            expected=f"at most {MOST_VALUES} in all its objects and lists",
            hint="Send it in parts.",
        )
    return read_json(raw, patiently=values > _QUICK)


def count_values(raw: bytes) -> int:
    """About how many values JSON text holds: never fewer than it does, those in texts left out if
    there would be too many with them.
    """
    count = sum(raw.count(sign) for sign in (b",", b"[", b"{")) + 1
    if count <= _QUICK:
        return count
    inside = 0
    for text in _TEXT.finditer(raw):
        inside += sum(raw.count(sign, text.start(), text.end()) for sign in (b",", b"[", b"{"))
    return count - inside


def _too_large(most: int) -> ApiError:
    return ApiError(
        413,
        "The body is too large.",
        code="request.too_large",
        expected=f"at most {most} bytes of JSON",
        hint="Send it in parts, or start the server with a larger --max-json-size.",
    )
