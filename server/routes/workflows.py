"""Workflows that ship with weft."""

from __future__ import annotations

import asyncio
import functools
import json
from pathlib import Path
from typing import Any

from aiohttp import web
from pydantic import Field

from ..api.errors import ApiError, json_response
from ..api.model import ApiModel
from ..api.routing import Routes

routes = Routes("workflows")
_PACKAGE = Path(__file__).resolve().parent.parent.parent


class Template(ApiModel):
    """A workflow to begin with."""

    id: str
    title: str
    description: str
    nodes: int = Field(description="Number of nodes.")
    types: list[str] = Field(description="Its node types.")
    inputs: list[str] = Field(description="Names of its public inputs.")


class Templates(ApiModel):
    """Every one."""

    templates: list[Template]


@routes.get("/v1/workflows/templates")
async def templates() -> Templates:
    """List the workflows that ship with weft; each runs as it is."""
    found = await asyncio.to_thread(_read_all)
    return Templates(
        templates=[
            Template(
                id=name,
                title=data.get("title", name),
                description=data.get("description", ""),
                nodes=len(data["nodes"]),
                types=sorted({node["type"] for node in data["nodes"].values()}),
                inputs=list(data.get("interface", {}).get("inputs", {})),
            )
            for name, data in found.items()
        ]
    )


@routes.get("/v1/workflows/templates/{id}", media_type="application/json", errors=(404,))
async def template(id: str) -> web.Response:  # noqa: A002
    """Give one of them as a document."""
    found = (await asyncio.to_thread(_read_all)).get(id)
    if found is None:
        raise ApiError(404, "There is no such template.", code="templates.unknown")
    return json_response(found)


@functools.cache
def _read_all() -> dict[str, dict[str, Any]]:
    return {
        path.stem: json.loads(path.read_text("utf-8"))
        for path in sorted((_PACKAGE / "graphs").glob("*.json"))
    }
