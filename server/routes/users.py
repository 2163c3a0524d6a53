"""Who may use the server. For administrators only, as the guard sees to."""

from __future__ import annotations

import asyncio
from typing import Literal

from aiohttp import web
from pydantic import Field

from ...engine.errors import WeftError
from ..api.errors import ApiError, not_found
from ..api.model import Body, Model
from ..api.routing import Routes
from ..guard.middleware import POLICY
from ..guard.users import Role

routes = Routes("users")
RoleName = Literal["viewer", "runner", "editor", "admin"]


class UserModel(Model):
    """Somebody who may use the server."""

    name: str
    role: str


class UserList(Model):
    """Everybody who may; empty where no token is asked for."""

    users: list[UserModel]


class NewUser(Body):
    """Somebody to add."""

    name: str = Field(max_length=64, description="Letters, digits, - and _.")
    role: RoleName = "runner"


class AddedUser(UserModel):
    """Somebody who was added."""

    token: str = Field(description="Told only now; the server keeps a hash.")


@routes.get("/v1/users")
async def users(request: web.Request) -> UserList:
    """List who may use the server."""
    known = request.app[POLICY].users.values()
    return UserList(users=[UserModel(name=u.name, role=u.role.name) for u in known])


@routes.post("/v1/users", status=201, errors=(400, 409))
async def add_user(request: web.Request, body: NewUser) -> AddedUser:
    """Add somebody and make their token. From the first one on, everybody needs one."""
    known = request.app[POLICY].users
    if not known and body.role != "admin":
        raise ApiError(
            409,
            "The first user must be an administrator, or nobody could add the next.",
            code="guard.no_admin",
            expected="admin",
            got=body.role,
        )
    try:
        token = await asyncio.to_thread(known.add, body.name, Role[body.role])
    except WeftError as error:
        status = 409 if error.code == "guard.user_exists" else 400
        raise ApiError(status, error.problem.message, code=error.code) from error
    return AddedUser(name=body.name, role=body.role, token=token)


@routes.delete("/v1/users/{name}", errors=(404,))
async def remove_user(request: web.Request, name: str) -> None:
    """Remove somebody; their token and cookies end at once."""
    if not await asyncio.to_thread(request.app[POLICY].users.remove, name):
        raise not_found("user", name)
