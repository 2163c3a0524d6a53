"""The guard itself: one middleware around every handler."""

from __future__ import annotations

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler, Middleware

from ..api.errors import ApiError, error_response
from ..keys import ADMIN, DELETES, OWNER
from . import sessions
from .access import needed_role
from .headers import add_security_headers
from .hosts import HostName
from .login import add_login, to_login, too_many_guesses
from .origin import foreign_page
from .policy import Policy
from .throttle import Throttle
from .users import Role, User

POLICY = web.AppKey("policy", Policy)


def install_guard(app: web.Application, policy: Policy) -> None:
    """Guard an application. It stands outside all other middlewares."""
    app[POLICY] = policy
    guesses = Throttle(rate=0.2, burst=10)  # wrong tokens, by address
    app.middlewares.insert(0, guard(policy, guesses))
    app.on_response_prepare.append(add_security_headers)
    add_login(app, policy, guesses)


def is_let_in(request: web.Request) -> bool:
    """Whether the user still has access; a token may end during a request."""
    users, owner = request.app[POLICY].users, request.get(OWNER)
    if owner is None:
        return not users
    return any(user.owner == owner for user in users.values())


def guard(policy: Policy, guesses: Throttle) -> Middleware:
    """A middleware that lets through who may, and answers the others."""

    @web.middleware
    async def let_through(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            host = _host(request, policy)
            _check_page(request, policy, host)
            if _is_preflight(request, policy):
                return _allow_origin(request, policy, web.Response(status=204))
            answer = None if policy.is_open else _authenticate(request, policy, guesses)
        except ApiError as error:
            return error_response(error)
        if answer is None:
            answer = await handler(request)
        return _allow_origin(request, policy, answer)

    return let_through


def _host(request: web.Request, policy: Policy) -> HostName:
    given = request.headers.getall(hdrs.HOST, [])
    host = policy.hosts.find(given[0]) if len(given) == 1 else None
    if host is None:
        raise ApiError(
            421,
            "This server does not accept requests for this host name.",
            code="guard.host",
            hint="Use localhost or its address, or start it with --allow-host NAME.",
        )
    return host


def _check_page(request: web.Request, policy: Policy, host: HostName) -> None:
    if foreign_page(policy.hosts, host, request.method, request.headers):
        raise ApiError(
            403,
            "Web pages of another origin may not use this server.",
            code="guard.origin",
            hint="If the page is yours, start the server with --allow-origin ORIGIN.",
        )


def _authenticate(
    request: web.Request, policy: Policy, guesses: Throttle
) -> web.StreamResponse | None:
    """Note who asks; a way to the login where that is of use."""
    needed = needed_role(request.method, request.path)
    if needed is None:
        return None
    if request.method == "GET" and request.path == "/" and "token" in request.query:
        return to_login(request.query["token"])
    user, tried = _user(request, policy)
    if user is None:
        if tried and not guesses.take(request.remote or ""):
            raise too_many_guesses()
        if request.method == "GET" and "text/html" in request.headers.get(hdrs.ACCEPT, ""):
            return web.Response(status=303, headers={"Location": "/login"})
        raise ApiError(
            401,
            "This server needs a token.",
            code="guard.no_token",
            hint="Send it as `Authorization: Bearer TOKEN`, or log in at /login.",
            headers={"WWW-Authenticate": "Bearer"},
        )
    if user.role < needed:
        raise ApiError(
            403,
            f"This request needs the role {needed.name}; your role is {user.role.name}.",
            code="guard.role",
            expected=needed.name,
            got=user.role.name,
        )
    request[OWNER] = user.owner
    request[ADMIN] = user.role is Role.admin
    request[DELETES] = user.role >= Role.editor
    return None


def _user(request: web.Request, policy: Policy) -> tuple[User | None, bool]:
    """Whose token or cookie a request carries, and whether it carries a token at all."""
    scheme, _, token = request.headers.get(hdrs.AUTHORIZATION, "").partition(" ")
    if scheme.lower() == "bearer":
        return policy.users.find(token.strip()), True
    cookie = request.cookies.get(sessions.COOKIE)
    return (sessions.read(cookie, policy.users) if cookie else None), False


def _is_preflight(request: web.Request, policy: Policy) -> bool:
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
