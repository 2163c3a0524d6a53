"""The middleware that turns whatever a handler raises into the one shape that errors have."""

from __future__ import annotations

import logging

from aiohttp import web
from aiohttp.typedefs import Handler

from weft.engine.errors import WeftError

from ..logs import Seldom
from .errors import ApiError, error_response
from .trouble import refusal_of

log = logging.getLogger(__name__)
_seldom = Seldom(log)


@web.middleware
async def answer_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn whatever a handler raises into the one shape that errors have."""
    try:
        return await handler(request)
    except WeftError as error:
        return error_response(error)
    except web.HTTPException as error:
        if error.status < 400:
            raise
        return error_response(_from_http(error, request))
    except ConnectionResetError:  # the client is gone, and nobody hears an answer
        raise
    except Exception as error:
        known = refusal_of(error)
        if known is None:  # a fault of ours: told to the log whole, to the client not at all
            log.exception("%s %s failed", request.method, request.path)
            known = _fault()
        elif known.status >= 500:
            _seldom.error(
                f"a request failed: {type(error).__name__}",
                exc_info=error,
                extra={"request": f"{request.method} {request.path[:200]}"},
            )
        return error_response(known)


def _fault() -> ApiError:
    return ApiError(
        500,
        "The server failed at this request.",
        code="server.fault",
        hint="The details are in the server's log.",
    )


def _from_http(error: web.HTTPException, request: web.Request) -> ApiError:
    """aiohttp's own refusals, which come as plain text."""
    path = request.path[:200]
    if isinstance(error, web.HTTPNotFound):
        return ApiError(404, f"There is nothing at {path}.", code="request.unknown_path")
    if isinstance(error, web.HTTPMethodNotAllowed):
        allowed = ", ".join(sorted(error.allowed_methods))
        return ApiError(
            405,
            f"{path} does not support the method {request.method[:20]}.",
            code="request.method",
            expected=allowed,
            headers={"Allow": allowed},
        )
    if isinstance(error, web.HTTPRequestEntityTooLarge):
        return ApiError(413, "The body is too large.", code="request.too_large")
    return ApiError(error.status, error.reason or "The request was refused.")
