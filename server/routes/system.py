"""How the server is."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel

from ..api.routing import Routes

routes = Routes("system")


class Health(BaseModel):
    """That the server answers."""

    status: Literal["ok"] = "ok"


@routes.get("/v1/health")
async def health() -> Health:
    """Say that the server answers. Needs no token."""
    return Health()
