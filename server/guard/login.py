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
<html lang="{lang}"><head><meta charset="utf-8"><title>weft</title>
<meta name="viewport" content="width=device-width"><meta name="color-scheme" content="dark light">
<style>:root{{color-scheme:dark light}}
body{{font:16px/1.5 system-ui,sans-serif;margin:18vh auto;max-width:22rem;padding:0 1rem;
background:light-dark(#eeeff1,#121317);color:light-dark(#1f2126,#e9eaee)}}
input,button{{font:inherit;width:100%;box-sizing:border-box;padding:.55rem .7rem;margin:.4rem 0;
border-radius:8px;border:1px solid light-dark(#b9bbc3,#45474f);background:light-dark(#fff,#1a1b20);
color:inherit}}
button{{background:#5557d8;border-color:#5557d8;color:#fff;font-weight:600}}
p{{color:light-dark(#b3202c,#ff8a8a)}}
:focus-visible{{outline:2px solid #7f82ff;outline-offset:1px}}</style>
</head><body><h1>weft</h1><form method="post">
<label for="token">{label}</label>
<input id="token" name="token" type="password" autocomplete="current-password" required autofocus>
{problem}<button>{button}</button></form></body></html>
"""
_TEXTS = {
    "en": {
        "label": "Token, as shown where the server was started",
        "button": "Log in",
        "guard.bad_token": "This token is not valid.",
        "guard.too_many_guesses": "Too many wrong tokens. Wait a minute.",
    },
    "zh": {
        "label": "启动服务器时显示的令牌",
        "button": "登录",
        "guard.bad_token": "令牌无效。",
        "guard.too_many_guesses": "错误次数过多。请等一分钟。",
    },
}


def _form(request: web.Request, problem: ApiError | None = None) -> web.Response:
    """The page, in the browser's language, with what was wrong with the token before."""
    wanted = request.headers.get("Accept-Language", "").lower()
    texts = _TEXTS["zh" if wanted.startswith("zh") else "en"]
    told = "" if problem is None else f'<p role="alert">{texts[problem.code]}</p>'
    page = _PAGE.format(
        lang="zh-CN" if texts is _TEXTS["zh"] else "en",
        label=texts["label"],
        button=texts["button"],
        problem=told,
    )
    # Without a referrer browsers send the form with the origin `null`, which is nobody's.
    headers = {"Referrer-Policy": "same-origin", "Cache-Control": "no-store"}
    if problem is not None:
        headers |= problem.headers
    return web.Response(
        text=page,
        status=200 if problem is None else problem.status,
        content_type="text/html",
        headers=headers,
    )


def add_login(app: web.Application, policy: Policy, guesses: Throttle) -> None:
    """Add `/login`; `guesses` slows down who tries tokens."""

    async def show(request: web.Request) -> web.Response:
        token = request.query.get("token")
        if token is not None:
            return enter(request, policy, guesses, token)
        return _form(request)

    async def submit(request: web.Request) -> web.Response:
        form = (await request.read())[:_MOST_BYTES].decode("utf-8", "replace")
        try:
            fields = dict(parse_qsl(form, max_num_fields=10))
        except ValueError:
            fields = {}
        try:
            return enter(request, policy, guesses, fields.get("token", ""))
        except ApiError as error:
            # Programs read the refusal as JSON; a person gets the form again, saying why.
            if "text/html" not in request.headers.get("Accept", ""):
                raise
            return _form(request, error)

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
