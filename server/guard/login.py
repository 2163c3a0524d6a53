"""Log in with a browser: a page that asks for the token, and login links.

A link shows a page with a button, because anybody can make a browser open a link: who opened one
would otherwise be logged in as whoever made it, and work under that name unawares. Only the form
sets the cookie, and only a form of our own page: the guard refuses those of other pages. No other
route reads a token from a URL.
"""

from __future__ import annotations

import html
from collections.abc import Callable
from urllib.parse import parse_qsl, quote

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
{fields}
{problem}<button>{button}</button></form></body></html>
"""
_ASKED = """<label for="token">{label}</label>
<input id="token" name="token" type="password" autocomplete="current-password"
required autofocus>"""
_CARRIED = """<div>{linked}</div><input name="token" type="hidden" value="{token}">"""
_TEXTS = {
    "en": {
        "label": "Token, as printed where the server was started",
        "button": "Log in",
        "linked": "This link logs this browser in as “{name}”. Log in only if it is meant for you.",
        "guard.bad_token": "This token is not valid.",
        "guard.too_many_guesses": "Too many wrong tokens. Wait a minute.",
    },
    "zh": {
        "label": "启动服务器时显示的令牌",
        "button": "登录",
        "linked": "此链接将使本浏览器以“{name}”的身份登录。仅当链接是给您的时才登录。",
        "guard.bad_token": "令牌无效。",
        "guard.too_many_guesses": "错误次数过多。请等一分钟。",
    },
}


def _form(
    request: web.Request,
    problem: ApiError | None = None,
    *,
    carried: tuple[User, str] | None = None,
) -> web.Response:
    """The page, in the browser's language.

    Args:
        request: Who asks.
        problem: What was wrong with the token before.
        carried: The token of a link and whose it is; None asks for a token.
    """
    wanted = request.headers.get("Accept-Language", "").lower()
    texts = _TEXTS["zh" if wanted.startswith("zh") else "en"]
    told = "" if problem is None else f'<p role="alert">{texts[problem.code]}</p>'
    if carried is None:
        fields = _ASKED.format(label=texts["label"])
    else:
        user, token = carried
        linked = texts["linked"].format(name=user.name)
        fields = _CARRIED.format(linked=linked, token=html.escape(token))
    page = _PAGE.format(
        lang="zh-CN" if texts is _TEXTS["zh"] else "en",
        fields=fields,
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
        if token is None:
            return _form(request)
        return told(request, lambda: _offer(request, policy, guesses, token))

    async def submit(request: web.Request) -> web.Response:
        form = (await request.read())[:_MOST_BYTES].decode("utf-8", "replace")
        try:
            fields = dict(parse_qsl(form, max_num_fields=10))
        except ValueError:
            fields = {}
        token = fields.get("token", "")
        return told(request, lambda: _enter(request, policy, guesses, token))

    def told(request: web.Request, work: Callable[[], web.Response]) -> web.Response:
        try:
            return work()
        except ApiError as error:
            # Programs read the refusal as JSON; a person gets the form again, saying why.
            if "text/html" not in request.headers.get("Accept", ""):
                raise
            return _form(request, error)

    app.router.add_get("/login", show)
    app.router.add_post("/login", submit)


def _offer(request: web.Request, policy: Policy, guesses: Throttle, token: str) -> web.Response:
    """What a link with a token shows: a button that logs in. Nobody is logged in by it.

    Who is logged in as its user already goes on to the front page.

    Raises:
        ApiError: The token is wrong, or too many were.
    """
    user = _owner(request, policy, guesses, token)
    cookie = request.cookies.get(sessions.COOKIE)
    known = sessions.read(cookie, policy.users) if cookie else None
    if user is None or known is user:
        return _to_the_front()
    return _form(request, carried=(user, token))


def _enter(request: web.Request, policy: Policy, guesses: Throttle, token: str) -> web.Response:
    """Exchange a token for the cookie and go to the front page, always the front page.

    Raises:
        ApiError: The token is wrong, or too many were.
    """
    user = _owner(request, policy, guesses, token)
    response = _to_the_front()
    if user is not None:
        set_cookie(request, response, user)
    return response


def _owner(request: web.Request, policy: Policy, guesses: Throttle, token: str) -> User | None:
    """Whose token it is; None where no token is asked for.

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
    return user


def _to_the_front() -> web.Response:
    return web.Response(status=303, headers={"Location": "/", "Cache-Control": "no-store"})


def to_login(token: str) -> web.Response:
    """Go on from a link at `/` to the page with the button; what stands after `#` goes along."""
    where = f"/login?token={quote(token, safe='')}"
    return web.Response(status=303, headers={"Location": where, "Cache-Control": "no-store"})


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
