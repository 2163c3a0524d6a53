"""Getting in with a browser: a page that asks for the token, and links that carry it once.

The token becomes a cookie at once and leaves the address bar; no other route reads it from a URL.
"""

from __future__ import annotations

from urllib.parse import parse_qsl

from aiohttp import web

from ..api.errors import ApiError
from . import sessions
from .policy import Policy
from .throttle import Throttle
from .users import User

_MOST_BYTES = 10_000  # of the form
# The form names no address, so that what stands after `#`, such as a share link, stays there.
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>weft</title>
<meta name="viewport" content="width=device-width">
<style>body{font:16px system-ui,sans-serif;margin:20vh auto;max-width:22rem;padding:0 1rem}
input,button{font:inherit;width:100%;box-sizing:border-box;padding:.5rem;margin:.4rem 0}</style>
</head><body><h1>weft</h1><form method="post">
<label for="token">Token, as shown where the server was started</label>
<input id="token" name="token" type="password" autocomplete="current-password" required autofocus>
<button>Log in</button></form></body></html>
"""


def add_login(app: web.Application, policy: Policy, guesses: Throttle) -> None:
    """Add `/login`; `guesses` slows down who tries tokens."""

    async def show(request: web.Request) -> web.Response:
        token = request.query.get("token")
        if token is not None:
            return enter(request, policy, guesses, token)
        # Without a referrer browsers send the form with the origin `null`, which is nobody's.
        headers = {"Referrer-Policy": "same-origin"}
        return web.Response(text=_PAGE, content_type="text/html", headers=headers)

    async def submit(request: web.Request) -> web.Response:
        form = (await request.read())[:_MOST_BYTES].decode("utf-8", "replace")
        try:
            fields = dict(parse_qsl(form, max_num_fields=10))
        except ValueError:
            fields = {}
        return enter(request, policy, guesses, fields.get("token", ""))

    app.router.add_get("/login", show)
    app.router.add_post("/login", submit)


def enter(request: web.Request, policy: Policy, guesses: Throttle, token: str) -> web.Response:
    """Exchange a token for the cookie and go to the front page, always the front page.

    Raises:
        ApiError: The token is wrong, or too many were.
    """
    caller = request.remote or ""
    if not guesses.allows(caller):
        raise too_many_guesses()
    user = policy.users.find(token)
    if user is None and not policy.is_open:
        guesses.take(caller)
        raise ApiError(401, "This token is not valid.", code="guard.bad_token")
    response = web.Response(status=303, headers={"Location": "/", "Cache-Control": "no-store"})
    if user is not None:
        set_cookie(request, response, user)
    return response


def too_many_guesses() -> ApiError:
    """Refuses who has sent too many wrong tokens."""
    return ApiError(
        429,
        "Too many wrong tokens.",
        code="guard.too_many_guesses",
        hint="Wait a minute.",
        headers={"Retry-After": "60"},
    )


def set_cookie(request: web.Request, response: web.Response, user: User) -> None:
    """Let a browser in for the cookie's lifetime."""
    response.set_cookie(
        sessions.COOKIE,
        sessions.sign(user),
        max_age=sessions.LIFETIME,
        httponly=True,
        samesite="Strict",
        secure=request.secure,
        path="/",
    )
