"""The guard itself: one middleware around every handler."""

from __future__ import annotations

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler, Middleware

from . import sessions
from .access import needed_role
from .headers import add_security_headers
from .hosts import HostName
from .login import add_login, enter
from .origin import foreign_page
from .policy import Policy
from .refusal import refuse
from .throttle import Throttle
from .users import Role, User

USER: web.RequestKey[User] = web.RequestKey("user", User)
LOCAL = User("local", Role.admin, b"")  # whoever reaches an open server


def install_guard(app: web.Application, policy: Policy) -> None:
    """Guard an application; call it before other middlewares are added, to stand outermost."""
    guesses = Throttle(rate=0.2, burst=10)  # wrong tokens, by address
    app.middlewares.append(guard(policy, guesses))
    app.on_response_prepare.append(add_security_headers)
    add_login(app, policy, guesses)


def user_of(request: web.Request) -> User:
    """Who asks; on a server without tokens, the local user."""
    return request.get(USER, LOCAL)


def guard(policy: Policy, guesses: Throttle) -> Middleware:
    """A middleware that lets through who may, and answers the others."""

    @web.middleware
    async def let_through(request: web.Request, handler: Handler) -> web.StreamResponse:
        host = _host(request, policy)
        if host is None:
            return refuse(
                421,
                "guard.host",
                "This server does not answer to that name.",
                "Use localhost or its address, or start it with --allow-host NAME.",
            )
        if foreign_page(policy.hosts, host, request.method, request.headers):
            return refuse(
                403,
                "guard.origin",
                "Another web page may not use this server.",
                "Start it with --allow-origin ORIGIN if that page is yours.",
            )
        if _preflight(request, policy):
            return _allow_origin(request, policy, web.Response(status=204))
        if not policy.is_open:
            refusal = _authenticate(request, policy, guesses)
            if refusal is not None:
                return refusal
        return _allow_origin(request, policy, await handler(request))

    return let_through


def _host(request: web.Request, policy: Policy) -> HostName | None:
    given = request.headers.getall(hdrs.HOST, [])
    return policy.hosts.find(given[0]) if len(given) == 1 else None


def _authenticate(
    request: web.Request, policy: Policy, guesses: Throttle
) -> web.StreamResponse | None:
    """Note who asks; the answer to give instead when they may not."""
    needed = needed_role(request.method, request.path)
    if needed is None:
        return None
    user, tried = _user(request, policy)
    caller = request.remote or ""
    if user is None:
        if request.method == "GET" and request.path == "/" and "token" in request.query:
            return enter(request, policy, guesses, request.query["token"])
        if tried and not guesses.take(caller):
            return refuse(429, "guard.too_many_guesses", "Too many wrong tokens; wait a minute.")
        if request.method == "GET" and "text/html" in request.headers.get(hdrs.ACCEPT, ""):
            return web.Response(status=303, headers={"Location": "/login"})
        refusal = refuse(
            401,
            "guard.no_token",
            "This server asks for a token.",
            "Send it as `Authorization: Bearer TOKEN`, or log in at /login.",
        )
        refusal.headers["WWW-Authenticate"] = "Bearer"
        return refusal
    if user.role < needed:
        return refuse(
            403, "guard.role", f"This needs the role {needed.name}; yours is {user.role.name}."
        )
    request[USER] = user
    return None


def _user(request: web.Request, policy: Policy) -> tuple[User | None, bool]:
    """Whose token or cookie a request carries, and whether it carries a token at all."""
    scheme, _, token = request.headers.get(hdrs.AUTHORIZATION, "").partition(" ")
    if scheme.lower() == "bearer":
        return policy.users.find(token.strip()), True
    cookie = request.cookies.get(sessions.COOKIE)
    return (sessions.read(cookie, policy.users) if cookie else None), False


def _preflight(request: web.Request, policy: Policy) -> bool:
    asked = hdrs.ACCESS_CONTROL_REQUEST_METHOD in request.headers
    return request.method == "OPTIONS" and asked and _foreign(request, policy) is not None


def _foreign(request: web.Request, policy: Policy) -> str | None:
    """The allowed foreign origin that asks, if one does."""
    origin = request.headers.get(hdrs.ORIGIN)
    return origin if origin is not None and origin.lower() in policy.hosts.origins else None


def _allow_origin(
    request: web.Request, policy: Policy, response: web.StreamResponse
) -> web.StreamResponse:
    # Never `*`, and never credentials: such a page sends its token itself.
    origin = _foreign(request, policy)
    if origin is not None and not response.prepared:
        response.headers.update(
            {
                hdrs.ACCESS_CONTROL_ALLOW_ORIGIN: origin,
                hdrs.ACCESS_CONTROL_ALLOW_METHODS: "GET, POST, PUT, PATCH, DELETE",
                hdrs.ACCESS_CONTROL_ALLOW_HEADERS: "Authorization, Content-Type, Idempotency-Key",
                hdrs.VARY: "Origin",
                "Cross-Origin-Resource-Policy": "cross-origin",
            }
        )
    return response
