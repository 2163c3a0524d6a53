"""The users of the server. For administrators only, which the guard enforces."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Literal

from aiohttp import web
from pydantic import Field

from weft.engine.errors import WeftError

from ..api.errors import ApiError, not_found
from ..api.model import ApiModel, Body
from ..api.routing import Routes
from ..comfy.prompts import BRIDGE
from ..guard.middleware import POLICY
from ..guard.users import Role, is_name
from ..keys import HUB, JOBS, LIBRARY, LOCAL, SETTINGS

routes = Routes("users")
RoleName = Literal["viewer", "runner", "editor", "admin"]


class UserModel(ApiModel):
    """Somebody who may use the server."""

    name: str
    role: str
    owner: str = Field(
        description="The name under which their jobs, files and workflows are kept; it has a "
        "number if another user had the name before."
    )


class UserList(ApiModel):
    """All users; empty if the server needs no token."""

    users: list[UserModel]


class NewUser(Body):
    """Somebody to add."""

    name: str = Field(max_length=64, description="Letters, digits, - and _.")
    role: RoleName = "runner"
    returns: bool = Field(
        False,
        description="Whether this user had the name before, and gets back their data; otherwise "
        "the user starts without data.",
    )


class AddedUser(UserModel):
    """Somebody who was added."""

    token: str = Field(description="The token, shown only once; the server keeps a hash.")


@routes.get("/v1/users")
async def users(request: web.Request) -> UserList:
    """List who may use the server."""
    known = request.app[POLICY].users.values()
    return UserList(users=[UserModel(name=u.name, role=u.role.name, owner=u.owner) for u in known])


@routes.post("/v1/users", status=201, errors=(400, 409))
async def add_user(request: web.Request, body: NewUser) -> AddedUser:
    """Add a user and make their token. From the first user on, every request needs a token."""
    known = request.app[POLICY].users
    if not known and body.role != "admin":
        raise ApiError(
            409,
            "The first user must be an administrator, or nobody could add more users.",
            code="guard.no_admin",
            expected="admin",
            got=body.role,
        )
    was_open = not known
    used = await _has_things(request, body.name)
    try:
        token = await asyncio.to_thread(
            partial(known.add, body.name, Role[body.role], used=used, returns=body.returns)
        )
    except WeftError as error:
        status = 409 if error.code == "guard.user_exists" else 400
        raise ApiError(status, error.problem.message, code=error.code) from error
    if was_open:
        _end_streams(request, LOCAL)
    return AddedUser(name=body.name, role=body.role, owner=known.owner(body.name), token=token)


@routes.delete("/v1/users/{name}", errors=(404,))
async def remove_user(request: web.Request, name: str) -> None:
    """Remove a user; their token, cookies, websockets and event streams end at once.

    What is theirs stays, for administrators to see. Who is added under the name later does not get
    it, unless that is said to be the same person.
    """
    known = request.app[POLICY].users
    owner = known.owner(name)
    if not await asyncio.to_thread(known.remove, name):
        raise not_found("user", name)
    _end_streams(request, owner)


async def _has_things(request: web.Request, name: str) -> bool:
    """Whether something is kept under a name, from when users were not written down as now."""
    folder = request.app[SETTINGS].data / "comfy" / name
    if await request.app[LIBRARY].knows(name) or await request.app[JOBS].knows(name):
        return True
    return await asyncio.to_thread(lambda: is_name(name) and folder.exists())


def _end_streams(request: web.Request, owner: str) -> None:
    """Let nobody listen any longer who listens as this owner."""
    request.app[HUB].end(owner)
    request.app[BRIDGE].end(owner)
