"""Models: which files there are, by kind."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Literal

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from ..api.errors import ApiError
from ..api.routing import Routes
from ..files.service import MODELS

routes = Routes("models")


class ModelKind(BaseModel):
    """One kind of model, as `ModelFile` inputs of nodes name it."""

    kind: str
    count: int


class ModelKinds(BaseModel):
    """Every kind."""

    kinds: list[ModelKind]


class ModelModel(BaseModel):
    """One model, by the name that inputs take."""

    name: str
    bytes: int = Field(description="0 for a model that is a folder.")
    modified: datetime


class ModelPage(BaseModel):
    """Some models of a kind."""

    models: list[ModelModel]
    total: int = Field(description="Models of this kind in all, whatever was searched for.")
    next: str | None = Field(None, description="`after` of the next page; none at the end.")


class ModelQuery(BaseModel):
    """Which models to list."""

    model_config = ConfigDict(extra="forbid")

    search: str = Field("", max_length=200, description="Words that the name must have all of.")
    order: Literal["name", "newest"] = "name"
    after: str | None = Field(None, max_length=1100, description="From the page before.")
    limit: int = Field(100, ge=1, le=500)


@routes.get("/v1/models")
async def kinds(request: web.Request) -> ModelKinds:
    """List the kinds of models and how many there are of each."""
    found = request.app[MODELS].kinds.items()
    return ModelKinds(
        kinds=[ModelKind(kind=k, count=len(await index.entries())) for k, index in found]
    )


@routes.get("/v1/models/{kind}", errors=(404, 422))
async def list_models(request: web.Request, kind: str, query: ModelQuery) -> ModelPage:
    """List models of a kind, a page at a time."""
    index = request.app[MODELS].kinds.get(kind)
    if index is None:
        raise ApiError(404, "There is no such kind of model.", code="models.unknown_kind")
    page = await index.page(
        search=query.search, order=query.order, after=query.after, limit=query.limit
    )
    models = [
        ModelModel(
            name=e.name, bytes=e.bytes, modified=datetime.fromtimestamp(e.modified / 1e9, UTC)
        )
        for e in page.entries
    ]
    return ModelPage(models=models, total=page.total, next=page.next)
