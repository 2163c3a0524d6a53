"""`/internal`: requests of ComfyUI's editor. Administrators only: it includes the log."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from ..api.errors import ApiError
from ..files.folders import KINDS
from ..files.service import FOLDERS
from ..keys import owner_of
from ..logs import Line, Tail
from ..models.service import MODELS
from .prompts import BRIDGE
from .routing import Twins, answer, read_object

routes = Twins()
TAIL = web.AppKey("tail", Tail)
_SIZE = {"cols": 80, "rows": 24}  # there is no terminal


@routes.get("/internal/logs")
async def logs(request: web.Request) -> web.Response:
    """The last lines of the log, as one text."""
    return answer("".join(f"{line.time} - {line.text}\n" for line in request.app[TAIL].lines))


@routes.get("/internal/logs/raw")
async def raw_logs(request: web.Request) -> web.Response:
    """The last lines of the log, each with its time."""
    return answer(_entries(*request.app[TAIL].lines))


@routes.patch("/internal/logs/subscribe")
async def subscribe(request: web.Request) -> web.Response:
    """Send new lines of the log to the websockets of a client, or stop it."""
    body = await read_object(request)
    client = body.get("clientId")
    if not isinstance(client, str) or not client:
        raise ApiError(400, "clientId matches no websocket.", code="request.invalid")
    wanted = body.get("enabled") is True
    request.app[BRIDGE].want_logs(owner_of(request), client[:200], wanted=wanted)
    return web.Response()


@routes.get("/internal/folder_paths")
async def folder_paths(request: web.Request) -> web.Response:
    """The kinds of models, without the paths of their folders."""
    return answer({kind: [] for kind in request.app[MODELS].kinds})


@routes.get("/internal/files/{kind}")
async def newest_files(request: web.Request) -> web.Response:
    """Names of files, newest first."""
    kind = next((kind for kind in KINDS if kind == request.match_info["kind"]), None)
    if kind is None:
        return answer({"error": f"The folder must be one of {', '.join(KINDS)}."}, status=400)
    page = await request.app[FOLDERS].indexes[kind].page(order="newest", limit=10_000)
    return answer([entry.name for entry in page.entries])


def _entries(*lines: Line) -> dict[str, Any]:
    return {"entries": [{"t": line.time, "m": line.text + "\n"} for line in lines], "size": _SIZE}


def tell_logs(app: web.Application) -> None:
    """Send lines to those who want them, from now on."""
    bridge = app[BRIDGE]
    app[TAIL].listen(lambda line: bridge.tell_logs(_entries(line)))
