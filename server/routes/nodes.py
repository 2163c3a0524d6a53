"""Node types, and the checking of workflows against them."""

from __future__ import annotations

import asyncio
from typing import Any

from aiohttp import web
from pydantic import Field

from weft.engine.declaration.registry import Registry
from weft.engine.declaration.schema import node_schema

from ..api.errors import ApiError, ProblemModel, json_response, problem_json
from ..api.model import ApiModel, Body
from ..api.packed import Packed
from ..api.routing import Routes
from ..keys import CATALOG, owner_of

routes = Routes("nodes")


class Validating(Body):
    """A workflow to look at."""

    workflow: dict[str, Any] = Field(
        description="A weft document, or a workflow in ComfyUI's API format."
    )
    set: dict[str, Any] = Field(
        default_factory=dict,
        max_length=10_000,
        description="Values that replace those of the document: `node.parameter` or public input "
        "-> value.",
    )
    outputs: list[str] | None = Field(
        None, max_length=10_000, description="Selected `node.output`s or public names."
    )


class Validation(ApiModel):
    """Whether a workflow can run."""

    valid: bool
    problems: list[ProblemModel] = Field(description="All problems that prevent a run.")


class PackFaultModel(ApiModel):
    """Why nodes of packs are not there."""

    packs: list[str]
    text: str = Field(description="One sentence that states the fault.")
    types: list[str] = Field(
        description="Node types that are missing because of it, as far as known."
    )
    hint: str = Field(description="One thing to do; may be empty.")


class Packs(ApiModel):
    """The problems of node packs."""

    faults: list[PackFaultModel]


class NodeSchemas:
    """The schema of every node type, made once: node types do not change while it runs.

    Args:
        registry: The node types there are.
    """

    def __init__(self, registry: Registry) -> None:
        self.by_type = {spec.type_id: node_schema(spec) for spec in registry.values()}
        self.all = Packed({"nodes": self.by_type})


SCHEMAS = web.AppKey("schemas", NodeSchemas)


def install_nodes(app: web.Application) -> None:
    """Make the schemas ready."""
    app[SCHEMAS] = NodeSchemas(app[CATALOG].registry)


@routes.get("/v1/nodes", media_type="application/json", errors=(304,))
async def all_nodes(request: web.Request) -> web.Response:
    """Give the schema of every node type, compressed and with an ETag."""
    return request.app[SCHEMAS].all.answer(request)


@routes.get("/v1/nodes/{type}", media_type="application/json", errors=(404,))
async def one_node(request: web.Request, type: str) -> web.Response:  # noqa: A002
    """Give the schema of one node type, by its id or an alias."""
    catalog = request.app[CATALOG]
    spec = catalog.registry.find(type)
    fault = catalog.registry.fault_of(type)
    if fault is not None:
        raise ApiError(
            404,
            f"This node type is not loaded. {fault.text}",
            code="nodes.pack_failed",
            hint=fault.hint or None,
        )
    if spec is None:
        close = catalog.registry.similar(type[:100])
        raise ApiError(
            404,
            "There is no such node type.",
            code="nodes.unknown",
            hint=f'Did you mean "{close}"?' if close else None,
        )
    return json_response(request.app[SCHEMAS].by_type[spec.type_id])


@routes.get("/v1/packs")
async def packs(request: web.Request) -> Packs:
    """Name the node packs that could not be loaded, and nodes of packs that are left out."""
    faults = request.app[CATALOG].registry.faults
    return Packs(faults=[PackFaultModel(**fault.to_json()) for fault in faults])


@routes.post("/v1/validate", errors=(400, 413, 422))
async def validate(request: web.Request, body: Validating) -> Validation:
    """Find every problem of a workflow, without running anything."""
    catalog, owner = request.app[CATALOG], owner_of(request)

    def look() -> Validation:
        workflow = catalog.read(body.workflow, body.set)
        wanted = None if body.outputs is None else tuple(body.outputs)
        problems = catalog.problems(workflow, wanted, owner=owner)
        return Validation(
            valid=not problems, problems=[ProblemModel(**problem_json(p)) for p in problems]
        )

    return await asyncio.to_thread(look)
