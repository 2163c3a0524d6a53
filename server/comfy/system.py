"""`/system_stats`, `/features`, `/extensions` and what else an editor asks at start."""

from __future__ import annotations

import os
import sys
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from aiohttp import web

from weft import __version__
from weft.diffusion.weights.budget import all_ram, free_ram

from ..keys import JOBS, SETTINGS
from .routing import Twins, answer, read_object
from .socket import features

routes = Twins()
_PATIENCE = 2.0  # seconds for workers to answer
PROTOCOL = "0.3.64"  # the version of ComfyUI whose protocol this is


@routes.get("/features")
async def all_features(request: web.Request) -> web.Response:
    """Features of this server that older ones lack."""
    return answer(features(request.app[SETTINGS].limits.upload_bytes))


@routes.get("/system_stats")
async def system_stats(request: web.Request) -> web.Response:
    """Versions, memory, and the devices of the workers."""
    return answer(
        {
            "system": {
                "os": os.name,
                "ram_total": all_ram(),
                "ram_free": free_ram(),
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
    """The devices of all workers, each once; this machine's memory while none answers."""
    answers = await request.app[JOBS].dispatcher.ask_all("devices", _PATIENCE)
    found = {(d["type"], d["index"]): d for each in answers for d in each}
    if not found:
        total, free = all_ram(), free_ram()
        cpu = {"name": "cpu", "type": "cpu", "index": None, "total": total, "free": free}
        found["cpu", None] = {**cpu, "reserved": total, "idle": free}
    return [
        {
            "name": device["name"],
            "type": device["type"],
            "index": device["index"],
            "vram_total": device["total"],
            "vram_free": device["free"],
            "torch_vram_total": device["reserved"],
            "torch_vram_free": device["idle"],
        }
        for device in found.values()
    ]


@routes.post("/free")
async def free(request: web.Request) -> web.Response:
    """Let go of models, or of models and results, in every worker; and say nothing, as always."""
    body = await read_object(request)
    results = body.get("free_memory") is True
    if results or body.get("unload_models") is True:
        await request.app[JOBS].dispatcher.ask_all("free", _PATIENCE, results=results)
    return web.Response()


@routes.get("/extensions")
async def extensions(_: web.Request) -> web.Response:
    """Scripts of node packs for ComfyUI's editor: none, as none are run here."""
    return answer([])


@routes.get("/workflow_templates")
async def templates(_: web.Request) -> web.Response:
    """Templates in ComfyUI's editor format; weft's own are at `/v1/workflows/templates`."""
    return answer({})


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
