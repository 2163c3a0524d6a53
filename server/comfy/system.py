"""`/system_stats`, `/features`, `/extensions`, `/i18n` and what else an editor asks at start."""

from __future__ import annotations

import contextlib
import os
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from aiohttp import web

from ... import __version__
from ..api.errors import ApiError
from ..files.folders import as_kind
from ..files.service import FOLDERS
from ..keys import JOBS, SETTINGS
from .routing import Twins, answer, read_object
from .socket import features

routes = Twins()
PROTOCOL = "0.3.64"  # the version of ComfyUI whose protocol this is


@routes.get("/features")
async def all_features(request: web.Request) -> web.Response:
    """What this server can do that old ones cannot."""
    return answer(features(request.app[SETTINGS].limits.upload_bytes))


@routes.get("/system_stats")
async def system_stats(request: web.Request) -> web.Response:
    """Memory and versions. Devices belong to the workers and are told at `/v1/system`."""
    total, free = _memory()
    return answer(
        {
            "system": {
                "os": os.name,
                "ram_total": total,
                "ram_free": free,
                "comfyui_version": PROTOCOL,
                "required_frontend_version": None,
                "installed_templates_version": None,
                "required_templates_version": None,
                "python_version": sys.version,
                "pytorch_version": _version("torch"),
                "embedded_python": False,
                "argv": ["weft", "serve"],
                "weft_version": __version__,
            },
            "devices": await _devices(request),
        }
    )


async def _devices(request: web.Request) -> list[dict[str, Any]]:
    total, free = _memory()
    return [
        {
            "name": "cpu",
            "type": "cpu",
            "index": None,
            "vram_total": total,
            "vram_free": free,
            "torch_vram_total": total,
            "torch_vram_free": free,
        }
    ]


@routes.post("/free")
async def free(request: web.Request) -> web.Response:
    """Let go of results and models in the memory of a worker, and say nothing, as always."""
    body = await read_object(request)
    if body.get("unload_models") is True or body.get("free_memory") is True:
        with contextlib.suppress(ApiError):  # no worker: nothing to free
            await request.app[JOBS].dispatcher.ask("free")
    return web.Response()


@routes.get("/extensions")
async def extensions(_: web.Request) -> web.Response:
    """Scripts of node packs for ComfyUI's editor: none, as none are run here."""
    return answer([])


@routes.get("/i18n")
async def translations(_: web.Request) -> web.Response:
    """Translations of node packs."""
    return answer({})


@routes.get("/workflow_templates")
async def templates(_: web.Request) -> web.Response:
    """Templates in ComfyUI's editor format; weft's own are at `/v1/workflows/templates`."""
    return answer({})


@routes.get("/internal/files/{kind}")
async def newest_files(request: web.Request) -> web.Response:
    """Names of files, newest first."""
    index = request.app[FOLDERS].indexes[as_kind(request.match_info["kind"])]
    page = await index.page(order="newest", limit=10_000)
    return answer([entry.name for entry in page.entries])


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _memory() -> tuple[int, int]:
    """Bytes of memory in all, and those that are free; 0 where the system does not say."""
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
        sizes = {line.partition(":")[0]: int(line.split()[1]) * 1024 for line in lines}
        return sizes["MemTotal"], sizes["MemAvailable"]
    except (OSError, ValueError, KeyError, IndexError):
        return 0, 0
