"""`Models`: lists models from the index, which is built in the background."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

from aiohttp import web

from weft.engine.files.paths import find_under

from ..api.errors import ApiError
from ..files.index import FolderIndex
from ..files.service import THUMBNAILS
from ..keys import CATALOG, JOBS, SETTINGS, SHARING
from ..logs import Seldom
from ..share.service import Sharing
from .facts import standard_index
from .folders import ModelFolders
from .index import ModelIndex
from .previews import Previews, preview_beside
from .rows import IndexPage, ModelRow, Wanted

log = logging.getLogger(__name__)

_PATIENCE = 0.5  # seconds that a listing waits for the first look at the folders
_LESS = 0.05  # if the index knows them from before
_AGAIN = 600.0  # seconds between two thorough looks
_AFTER_TROUBLE = 30.0  # seconds until the index is built on
_PAUSE = 0.5  # seconds between two questions whether jobs still run


class Stopped(Exception):  # noqa: N818  (no error: the server stops)
    """Ends the hashing of a file."""


class Models:
    """The model files and their metadata.

    Args:
        folders: The names.
        index: What is known.
        previews: Their pictures.
        hashing: Whether files are hashed in the background.
        busy: Whether jobs run, which then have the disk for themselves.
    """

    def __init__(
        self,
        folders: ModelFolders,
        index: ModelIndex,
        previews: Previews,
        *,
        hashing: bool,
        busy: Callable[[], bool],
    ) -> None:
        self.kinds = folders.kinds
        self.names = folders.names
        self.index = index
        self.previews = previews
        self._roots = folders.roots
        self._hashing, self._busy = hashing, busy
        self._synced: dict[str, int] = {}  # kind -> version of its folders in the index
        self._locks = {kind: asyncio.Lock() for kind in folders.kinds}
        self._looks: dict[str, asyncio.Task[None]] = {}
        self._seldom = Seldom(log)
        self._stop = threading.Event()
        self._more = asyncio.Event()
        self._work: asyncio.Task[None] | None = None

    @property
    def all_roots(self) -> list[Path]:
        """The folders of every kind."""
        return [root for roots in self._roots.values() for root in roots]

    # -- asking ---------------------------------------------------------------------------------

    async def page(self, kind: str, wanted: Wanted) -> tuple[IndexPage, set[str], bool]:
        """Some models of a kind, the names of those that have a picture, and whether the folders
        were looked at since the start.

        Before that the index answers with what it knew when the server last ran, so that nobody
        waits for a slow disk.
        """
        complete = await self._look(kind)
        page = await asyncio.to_thread(self.index.page, self._roots[kind], wanted)
        return page, await asyncio.to_thread(_pictured, page.rows), complete

    async def count(self, kind: str) -> int:
        """How many models of a kind there are."""
        await self._look(kind)
        return await asyncio.to_thread(self.index.total, self._roots[kind])

    async def row(self, kind: str, name: str) -> tuple[ModelRow, dict[str, str]]:
        """The index row of a model, and the free text of its header.

        Raises:
            ApiError: 404: there is none.
        """
        await self._look(kind)
        path = self.path(kind, name)
        row = await asyncio.to_thread(self.index.row, path)
        if row is not None and not row.described:
            await asyncio.to_thread(self.index.describe_one, row)
            row = await asyncio.to_thread(self.index.row, path)
        if row is None:
            raise _unknown()
        return row, await asyncio.to_thread(self.index.metadata, path)

    async def preview(self, kind: str, name: str, side: int) -> Path:
        """A thumbnail of a model's preview image.

        Raises:
            ApiError: 404: there is no such model, or none of it; 413, 415: it cannot be shown.
        """
        return await self.previews.get(self.path(kind, name), side)

    def path(self, kind: str, name: str) -> Path:
        """Where a model lies.

        Raises:
            ApiError: 404: there is none.
        """
        for root in self._roots[kind]:
            found = find_under(root, name, follow_links=True)
            if found is not None:
                return root / name
        raise _unknown()

    def sha256(self, path: Path) -> str:
        """SHA-256 of a model file, from the index if it is known.

        Raises:
            OSError: It cannot be read.
        """
        return self.index.hashes(path.absolute())["sha256"]

    def autov3(self, path: Path) -> str | None:
        """AutoV3 of a model file, in the same way; None if it cannot be read."""
        return self.index.hashes(path.absolute()).get("autov3") or None

    # -- looking --------------------------------------------------------------------------------

    async def _look(self, kind: str) -> bool:
        """Bring the index up to date with the folders; whether it is."""
        if kind in self._synced:
            await self._sync(kind)
            return True
        task = self._looks.get(kind)
        if task is None or _failed(task):  # a folder or disk that refused may do no more
            task = self._looks[kind] = asyncio.create_task(self._sync(kind))
        known = await asyncio.to_thread(self.index.knows, self._roots[kind])
        with contextlib.suppress(TimeoutError):
            # Not `wait_for`: in Python 3.11 it swallows a cancellation that comes as `task` ends.
            async with asyncio.timeout(_LESS if known else _PATIENCE):
                await asyncio.shield(task)
        return kind in self._synced

    async def _sync(self, kind: str, *, thorough: bool = False) -> None:
        folders: FolderIndex = self.kinds[kind]
        if thorough:
            await folders.reread()
        else:
            await folders.entries()
        async with self._locks[kind]:
            version = folders.version
            if self._synced.get(kind) == version:
                return
            changed = False
            for root, entries in folders.by_root:
                changed |= await asyncio.to_thread(self.index.sync, root, entries)
            self._synced[kind] = version
        if changed:
            self._more.set()

    async def _build(self) -> None:
        """Look at everything, and into everything; again when something changed."""
        thorough = False
        while True:
            for kind in self.kinds:
                if thorough:
                    await self._sync(kind, thorough=True)
                else:
                    await self._look(kind)
            self._more.clear()
            await self._look_into(self.all_roots)
            try:
                async with asyncio.timeout(_AGAIN):
                    await self._more.wait()
                thorough = False
            except TimeoutError:
                thorough = True

    async def _look_into(self, roots: Sequence[Path]) -> None:
        while await asyncio.to_thread(self.index.describe_some, roots):
            pass
        while self._hashing:
            while self._busy():  # looking costs nothing, and it is not urgent
                self._check()
                await asyncio.sleep(_PAUSE)
            if not await asyncio.to_thread(self.index.hash_one, roots, self._check):
                return

    def _check(self) -> None:
        if self._stop.is_set():
            raise Stopped

    async def start(self) -> None:
        """Begin to build the index."""
        self._work = asyncio.create_task(self._guarded())

    async def _guarded(self) -> None:
        while True:
            try:
                await self._build()
            except Stopped:
                return
            except Exception as error:  # a convenience: the server goes on without, and tries again
                self._seldom.error(
                    f"the index of models cannot be used now: {type(error).__name__}",
                    exc_info=error,
                )
                await asyncio.sleep(_AFTER_TROUBLE)

    async def close(self) -> None:
        """End at once; what was not done goes on after the next start."""
        self._stop.set()
        tasks = [*self._looks.values(), *([self._work] if self._work else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self.index.close()


MODELS = web.AppKey("models", Models)


def install_models(app: web.Application) -> None:
    """Add the service; it looks at the disk when the application starts."""
    app.cleanup_ctx.append(_serve)


async def _serve(app: web.Application) -> AsyncIterator[None]:
    settings, catalog = app[SETTINGS], app[CATALOG]
    dispatcher = app[JOBS].dispatcher
    models = app[MODELS] = Models(
        ModelFolders(catalog.workspace, catalog.registry),
        await asyncio.to_thread(standard_index),
        Previews(app[THUMBNAILS], settings.data / "thumbnails" / "embedded"),
        hashing=settings.hash_models,
        busy=lambda: any(slot.running is not None for slot in dispatcher.slots),
    )
    app[SHARING] = Sharing(catalog, app[JOBS], models.sha256, models.autov3)
    await models.start()
    yield
    await models.close()


def _failed(task: asyncio.Task[None]) -> bool:
    return task.done() and (task.cancelled() or task.exception() is not None)


def _pictured(rows: Sequence[ModelRow]) -> set[str]:
    return {row.name for row in rows if row.pictured or preview_beside(Path(row.path))}


def _unknown() -> ApiError:
    return ApiError(404, "There is no such model.", code="models.unknown")
