"""Sharing: check what a workflow needs and does, open a shared one, pack your own."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

from aiohttp import web

from weft.engine.comfy.export import to_comfy
from weft.engine.graph.document import dump
from weft.engine.share.bundle import Manifest
from weft.engine.share.check import Report
from weft.engine.share.lock import Lock
from weft.engine.share.names_here import renamed
from weft.engine.workflows.workflow import Workflow
from weft.nodes.shared_file import SharedFile

from ..api.errors import ApiError, ProblemModel
from ..api.jobs import JobDetail
from ..api.routing import Routes
from ..api.share import (
    CheckRequest,
    ComfyRequest,
    ComfyWorkflow,
    FileCheckModel,
    NodeCheckModel,
    Opened,
    PackRequest,
    SharedModel,
    ShareReport,
)
from ..files.media import disposition
from ..files.service import FOLDERS, UPLOADS, sees_file
from ..files.upload import uploader_of
from ..keys import CATALOG, JOBS, SHARING, asking, owner_of
from ..share.opening import place_inputs

routes = Routes("share")
_PICTURES = ("image/png", "image/webp", "image/jpeg")
_ERRORS = (400, 413, 415, 422)


@routes.post("/v1/share/check", errors=(400, 413, 422))
async def check(request: web.Request, body: CheckRequest) -> ShareReport:
    """Say what a workflow needs and would do here: what is present, what is missing and how to get
    it, its effects, and whether it gives the author's picture. Nothing is run or written.
    """
    report, lock = await request.app[SHARING].check(body.document, body.lock, owner_of(request))
    return _report(report, lock)


@routes.post("/v1/share/check/file", errors=_ERRORS)
async def check_file(request: web.Request) -> SharedModel:
    """Do the same for an uploaded bundle, image or workflow file.

    The file is the body of the request, or the one file of a multipart form. Nothing is kept.
    """
    async with _received(request) as shared:
        report = await request.app[SHARING].report(shared, owner_of(request))
        return SharedModel(document=dump(shared.workflow.document), **_told(shared, report))


@routes.post("/v1/share/open", errors=_ERRORS)
async def open_file(request: web.Request) -> Opened:
    """Open an uploaded bundle, image or workflow file.

    The inputs that it carries are put into the input folder, under safe names and over nothing;
    the workflow names them, and models that lie here under another name, as they are called here.
    """
    app = request.app
    async with _received(request) as shared:
        report = await app[SHARING].report(shared, owner_of(request))
        placed = await place_inputs(
            shared.inputs,
            app[FOLDERS],
            app[UPLOADS],
            app[CATALOG].seen_by(owner_of(request)),
            uploader_of(request),
        )
        names = report.renamed | {("", each.name): each.file for each in placed}
        document = renamed(shared.workflow.document, app[CATALOG].registry, names)
        return Opened(document=dump(document), placed=placed, **_told(shared, report))


@routes.post(
    "/v1/share/pack", media_type="application/octet-stream", errors=(400, 404, 409, 413, 422, 503)
)
async def pack(request: web.Request, body: PackRequest) -> web.StreamResponse:
    """Pack a workflow, or a finished job with its image, as one file to download."""
    if (body.document is None) == (body.job is None):
        raise ApiError(422, 'Send either "document" or "job".', code="share.nothing_to_pack")
    picture: Path | None = None
    if body.job is not None:
        detail = await request.app[JOBS].get(body.job, asking(request))
        data: Any = await request.app[JOBS].document(body.job, asking(request))
        picture = _picture(request, detail, body.artifact)
    else:
        data = body.document
    owner = owner_of(request)
    workflow: Workflow = await asyncio.to_thread(
        partial(request.app[CATALOG].checked, data, owner=owner)
    )
    manifest = Manifest(
        title=body.title or workflow.document.title, author=body.author, license=body.license
    )
    packed = await request.app[SHARING].pack(
        workflow, manifest, picture, owner, as_png=body.format == "png"
    )
    name = (body.name or manifest.title or "workflow").replace("/", "-")[:200] + packed.suffix
    return web.Response(
        body=packed.data,
        content_type="image/png" if body.format == "png" else "application/zip",
        headers={
            "Content-Disposition": disposition("attachment", name),
            "Cache-Control": "no-store",
        },
    )


@routes.post("/v1/share/comfyui", errors=(400, 413, 422))
async def comfyui(request: web.Request, body: ComfyRequest) -> ComfyWorkflow:
    """Write a workflow in ComfyUI's API format, under its names; subgraphs become their nodes."""
    catalog = request.app[CATALOG]
    workflow = await asyncio.to_thread(catalog.read, body.document)
    found = await asyncio.to_thread(to_comfy, workflow.document, catalog.registry)
    return ComfyWorkflow(prompt=found.prompt, obstacles=list(found.obstacles))


def _picture(request: web.Request, job: JobDetail, wanted: int | None) -> Path | None:
    if job.state != "done":
        raise ApiError(
            409,
            f"The job is {job.state}.",
            code="share.not_done",
            expected="a job that is done",
            got=job.state,
        )
    for artifact in job.artifacts:
        fits = artifact.kind == "output" and artifact.media_type in _PICTURES
        if artifact.id == wanted or (wanted is None and fits):
            name = _below(artifact.kind, artifact.file)
            found = request.app[FOLDERS].find(artifact.kind, name)
            if found is not None and sees_file(request, artifact.kind, name):
                return found
    if wanted is not None:
        raise ApiError(404, f"The job has no file {wanted}.", code="artifacts.unknown")
    return None


def _below(kind: str, file: str) -> str:
    return file.removeprefix("temp/") if kind == "temp" else file


@asynccontextmanager
async def _received(request: web.Request) -> AsyncIterator[SharedFile]:
    """An uploaded file, opened; what was uploaded is gone afterwards."""
    uploads = request.app[UPLOADS]
    with contextlib.ExitStack() as stack:
        if request.content_type.startswith("multipart/"):
            form = await uploads.receive_form(request, "input")
            stack.callback(form.discard)
            if len(form.files) != 1:
                raise ApiError(
                    400,
                    f"The form has {len(form.files)} files.",
                    code="request.bad_form",
                    expected="one",
                )
            path = form.files[0][2]
        else:
            path = await uploads.receive_body(request, "input")
            stack.callback(path.unlink, missing_ok=True)
        yield await request.app[SHARING].open(path)


def _told(shared: SharedFile, report: Report) -> dict[str, Any]:
    return {
        "is_bundle": shared.is_bundle,
        "title": shared.manifest.title or shared.workflow.document.title,
        "author": shared.manifest.author,
        "license": shared.manifest.license,
        "inputs": list(shared.inputs),
        "has_picture": shared.picture is not None,
        "lock": shared.lock.model_dump(exclude_none=True) if shared.lock is not None else None,
        "remarks": list(shared.workflow.remarks),
        "report": _report(report, shared.lock),
    }


def _report(report: Report, lock: Lock | None) -> ShareReport:
    models = {(m.folder, m.name): m for m in (lock.models if lock is not None else ())}
    files = []
    for each in report.files:
        model = models.get((each.folder or "", each.name))
        files.append(
            FileCheckModel(
                what=each.what,
                folder=each.folder,
                name=each.name,
                state=each.state,
                ready=each.ready,
                found=each.found,
                sha256=each.sha256,
                autov2=each.sha256[:10].upper() if each.sha256 else None,
                size=each.size,
                holds=model.holds if model is not None else None,
                family=model.family if model is not None else None,
                candidates=list(each.candidates),
                sources=list(each.sources),
                advice=each.advice,
            )
        )
    return ShareReport(
        ready=report.ready,
        same_picture=report.same_picture,
        files=files,
        nodes=[
            NodeCheckModel(
                type=each.type,
                state=each.state,
                here=each.here,
                wanted=each.wanted.version if each.wanted is not None else None,
                migrates=each.migrates,
                pack=each.pack,
            )
            for each in report.nodes
        ],
        problems=[ProblemModel(**problem.to_json()) for problem in report.problems],
        differs=list(report.differs),
        unknown=list(report.unknown),
        effects=list(report.to_accept),  # type: ignore[arg-type]
        touching={effect: list(nodes) for effect, nodes in report.touching.items()},
        packs=list(report.packs),
    )
