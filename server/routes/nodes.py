"""Node types, and the checking of workflows against them."""

from __future__ import annotations

import asyncio
import gzip
import json
from typing import Any

from aiohttp import hdrs, web
from blake3 import blake3
from pydantic import BaseModel, ConfigDict, Field

from ...engine.declaration.registry import Registry
from ...engine.declaration.schema import node_schema
from ..api.errors import ApiError, ProblemModel, json_response, problem_json
from ..api.routing import Routes
from ..keys import CATALOG

routes = Routes("nodes")


class Validating(BaseModel):
    """A workflow to look at."""

    model_config = ConfigDict(extra="forbid")

    workflow: dict[str, Any] = Field(
        description="A weft document, or a workflow in ComfyUI's API format."
    )
    set: dict[str, Any] = Field(
        default_factory=dict,
        max_length=10_000,
        description="Values put over the document's: `node.parameter` or public input -> value.",
    )
    outputs: list[str] | None = Field(
        None, max_length=10_000, description="Wanted `node.output`s or public names."
    )


class Validation(BaseModel):
    """Whether a workflow can run."""

    valid: bool
    problems: list[ProblemModel] = Field(description="Everything that keeps it from running.")


class NodeSchemas:
    """The schema of every node type as bytes, made once: node types do not change while it runs.

    Args:
        registry: The node types there are.
    """

    def __init__(self, registry: Registry) -> None:
        self.by_type = {spec.type_id: node_schema(spec) for spec in registry.values()}
        text = json.dumps({"nodes": self.by_type}, ensure_ascii=False, separators=(",", ":"))
        self.plain = text.encode()
        self.packed = gzip.compress(self.plain, 6, mtime=0)
        self.etag = blake3(self.plain).hexdigest(16)


SCHEMAS = web.AppKey("schemas", NodeSchemas)


def install_nodes(app: web.Application) -> None:
    """Make the schemas ready."""
    app[SCHEMAS] = NodeSchemas(app[CATALOG].registry)


@routes.get("/v1/nodes", media_type="application/json", errors=(304,))
async def all_nodes(request: web.Request) -> web.Response:
    """Give the schema of every node type, compressed and with an ETag."""
    schemas = request.app[SCHEMAS]
    headers = {hdrs.CACHE_CONTROL: "private, no-cache", hdrs.VARY: "Accept-Encoding"}
    known = request.if_none_match or ()
    if any(tag.value in (schemas.etag, "*") for tag in known):
        answer = web.Response(status=304, headers=headers)
    else:
        packed = "gzip" in request.headers.get(hdrs.ACCEPT_ENCODING, "").lower()
        if packed:
            headers[hdrs.CONTENT_ENCODING] = "gzip"
        body = schemas.packed if packed else schemas.plain
        answer = web.Response(body=body, content_type="application/json", headers=headers)
    answer.etag = schemas.etag
    return answer


@routes.get("/v1/nodes/{type}", media_type="application/json", errors=(404,))
async def one_node(request: web.Request, type: str) -> web.Response:  # noqa: A002
    """Give the schema of one node type, by its id or an alias."""
    catalog = request.app[CATALOG]
    spec = catalog.registry.find(type)
    if spec is None:
        close = catalog.registry.similar(type[:100])
        raise ApiError(
            404,
            "There is no such node type.",
            code="nodes.unknown",
            hint=f'Did you mean "{close}"?' if close else None,
        )
    return json_response(request.app[SCHEMAS].by_type[spec.type_id])


@routes.post("/v1/validate", errors=(400, 413, 422))
async def validate(request: web.Request, body: Validating) -> Validation:
    """Find every problem of a workflow, without running anything."""
    catalog = request.app[CATALOG]

    def look() -> Validation:
        workflow = catalog.read(body.workflow, body.set)
        wanted = None if body.outputs is None else tuple(body.outputs)
        problems = catalog.problems(workflow, wanted)
        return Validation(
            valid=not problems, problems=[ProblemModel(**problem_json(p)) for p in problems]
        )

    return await asyncio.to_thread(look)
