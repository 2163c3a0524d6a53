"""Models: the files, their metadata and preview images."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from aiohttp import web
from pydantic import Field

from ..api.errors import ApiError
from ..api.model import ApiModel, Body
from ..api.routing import Routes
from ..files.media import file_headers
from ..files.thumbnails import SIDES
from ..models.previews import preview_beside
from ..models.rows import ModelRow, Wanted
from ..models.service import MODELS, Models

routes = Routes("models")


class ModelKind(ApiModel):
    """One kind of model, as `ModelFile` inputs of nodes name it."""

    kind: str
    count: int


class ModelKinds(ApiModel):
    """Every kind."""

    kinds: list[ModelKind]


class ModelModel(ApiModel):
    """One model, by the name that inputs take, and what is known of it so far."""

    name: str
    bytes: int = Field(description="Size in bytes; 0 for a model that is a folder.")
    modified: datetime
    title: str | None = Field(None, description="Title in the file's metadata.")
    holds: str | None = Field(
        None, description="Kind of model by its tensors: checkpoint, lora, ..."
    )
    family: str | None = Field(None, description="sd1, sdxl, flux, ...")
    precision: str | None = Field(
        None, description="The number type of most of its bytes, such as F16."
    )
    sha256: str | None = Field(None, description="SHA-256, once it was computed in the background.")
    autov2: str | None = Field(None, description="First ten digits of `sha256`.")
    autov3: str | None = Field(None, description="Hash of the tensors without the header.")
    trouble: str | None = Field(None, description="The reason why it cannot be read.")
    preview: bool = Field(description="Whether it has a preview image.")


class ModelDetail(ModelModel):
    """All that is known of a model."""

    kind: str
    tensors: int | None = None
    metadata: dict[str, str] = Field(description="Metadata of its header, without very long texts.")


class ModelPage(ApiModel):
    """Some models of a kind."""

    models: list[ModelModel]
    total: int = Field(description="Total number of models of this kind, without the search.")
    next: str | None = Field(None, description="`after` for the next page; none at the end.")
    complete: bool = Field(
        description="Whether the folders were scanned since the server started. If not, the list "
        "is from before; ask again."
    )


class ModelQuery(Body):
    """Filters for a list of models."""

    search: str = Field(
        "",
        max_length=200,
        description="Words that must all occur in name, title, family or kind.",
    )
    family: str | None = Field(None, max_length=50)
    holds: str | None = Field(None, max_length=50)
    hash: str | None = Field(
        None,
        pattern=r"^[0-9a-fA-F]{6,64}$",
        description="Start of a SHA-256 (such as AutoV2) or of an AutoV3 hash.",
    )
    order: Literal["name", "newest"] = "name"
    after: str | None = Field(None, max_length=1100, description="`next` of the page before.")
    limit: int = Field(100, ge=1, le=500)


class PreviewQuery(Body):
    """Selects the size of a preview image."""

    side: int = Field(256, description=f"Longest side in pixels: one of {SIDES}.")
    v: str | None = Field(
        None, max_length=100, description="Ignored; it makes the address of a changed file differ."
    )


@routes.get("/v1/models")
async def kinds(request: web.Request) -> ModelKinds:
    """List the kinds of models and how many there are of each."""
    models = request.app[MODELS]
    return ModelKinds(kinds=[ModelKind(kind=k, count=await models.count(k)) for k in models.kinds])


@routes.get("/v1/models/{kind}", errors=(404, 422))
async def list_models(request: web.Request, kind: str, query: ModelQuery) -> ModelPage:
    """List models of a kind, a page at a time, out of the index."""
    page, pictured, complete = await _of_kind(request, kind).page(
        kind,
        Wanted(
            search=query.search,
            family=query.family,
            holds=query.holds,
            digest=query.hash.lower() if query.hash is not None else None,
            order=query.order,
            after=query.after,
            limit=query.limit,
        ),
    )
    return ModelPage(
        models=[ModelModel(**_told(row, row.name in pictured)) for row in page.rows],
        total=page.total,
        next=page.next,
        complete=complete,
    )


@routes.get("/v1/models/{kind}/{name:.+}/preview", media_type="image/webp", errors=(404, 413, 415))
async def preview(
    request: web.Request, kind: str, name: str, query: PreviewQuery
) -> web.StreamResponse:
    """Give the preview image of a model as a small WebP.

    It lies beside the file (`NAME.png`, `.jpg`, `.webp`, or `NAME.preview.*`), or is in its header.
    """
    if query.side not in SIDES:
        raise ApiError(
            422,
            f"There are no previews of {query.side} pixels.",
            expected=f"one of {', '.join(map(str, SIDES))}",
        )
    small = await _of_kind(request, kind).preview(kind, name, query.side)
    return web.FileResponse(small, headers=file_headers("preview.webp"))


@routes.get("/v1/models/{kind}/{name:.+}", errors=(404,))
async def get_model(request: web.Request, kind: str, name: str) -> ModelDetail:
    """Tell all that is known of a model."""
    row, metadata = await _of_kind(request, kind).row(kind, name)
    pictured = row.pictured or await asyncio.to_thread(preview_beside, Path(row.path)) is not None
    about = _told(row, pictured)
    return ModelDetail(**about, kind=kind, tensors=row.tensors, metadata=metadata)


def _of_kind(request: web.Request, kind: str) -> Models:
    if kind not in request.app[MODELS].kinds:
        raise ApiError(404, "There is no such kind of model.", code="models.unknown_kind")
    return request.app[MODELS]


def _told(row: ModelRow, pictured: bool) -> dict[str, Any]:
    return {
        "name": row.name,
        "bytes": row.bytes,
        "modified": datetime.fromtimestamp(row.modified / 1e9, UTC),
        "title": row.title,
        "holds": row.holds,
        "family": row.family,
        "precision": row.precision,
        "sha256": row.sha256 or None,
        "autov2": row.sha256[:10] if row.sha256 else None,
        "autov3": row.autov3 or None,
        "trouble": row.trouble,
        "preview": pictured,
    }
