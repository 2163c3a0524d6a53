"""`/object_info`, `/models`, `/embeddings` and their kin."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from aiohttp import web

from weft.engine.declaration.node import NodeSpec

from ..api.errors import ApiError
from ..files.media import file_headers, suffix_of
from ..files.service import FOLDERS, sees_file
from ..keys import CATALOG
from ..models.service import MODELS
from .classes import Choices, class_info, class_names, read_choices
from .routing import Twins, answer

routes = Twins()
_MOST_HEADER = 100 * 2**20  # the largest header that a safetensors file may have


@routes.get("/object_info")
async def all_classes(request: web.Request) -> web.Response:
    """Every class, under weft's names and ComfyUI's."""
    registry = request.app[CATALOG].registry
    specs = list(registry.values())
    choices = await _choices(request, specs)
    described = {name: class_info(name, spec, choices) for name, spec in class_names(registry)}
    response = answer(described)
    response.enable_compression()
    return response


@routes.get("/object_info/{name}")
async def one_class(request: web.Request) -> web.Response:
    """One class; nothing for an unknown one."""
    name = request.match_info["name"]
    spec = request.app[CATALOG].registry.find(name)
    if spec is None:
        return answer({})
    choices = await _choices(request, [spec])
    return answer({name: class_info(name, spec, choices)})


async def _choices(request: web.Request, specs: Sequence[NodeSpec]) -> Choices:
    sees = partial(sees_file, request, "input")
    return await read_choices(request.app[MODELS], request.app[FOLDERS], specs, sees)


@routes.get("/models")
async def kinds(request: web.Request) -> web.Response:
    """The kinds of models."""
    return answer(list(request.app[MODELS].kinds))


@routes.get("/models/{kind}")
async def models(request: web.Request) -> web.Response:
    """The names of one kind, all of them, as its clients expect."""
    return answer(list(await request.app[MODELS].names(_kind(request))))


@routes.get("/embeddings")
async def embeddings(request: web.Request) -> web.Response:
    """Names of embeddings, without suffix."""
    names = await request.app[MODELS].names("embeddings")
    return answer([name.removesuffix(suffix_of(name)) for name in names])


@routes.get("/experiment/models")
async def kinds_with_folders(request: web.Request) -> web.Response:
    """The kinds of models, without the paths of their folders."""
    return answer([{"name": kind, "folders": []} for kind in request.app[MODELS].kinds])


@routes.get("/experiment/models/{kind}")
async def models_with_facts(request: web.Request) -> web.Response:
    """The models of one kind with size and time."""
    index = request.app[MODELS].kinds[_kind(request)]
    return answer(
        [
            {
                "name": e.name,
                "pathIndex": 0,
                "modified": e.modified / 1e9,
                "created": e.modified / 1e9,
                "size": e.bytes,
            }
            for e in await index.entries()
        ]
    )


@routes.get("/experiment/models/preview/{kind}/{index}/{name:.+}")
async def model_preview(request: web.Request) -> web.StreamResponse:
    """The preview image beside a model, or in it, as a thumbnail."""
    kind, name = _kind(request), request.match_info["name"]
    small = await request.app[MODELS].preview(kind, name, 512)
    return web.FileResponse(small, headers=file_headers("preview.webp"))


@routes.get("/view_metadata/{kind}")
async def metadata(request: web.Request) -> web.Response:
    """The metadata of a safetensors file."""
    kind, name = _kind(request), request.query.get("filename", "")
    if name not in await request.app[MODELS].names(kind) or suffix_of(name) != ".safetensors":
        raise ApiError(404, "There is no such file.", code="files.not_found")
    path = request.app[CATALOG].workspace.model(kind, name)
    found = await asyncio.to_thread(_metadata, path)
    if found is None:
        raise ApiError(404, "The file has no metadata.", code="files.not_found")
    return answer(found)


def _kind(request: web.Request) -> str:
    kind = request.match_info["kind"]
    if kind not in request.app[MODELS].kinds:
        raise ApiError(404, "There is no such kind of model.", code="models.unknown_kind")
    return kind


def _metadata(path: Path) -> dict[str, Any] | None:
    try:
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            if not 2 <= length <= min(_MOST_HEADER, path.stat().st_size):
                return None
            found = json.loads(file.read(length)).get("__metadata__")
    except (OSError, ValueError, AttributeError, RecursionError):
        return None
    return found if isinstance(found, dict) else None
