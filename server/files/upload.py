"""Uploads: streamed to a hidden file, looked at, then put in place at once and complete."""

from __future__ import annotations

import asyncio
import filecmp
import os
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import BinaryIO

from aiohttp import BodyPartReader, web
from aiohttp.http import HttpProcessingError

from weft.engine.files.new_files import new_part, place_new, set_mode

from ..api.errors import ApiError
from ..keys import may_delete, owner_of
from ..settings import Limits
from .allowance import Allowance
from .decoding import Decoder
from .folders import Folders, Kind, bad_name
from .media import suffix_of
from .owners import Owners
from .pictures import SUFFIXES, check_picture

_FIELD_BYTES = 10_000
_FIELDS = 100
_NUMBERS = 10_000
# aiohttp answers with `x.gz` when `x` is asked for by a client that can unpack it.
_COMPRESSED = {".gz", ".br"}
# What aiohttp's parser raises when it meets something else than a form.
_MALFORMED = (
    ValueError,
    AssertionError,
    RuntimeError,
    LookupError,
    EOFError,
    HttpProcessingError,
    RuntimeWarning,  # of a bad Content-Disposition, where warnings are errors
)


@dataclass(slots=True)
class Received:
    """A form that was received.

    Attributes:
        files: Field name, file name and content of each file, in order.
        fields: The other fields.
    """

    files: list[tuple[str, str, Path]] = field(default_factory=list)
    fields: dict[str, str] = field(default_factory=dict)

    def discard(self) -> None:
        """Delete what was not put in place."""
        for _, _, path in self.files:
            path.unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class Uploader:
    """The user who uploads a file.

    Attributes:
        owner: Under what their things are kept.
        deletes: Whether they may delete, and so replace, files of others.
    """

    owner: str
    deletes: bool


def uploader_of(request: web.Request) -> Uploader:
    """The user of a request, as uploader."""
    return Uploader(owner_of(request), may_delete(request))


class Uploads:
    """Receives files into the folders of a server.

    Args:
        folders: Where they go.
        limits: How large they may be.
        owners: Whose the files are.
        decoder: Decodes pictures.
    """

    def __init__(self, folders: Folders, limits: Limits, owners: Owners, decoder: Decoder) -> None:
        self._decoder = decoder
        self._folders, self._limits, self._owners = folders, limits, owners
        self._placing = asyncio.Lock()  # nobody's file appears between a look and a replacement
        self._allowance = Allowance(limits.uploads_a_day)

    async def receive_form(self, request: web.Request, kind: Kind) -> Received:
        """Read a multipart form; every file lies in a hidden file then.

        Raises:
            ApiError: It is no such form, malformed, or too large. Nothing is left behind.
        """
        received = Received()
        try:
            async for part in _parts(request):
                if len(received.files) + len(received.fields) >= _FIELDS:
                    raise ApiError(413, "The form has too many fields.", code="request.too_large")
                if part.filename is None:
                    text = await part.read_chunk(_FIELD_BYTES + 1)
                    if len(text) > _FIELD_BYTES or await part.read_chunk(1):
                        raise ApiError(413, "A field is too long.", code="request.too_large")
                    received.fields[part.name or ""] = text.decode("utf-8", "replace")
                else:
                    chunks = _chunks(part)
                    content = await self._receive(chunks, kind, owner_of(request))
                    received.files.append((part.name or "", part.filename, content))
        except _MALFORMED as error:
            received.discard()
            raise _no_form() from error
        except BaseException:
            received.discard()
            raise
        return received

    async def receive_body(self, request: web.Request, kind: Kind) -> Path:
        """Read a body into a hidden file.

        Raises:
            ApiError: It is too large.
        """
        return await self._receive(request.content.iter_chunked(2**16), kind, owner_of(request))

    async def keep(
        self, content: Path, kind: Kind, name: str, who: Uploader, *, overwrite: bool = False
    ) -> str:
        """Put a received file in place; the name that it has then.

        A file of that name with the same content is left as it is; one with another content keeps
        its name, and the new one gets a number, unless `overwrite`.

        Raises:
            ApiError: The name cannot be used, or it says that this is a picture and it is not; 403:
                a file of somebody else would be replaced by who may not delete it.
        """
        self.check_name(name)
        last = name.rpartition("/")[2]
        target = self._folders.place(kind, name)
        if suffix_of(name) in SUFFIXES:
            await self.check_picture(content)
        folder = name.removesuffix(last)

        def is_shared(beside: str) -> bool:
            return self._owners.sees(who.owner, kind, folder + beside)

        async with self._placing:
            if overwrite and not self._may_replace(who, kind, name, target):
                raise _not_yours()
            placed, new = await asyncio.to_thread(_place, content, target, overwrite, is_shared)
            if new:
                self._owners.give(kind, folder + placed, who.owner)
        return folder + placed

    def _may_replace(self, who: Uploader, kind: Kind, name: str, target: Path) -> bool:
        """Whether a file may take the place of what has its name, if anything has."""
        if not os.path.lexists(target) or self._owners.owner(kind, name) == who.owner:
            return True
        return who.deletes and self._owners.sees(who.owner, kind, name)

    async def check_picture(self, content: Path) -> None:
        """Refuse a file that is no complete image.

        Raises:
            ApiError: As `pictures.open_picture`.
        """
        await self._decoder.run(partial(check_picture, content, self._limits.pixels), content)

    def check_name(self, name: str) -> None:
        """Refuse a name that is too long, or that a browser would take for something else.

        Raises:
            ApiError: The name cannot be used.
        """
        last = name.rpartition("/")[2]
        if len(last) > self._limits.name_length or suffix_of(name) in _COMPRESSED:
            raise bad_name()

    async def _receive(self, chunks: AsyncIterator[bytes], kind: Kind, owner: str) -> Path:
        handle, path = _hidden_file(self._folders.incoming(kind))
        with _unlinked_on_error(path), os.fdopen(handle, "wb") as file:
            await self._fill(file, chunks, owner)
        return path

    async def _fill(self, file: BinaryIO, chunks: AsyncIterator[bytes], owner: str) -> None:
        size = 0
        async for chunk in chunks:
            size += len(chunk)
            if size > self._limits.upload_bytes:
                raise ApiError(
                    413,
                    "The file is too large.",
                    code="files.too_large",
                    expected=f"at most {self._limits.upload_bytes} bytes",
                )
            self._allowance.spend(owner, len(chunk))
            await asyncio.to_thread(file.write, chunk)


def spooled(content: bytes, folder: Path) -> Path:
    """A hidden file with this content, for `Uploads.keep`."""
    handle, path = _hidden_file(folder)
    with _unlinked_on_error(path), os.fdopen(handle, "wb") as file:
        file.write(content)
    return path


def _hidden_file(folder: Path) -> tuple[int, Path]:
    folder.mkdir(parents=True, exist_ok=True)
    handle, path = new_part(folder)
    set_mode(path)
    return handle, path


@contextmanager
def _unlinked_on_error(path: Path) -> Iterator[None]:
    try:
        yield
    except BaseException:
        path.unlink(missing_ok=True)
        raise


async def _parts(request: web.Request) -> AsyncIterator[BodyPartReader]:
    if not request.content_type.startswith("multipart/"):
        raise _no_form()
    reader = await request.multipart()
    while (part := await reader.next()) is not None:
        if not isinstance(part, BodyPartReader):
            raise _no_form()
        yield part


async def _chunks(part: BodyPartReader) -> AsyncIterator[bytes]:
    while chunk := await part.read_chunk(2**16):
        yield chunk


def _no_form() -> ApiError:
    return ApiError(
        400,
        "The body is no multipart form, or it is damaged.",
        code="request.bad_form",
        expected="multipart/form-data",
    )


def _not_yours() -> ApiError:
    return ApiError(
        403,
        "The file of this name belongs to another user.",
        code="files.not_yours",
        expected="a name that is free or yours, or the role editor, which may replace files of "
        "others",
        hint="Choose another name, or upload without overwrite, which adds a number to the name.",
    )


def _place(
    content: Path, target: Path, overwrite: bool, is_shared: Callable[[str], bool]
) -> tuple[str, bool]:
    """Move a file into place.

    Args:
        content: The file.
        target: Where it is to be.
        overwrite: Whether it replaces what has that name.
        is_shared: Whether an equal file of that name may stand for it.

    Returns:
        The last part of the name that it got, and whether it is new there.
    """
    if overwrite:
        content.replace(target)
        return target.name, True
    for number in range(_NUMBERS):
        named = target
        if number:
            named = target.with_name(f"{target.stem} ({number}){target.suffix}")
        try:
            place_new(content, named)
        except FileExistsError:
            alike = not named.is_symlink() and filecmp.cmp(content, named, shallow=False)
            if alike and is_shared(named.name):
                content.unlink()
                return named.name, False
        else:
            return named.name, True
    raise ApiError(409, "Too many files have this name.", code="files.exists")
