"""The editor: the built files of `web/`, or a page that says where everything else is."""

from __future__ import annotations

from pathlib import Path

from aiohttp import web

from weft.engine.files.paths import find_under

from ..files.folders import not_there
from ..files.media import suffix_of

_PACKAGE = Path(__file__).resolve().parent.parent.parent
_TYPES = {
    ".html": "text/html",
    ".js": "text/javascript",
    ".css": "text/css",
    ".json": "application/json",
    ".map": "application/json",
    ".webmanifest": "application/manifest+json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".webp": "image/webp",
    ".ico": "image/x-icon",
    ".woff2": "font/woff2",
    ".wasm": "application/wasm",
}
_WITHOUT_EDITOR = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>weft</title>
<style>body{font:16px/1.5 system-ui,sans-serif;margin:15vh auto;max-width:30rem;padding:0 1rem}
</style></head><body><h1>weft</h1>
<p>The server runs. This copy of weft comes without the built editor.</p>
<ul><li><a href="/v1/docs">The API</a></li>
<li><a href="/v1/queue">What runs and waits</a></li></ul></body></html>
"""


def install_front(app: web.Application) -> None:
    """Add the routes of the editor's files. Files at its top level are listed at the start."""
    folder = next((f for f in (_PACKAGE / "web", _PACKAGE / "web" / "dist") if _is_built(f)), None)
    if folder is None:

        async def page(_: web.Request) -> web.Response:
            return web.Response(text=_WITHOUT_EDITOR, content_type="text/html")

        app.router.add_get("/", page)
        return

    async def serve(request: web.Request) -> web.StreamResponse:
        name = request.match_info.get("name", request.path.lstrip("/")) or "index.html"
        below = f"assets/{name}" if "name" in request.match_info else name
        path = find_under(folder, below, follow_links=False)
        kind = _TYPES.get(suffix_of(below))
        if path is None or kind is None or not path.is_file():
            raise not_there()
        hashed = below.startswith("assets/")  # the build puts a digest into these names
        keep = "public, max-age=31536000, immutable" if hashed else "no-cache"
        charset = "; charset=utf-8" if kind.startswith("text/") else ""
        return web.FileResponse(
            path, headers={"Content-Type": kind + charset, "Cache-Control": keep}
        )

    app.router.add_get("/", serve)
    app.router.add_get("/assets/{name:.+}", serve)
    for path in sorted(folder.iterdir()):
        if path.is_file() and suffix_of(path.name) in _TYPES:
            app.router.add_get(f"/{path.name}", serve)


def _is_built(folder: Path) -> bool:
    # The source folder has an index.html as well, but no built scripts beside it.
    return (folder / "index.html").is_file() and (folder / "assets").is_dir()
