"""`Sharing`: looks at shared workflows, packs and opens them. Heavy work happens in threads."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from weft.engine.errors import FileError
from weft.engine.files.workspace import Workspace
from weft.engine.graph.document import Document
from weft.engine.graph.listing import listed
from weft.engine.share.bundle import PNG, Bundle, Manifest, inputs_of
from weft.engine.share.check import Report, check
from weft.engine.share.lock import Lock, Runtime, make_lock
from weft.engine.workflows.workflow import Workflow
from weft.nodes.shared_file import SharedFile, described, open_shared

from ..api.errors import ApiError
from ..catalog import Catalog
from ..jobs.service import JobService

_TRIES, _BETWEEN = 60, 0.25  # seconds between two
_AT_ONCE = 2  # bundles that are unpacked, or workflows whose models are hashed


@dataclass(frozen=True, slots=True)
class PackedShare:
    """A bundle that was made: its bytes, and the suffix of its file."""

    data: bytes
    suffix: str


class Sharing:
    """The operations of the routes below `/v1/share`.

    Args:
        catalog: Node types and folders.
        jobs: Finished jobs, and the worker that knows what it computes with.
        sha256: Digest of a file, remembered.
        autov3: Another one of model files, remembered too.
    """

    def __init__(
        self,
        catalog: Catalog,
        jobs: JobService,
        sha256: Callable[[Path], str],
        autov3: Callable[[Path], str | None],
    ) -> None:
        self._autov3 = autov3
        self._catalog = catalog
        self._jobs = jobs
        self._sha256 = sha256
        self._runtime: Runtime | None = None
        self._limit = asyncio.Semaphore(_AT_ONCE)

    async def check(
        self, data: object, lock: Mapping[str, Any] | None, owner: str
    ) -> tuple[Report, Lock | None]:
        """Check what a workflow needs and does here, when an owner runs it.

        Raises:
            DocumentError: It cannot be read.
            ApiError: The lock has another shape.
        """
        known = _lock(lock) if lock is not None else None
        workflow = await asyncio.to_thread(self._catalog.read, data)
        return await self.report(SharedFile(workflow, known), owner), known

    async def open(self, file: Path) -> SharedFile:
        """Read an uploaded file; nothing of it is kept.

        Raises:
            FileError, DocumentError: It is no bundle, picture or workflow file, or a damaged one.
        """
        async with self._limit:
            found = await asyncio.to_thread(open_shared, file, self._catalog.registry)
            await asyncio.to_thread(self._catalog.bounded, found.workflow)
        return found

    async def report(self, shared: SharedFile, owner: str) -> Report:
        """A check of what a file holds, for an owner who would run it."""
        runtime = await self.runtime()
        async with self._limit:
            return await asyncio.to_thread(self._report, shared, runtime, owner)

    def _report(self, shared: SharedFile, runtime: Runtime | None, owner: str) -> Report:
        catalog, workspace = self._catalog, self._catalog.seen_by(owner)
        document = listed(shared.workflow.document, catalog.registry, workspace)
        return check(
            document,
            shared.lock,
            catalog.registry,
            workspace,
            runtime,
            sha256=self._sha256,
            bundled=shared.inputs,
        )

    async def runtime(self) -> Runtime | None:
        """Device and versions of the workers; None until one has reported them."""
        dispatcher = self._jobs.dispatcher
        for _ in range(_TRIES):  # workers that start just now have an answer soon
            if self._runtime is not None or not dispatcher.slots:
                break
            try:
                self._runtime = Runtime.model_validate(await dispatcher.ask("runtime"))
            except ApiError:
                await asyncio.sleep(_BETWEEN)
            except ValidationError:
                break
        return self._runtime

    async def pack(
        self,
        workflow: Workflow,
        manifest: Manifest,
        picture: Path | None,
        owner: str,
        *,
        as_png: bool,
    ) -> PackedShare:
        """A bundle of a workflow.

        Args:
            workflow: Valid; its random seeds are drawn now, if it has any left.
            manifest: What to say of it.
            picture: What it gives, in any format; None for none.
            owner: Who packs it, and sees the input files that it names.
            as_png: Whether the bundle is to be the picture itself.

        Raises:
            ApiError: 503: no worker is there to say what it computes with.
            FileError: A file that it names is not here, or there is no picture for a PNG.
        """
        runtime = await self.runtime()
        if runtime is None:
            raise ApiError(
                503,
                "No worker has reported its device and versions yet.",
                code="worker.none",
                headers={"Retry-After": "2"},
            )
        async with self._limit:
            return await asyncio.to_thread(
                self._pack, workflow, manifest, picture, runtime, owner, as_png=as_png
            )

    def _pack(
        self,
        workflow: Workflow,
        manifest: Manifest,
        picture: Path | None,
        runtime: Runtime,
        owner: str,
        *,
        as_png: bool,
    ) -> PackedShare:
        workspace, registry = self._catalog.seen_by(owner), self._catalog.registry
        document = listed(workflow.document, registry, workspace)
        document = Workflow(document).resolve(registry).document
        lock = self._locked(document, workspace, runtime)
        inputs = inputs_of(lock, workspace.input)
        shown = _as_png(picture) if picture is not None else None
        bundle = Bundle(Workflow(document), lock, inputs, shown, manifest)
        if as_png:
            return PackedShare(bundle.to_png(), ".weft.png")
        return PackedShare(bundle.to_zip(), ".weft.zip")

    def _locked(self, document: Document, workspace: Workspace, runtime: Runtime) -> Lock:
        return make_lock(
            document,
            self._catalog.registry,
            workspace,
            runtime,
            sha256=self._sha256,
            describe=described,
            autov3=self._autov3,
        )


def _lock(data: Mapping[str, Any]) -> Lock:
    try:
        return Lock.model_validate(data)
    except ValidationError as error:
        places = [".".join(map(str, e["loc"])) or "it" for e in error.errors()[:5]]
        raise ApiError(
            422,
            f"The lock cannot be read: these entries are invalid: {', '.join(places)[:300]}.",
            code="share.bad_lock",
            hint="Send the lock from the bundle unchanged, or none.",
        ) from error


def _as_png(path: Path) -> bytes:
    """A picture as PNG; a file that is one already stays as it is."""
    data = path.read_bytes()
    if data.startswith(PNG):
        return data
    from PIL import Image, UnidentifiedImageError

    buffer = io.BytesIO()
    try:
        with Image.open(io.BytesIO(data), formats=("WEBP", "JPEG")) as picture:
            picture.save(buffer, "PNG")
    except (UnidentifiedImageError, OSError, ValueError) as error:
        raise FileError(
            f"{path.name} is no image that a bundle can show.",
            code="share.no_picture",
            expected="PNG, WebP or JPEG",
        ) from error
    return buffer.getvalue()
