"""Files: input images and output images."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import UTC, datetime
from functools import partial
from typing import Literal

from aiohttp import web
from pydantic import Field

from ..api.errors import ApiError
from ..api.model import ApiModel, Body
from ..api.routing import Routes
from ..files.folders import KINDS, Kind, as_kind, not_there
from ..files.index import Entry, entry_of
from ..files.media import PICTURES, file_headers, media_type, suffix_of
from ..files.sending import StoredFile
from ..files.service import FOLDERS, OWNERS, THUMBNAILS, UPLOADS, find_file, sees_file
from ..files.thumbnails import SIDES
from ..files.upload import uploader_of

routes = Routes("files")


class FileModel(ApiModel):
    """One file."""

    kind: Kind
    name: str = Field(description="Name below its folder, with `/`.")
    bytes: int
    modified: datetime
    media_type: str
    picture: bool = Field(description="Whether it has thumbnails.")


class FilePage(ApiModel):
    """Some files."""

    files: list[FileModel]
    total: int = Field(description="Total number of files of this kind, without the search.")
    next: str | None = Field(None, description="`after` for the next page; none at the end.")


class FileKinds(ApiModel):
    """The kinds of files there are."""

    kinds: list[str]


class Uploaded(ApiModel):
    """The uploaded files, with their final names."""

    files: list[FileModel]


class ListQuery(Body):
    """Filters for a list of files."""

    search: str = Field("", max_length=200, description="Words that must all occur in the name.")
    order: Literal["name", "newest"] = "name"
    after: str | None = Field(None, max_length=1100, description="`next` of the page before.")
    limit: int = Field(100, ge=1, le=500)


class FileQuery(Body):
    """How to give a file."""

    thumbnail: int | None = Field(None, description=f"Longest side in pixels: one of {SIDES}.")
    download: bool = Field(
        False, description="Whether a browser saves the file instead of showing it."
    )
    v: str | None = Field(
        None, max_length=100, description="Ignored; it makes the address of a changed file differ."
    )


class UploadQuery(Body):
    """How to put a file."""

    overwrite: bool = Field(False, description="Whether a file of the same name may be replaced.")


@routes.get("/v1/files")
async def kinds() -> FileKinds:
    """Name the kinds of files: what goes in, what came out, and previews."""
    return FileKinds(kinds=list(KINDS))


@routes.get("/v1/files/{kind}", errors=(404, 422))
async def list_files(request: web.Request, kind: str, query: ListQuery) -> FilePage:
    """List files of a kind, a page at a time."""
    index = request.app[FOLDERS].indexes[as_kind(kind)]
    place = as_kind(kind)
    page = await index.page(
        search=query.search,
        order=query.order,
        after=query.after,
        limit=query.limit,
        shown=partial(sees_file, request, place) if request.app[OWNERS].private else None,
    )
    files = [_model(place, entry) for entry in page.entries]
    return FilePage(files=files, total=page.total, next=page.next)


@routes.get("/v1/files/{kind}/{name:.+}", media_type="*/*", errors=(404, 413, 415, 422))
async def read_file(
    request: web.Request, kind: str, name: str, query: FileQuery
) -> web.StreamResponse:
    """Give a file, or an image as a small WebP.

    Pictures, films and sounds are shown; every other type is a download. Ranges and ETags work.
    """
    path = find_file(request, as_kind(kind), name)
    if query.thumbnail is None:
        return StoredFile(path, headers=file_headers(name, download=query.download))
    if query.thumbnail not in SIDES:
        raise ApiError(
            422,
            f"There are no thumbnails of {query.thumbnail} pixels.",
            expected=f"one of {', '.join(map(str, SIDES))}",
        )
    with contextlib.suppress(FileNotFoundError):
        small = await request.app[THUMBNAILS].get(path, query.thumbnail)
        return web.FileResponse(small, headers=file_headers("thumbnail.webp"))
    raise not_there()


@routes.post("/v1/files/{kind}", status=201, errors=(400, 403, 404, 409, 413, 415))
async def upload_form(request: web.Request, kind: str, query: UploadQuery) -> Uploaded:
    """Upload the files of a multipart form.

    A field `folder` puts them into a folder. A name that is taken by another content gets a number,
    unless `overwrite`, which replaces one's own files, and those of others for who may delete
    them. Pictures must be what their name says.
    """
    uploads, place = request.app[UPLOADS], as_kind(kind)
    form = await uploads.receive_form(request, place)
    try:
        if not form.files:
            raise ApiError(400, "The form has no file.", code="request.bad_form")
        folder = form.fields.get("folder", "").strip("/")
        names, who = [], uploader_of(request)
        for _, name, content in form.files:
            full = f"{folder}/{name}" if folder else name
            kept = await uploads.keep(content, place, full, who, overwrite=query.overwrite)
            names.append(kept)
    finally:
        form.discard()
    return Uploaded(files=[await _told(request, place, name) for name in names])


@routes.put("/v1/files/{kind}/{name:.+}", errors=(400, 403, 404, 409, 413, 415))
async def put_file(request: web.Request, kind: str, name: str, query: UploadQuery) -> Uploaded:
    """Upload one file as the body of the request, of any declared type."""
    uploads, place = request.app[UPLOADS], as_kind(kind)
    content = await uploads.receive_body(request, place)
    try:
        who = uploader_of(request)
        kept = await uploads.keep(content, place, name, who, overwrite=query.overwrite)
    finally:
        content.unlink(missing_ok=True)
    return Uploaded(files=[await _told(request, place, kept)])


@routes.delete("/v1/files/{kind}/{name:.+}", errors=(404,))
async def delete_file(request: web.Request, kind: str, name: str) -> None:
    """Delete one file. Only those can be that the server itself may write."""
    place = as_kind(kind)
    path = request.app[FOLDERS].find_own(place, name)
    if path is None or not sees_file(request, place, name):
        raise not_there()
    await asyncio.to_thread(path.unlink, missing_ok=True)
    request.app[OWNERS].forget(place, name)


async def _told(request: web.Request, kind: Kind, name: str) -> FileModel:
    return _model(kind, entry_of(name, find_file(request, kind, name).stat()))


def _model(kind: Kind, entry: Entry) -> FileModel:
    return FileModel(
        kind=kind,
        name=entry.name,
        bytes=entry.bytes,
        modified=datetime.fromtimestamp(entry.modified / 1e9, UTC),
        media_type=media_type(entry.name),
        picture=suffix_of(entry.name) in PICTURES,
    )
