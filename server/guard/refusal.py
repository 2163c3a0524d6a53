"""The answer to a request that is not let through."""

from __future__ import annotations

from aiohttp import web

from ...engine.errors import Problem


def refuse(status: int, code: str, message: str, hint: str | None = None) -> web.Response:
    """A refusal as JSON, in the shape of every other error of the server.

    Args:
        status: HTTP status.
        code: Stable identifier such as `guard.host`.
        message: What is wrong; never repeats what a stranger sent.
        hint: One thing to do.
    """
    problem = Problem(code, message, hint=hint)
    return web.json_response({"error": problem.to_json()}, status=status)
