"""`/users`, `/settings` and `/userdata`: what an editor keeps on the server."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from aiohttp import web

from weft.engine.errors import DocumentError
from weft.engine.files.atomic import write_atomically
from weft.engine.files.paths import find_under, walk_files
from weft.engine.files.written_names import portable_problem

from ..api.bodies import read_body
from ..api.errors import ApiError
from ..files.folders import NAME_TROUBLE, bad_name, not_there
from ..files.media import disposition
from ..files.sending import StoredFile
from ..keys import SETTINGS, owner_of
from .routing import Twins, answer, read_object

routes = Twins()
_locks = web.AppKey("comfy_settings_lock", asyncio.Lock)
_TRUE = {"true", "1"}


def install_users(app: web.Application) -> None:
    """Add what keeps two writers of settings apart."""
    app[_locks] = asyncio.Lock()


@routes.get("/users")
async def users(_: web.Request) -> web.Response:
    """The folder of user data. The token identifies the user."""
    return answer({"storage": "server", "migrated": True})


@routes.post("/users")
async def add_user(_: web.Request) -> web.Response:
    """Refuse to add users: they are added where the server was started."""
    return answer({"error": "Users are added where the server was started."}, status=400)


# -- settings -------------------------------------------------------------------------------------


@routes.get("/settings")
async def all_settings(request: web.Request) -> web.Response:
    """Every setting."""
    return answer(await _read_settings(request))


@routes.get("/settings/{id}")
async def one_setting(request: web.Request) -> web.Response:
    """One setting; null for one that was never set."""
    return answer((await _read_settings(request)).get(request.match_info["id"]))


@routes.post("/settings")
async def set_many(request: web.Request) -> web.Response:
    """Set several settings; the others stay."""
    await _set(request, await read_object(request))
    return web.Response()


@routes.post("/settings/{id}")
async def set_one(request: web.Request) -> web.Response:
    """Set one setting to any JSON value."""
    if not (await request.read()).strip():
        raise ApiError(400, "The body is no JSON.", code="request.invalid")
    try:
        value = await read_body(request)
    except DocumentError as error:
        raise ApiError(400, "The body is no JSON.", code="request.invalid") from error
    await _set(request, {request.match_info["id"]: value})
    return web.Response()


async def _read_settings(request: web.Request) -> dict[str, Any]:
    return await asyncio.to_thread(_load, _home(request) / "settings.json")


async def _set(request: web.Request, values: dict[str, Any]) -> None:
    path = _home(request) / "settings.json"
    async with request.app[_locks]:
        known = await asyncio.to_thread(_load, path)
        content = json.dumps(known | values, indent=1).encode()
        if len(content) > 2**20:
            raise ApiError(413, "There are too many settings.", code="request.too_large")
        await asyncio.to_thread(_write, path, content)


def _load(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_bytes())
    except FileNotFoundError:
        return {}
    except (ValueError, RecursionError) as error:
        raise ApiError(500, "The settings are damaged.", code="settings.damaged") from error
    return found if isinstance(found, dict) else {}


# -- files ----------------------------------------------------------------------------------------


@routes.get("/userdata")
async def list_folder(request: web.Request) -> web.Response:
    """Files of a folder."""
    query = request.query
    name = query.get("dir", "").strip("/")
    if not name:
        raise ApiError(400, "Directory not provided", code="files.bad_name")
    folder = find_under(_files(request), name, follow_links=False)
    if folder is None or not folder.is_dir():
        raise ApiError(404, "Directory not found", code="files.not_found")
    recurse = query.get("recurse", "").lower() in _TRUE
    names = [n for n in await asyncio.to_thread(walk_files, folder) if recurse or "/" not in n]
    if query.get("full_info", "").lower() in _TRUE:
        return answer([_info(folder / n, n) for n in names])
    if query.get("split", "").lower() in _TRUE:
        return answer([[n, *n.split("/")] for n in names])
    return answer(names)


@routes.get("/v2/userdata")
async def list_tree(request: web.Request) -> web.Response:
    """Folders and files below a folder, folders first."""
    name = request.query.get("path", "").strip("/")
    root = _files(request)
    folder = root if not name else find_under(root, name, follow_links=False)
    if folder is None or (name and not folder.is_dir()):
        raise ApiError(404, "Directory not found", code="files.not_found")
    return answer(await asyncio.to_thread(_tree, root, folder))


@routes.get("/userdata/{file}")
async def read(request: web.Request) -> web.StreamResponse:
    """A file, always as a download."""
    path = _existing(request)
    last = path.name
    return StoredFile(
        path,
        headers={
            "Content-Type": "application/octet-stream",
            "Content-Disposition": disposition("attachment", last),
            "Cache-Control": "private, no-cache",
        },
    )


@routes.post("/userdata/{file}")
async def write(request: web.Request) -> web.Response:
    """Store the body as a file."""
    path, name = _place(request, request.match_info["file"])
    content = await request.read()
    _check_free(path, request)
    await asyncio.to_thread(_write, path, content)
    full = request.query.get("full_info", "").lower() in _TRUE
    return answer(_info(path, name) if full else name)


@routes.delete("/userdata/{file}")
async def delete(request: web.Request) -> web.Response:
    """Delete a file."""
    _existing(request).unlink(missing_ok=True)
    return web.Response(status=204)


@routes.post("/userdata/{file}/move/{to}")
async def move(request: web.Request) -> web.Response:
    """Give a file another name."""
    source = _existing(request)
    path, name = _place(request, request.match_info["to"])
    _check_free(path, request)
    await asyncio.to_thread(_move, source, path)
    full = request.query.get("full_info", "").lower() in _TRUE
    return answer(_info(path, name) if full else name)


def _home(request: web.Request) -> Path:
    """What belongs to who asks. No other file of the server lies below it."""
    folder: Path = request.app[SETTINGS].data / "comfy" / owner_of(request)
    return folder


def _files(request: web.Request) -> Path:
    return _home(request) / "files"


def _existing(request: web.Request) -> Path:
    path = find_under(_files(request), request.match_info["file"], follow_links=False)
    if path is None or not path.is_file():
        raise not_there()
    return path


def _place(request: web.Request, name: str) -> tuple[Path, str]:
    parts = name.split("/")
    if portable_problem(name) is not None or len(parts) > 16:  # its clients hide files with a dot
        raise bad_name()
    root = _files(request)
    path = root.joinpath(*parts)
    if not path.parent.resolve().is_relative_to(root.resolve()) or path.is_dir():
        raise bad_name()
    return path, "/".join(parts)


def _check_free(path: Path, request: web.Request) -> None:
    if request.query.get("overwrite", "true").lower() not in _TRUE and path.exists():
        raise ApiError(409, "There is a file of that name already.", code="files.exists")


def _write(path: Path, content: bytes) -> None:
    _make_folder(path.parent)
    write_atomically(path, content)


def _move(source: Path, path: Path) -> None:
    _make_folder(path.parent)
    source.replace(path)


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        if error.errno not in NAME_TROUBLE:
            raise
        raise bad_name() from error


def _info(path: Path, name: str) -> dict[str, Any]:
    found = path.stat()
    return {
        "path": name,
        "size": found.st_size,
        "modified": int(found.st_mtime * 1000),
        "created": int(found.st_ctime * 1000),
    }


def _tree(root: Path, folder: Path) -> list[dict[str, Any]]:
    names = walk_files(folder) if folder.is_dir() else []
    below = [(folder / n).relative_to(root).as_posix() for n in names]
    folders = sorted({p.as_posix() for n in below for p in _parents(Path(n))})
    start = "" if folder == root else folder.relative_to(root).as_posix() + "/"
    found: list[dict[str, Any]] = [
        {"name": Path(n).name, "path": n, "type": "directory"}
        for n in folders
        if n.startswith(start)
    ]
    for name in below:
        info = (root / name).stat()
        found.append(
            {
                "name": Path(name).name,
                "path": name,
                "type": "file",
                "size": info.st_size,
                "modified": int(info.st_mtime * 1000),
            }
        )
    return found


def _parents(path: Path) -> Iterable[Path]:
    return (p for p in path.parents if p != Path())
