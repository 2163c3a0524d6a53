"""Fetch the models of a manifest: resumed where it broke off, verified before it has a name.

The only place in weft that downloads, and only from the command line. A manifest may come from a
stranger: an address on the internet may not send us on to one on this machine or network.
"""

from __future__ import annotations

import http.client
import ipaddress
import re
import shutil
import socket
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import IO, Annotated

import pydantic
from filelock import FileLock, Timeout
from pydantic import BaseModel, ConfigDict, Field
from rich.progress import BarColumn, DownloadColumn, TextColumn, TransferSpeedColumn

from weft.diffusion.networks import FOLDERS
from weft.engine.errors import DocumentError, FileError
from weft.engine.files.hashes import sha256_of
from weft.engine.files.written_names import portable_problem
from weft.engine.graph.document import read_json, read_text
from weft.nodes.standard.folders import home

from . import say
from .live import Live

_CHUNK = 1 << 20
_TIMEOUT = 60  # seconds without a byte


class PullEntry(BaseModel):
    """One model of a manifest."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    kind: str
    name: str
    url: Annotated[str, Field(pattern=r"^https?://[^/]+/")]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    size: Annotated[int, Field(ge=1)]


class PullManifest(BaseModel):
    """A list of models to download."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    models: list[PullEntry]


def read_manifest(path: Path) -> PullManifest:
    """Read a manifest file.

    Raises:
        DocumentError: It is missing or has another shape; every wrong place is named.
        FileError: A kind is unknown, or a name would leave its folder.
    """
    data = read_json(read_text(path))
    try:
        manifest = PullManifest.model_validate(data)
    except pydantic.ValidationError as error:
        places = [
            f"{'.'.join(str(part) for part in e['loc'])}: {e['msg']}" for e in error.errors()[:20]
        ]
        raise DocumentError(
            f"{path} is no model manifest: {'; '.join(places)}.",
            code="document.manifest",
            hint='Each model has "kind", "name", "url", "sha256" and "size".',
        ) from error
    for entry in manifest.models:
        reason = portable_problem(entry.name)
        if entry.kind not in FOLDERS or reason is not None:
            raise FileError(
                f"{path}: {entry.kind}/{entry.name} cannot be a model's place: "
                f"{reason or 'there is no such kind'}.",
                code="files.bad_name",
                expected=f"a kind among {', '.join(FOLDERS)} and a relative name",
            )
    return manifest


def pull(manifest: PullManifest, root: Path) -> bool:
    """Fetch what is missing into `root/kind/name`; whether everything is there afterwards."""
    good = True
    with Live(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        transient=False,
    ) as live:
        progress = live.bars
        for entry in manifest.models:
            place = root / entry.kind / entry.name
            task = progress.add_task(f"{entry.kind}/{entry.name}", total=entry.size)
            try:
                with _alone(entry):
                    if place.exists():
                        _check_same(entry, place)
                        progress.update(task, completed=entry.size)
                    else:
                        _fetch(entry, place, partial(progress.advance, task))
                say.out(str(place))
            except (OSError, http.client.HTTPException, FileError) as error:
                say.err(f"error: {entry.kind}/{entry.name}: {error}")
                good = False
    return good


@contextmanager
def _alone(entry: PullEntry) -> Iterator[None]:
    """Let another `weft models pull` that fetches this content end first."""
    folder = home() / "locks"
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / f"{entry.sha256[:16]}.lock")
    try:
        lock.acquire(blocking=False)
    except Timeout:
        say.err(f"{entry.kind}/{entry.name}: waiting for another download of it")
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def _check_same(entry: PullEntry, place: Path) -> None:
    if sha256_of(place) != entry.sha256:
        raise FileError(
            f"{place} is there already, with another content.",
            code="files.exists",
            expected=f"sha256 {entry.sha256}",
            hint="Move it away, or give the model another name in the manifest.",
        )


def _fetch(entry: PullEntry, place: Path, advance: Callable[[int], None]) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    # Named by content, so that what another manifest left half done is never continued.
    part = place.with_name(f".{place.name}.{entry.sha256[:16]}.part")
    have = part.stat().st_size if part.exists() else 0
    if have > entry.size:
        part.unlink()
        have = 0
    advance(have)
    free = shutil.disk_usage(place.parent).free
    if free < entry.size - have:
        raise FileError(
            f"{entry.size - have} bytes are needed, {free} are free.", code="files.no_space"
        )
    if have < entry.size:
        _download_all(entry, part, have, advance)
    found = sha256_of(part)
    if part.stat().st_size != entry.size or found != entry.sha256:
        size = part.stat().st_size
        part.unlink()
        raise FileError(
            "The download does not match the manifest and was deleted.",
            code="files.wrong_content",
            expected=f"{entry.size} bytes, sha256 {entry.sha256}",
            got=f"{size} bytes, sha256 {found}",
            hint="Correct the hash or the address in the manifest.",
        )
    part.replace(place)


def _download_all(entry: PullEntry, part: Path, have: int, advance: Callable[[int], None]) -> None:
    """Download, and go on where a connection broke off as long as each one brings something."""
    while True:
        trouble: Exception | None = None
        try:
            if _download(entry, part, have, advance):
                return
        except (ConnectionError, TimeoutError, http.client.HTTPException) as error:
            trouble = error
        now = part.stat().st_size if part.exists() else 0
        if now <= have:
            raise FileError(
                f"The connection ended after {now} of {entry.size} bytes.",
                code="files.incomplete",
                hint="Run the command again; the download continues where it stopped.",
            ) from trouble
        have = now


def _download(entry: PullEntry, part: Path, have: int, advance: Callable[[int], None]) -> bool:
    """Download from byte `have` on; whether the answer came whole."""
    request = urllib.request.Request(entry.url)  # noqa: S310  (http or https by its pattern)
    if have:
        request.add_header("Range", f"bytes={have}-")
    try:
        opened = urllib.request.build_opener(_Redirects).open(request, timeout=_TIMEOUT)
    except urllib.error.HTTPError as error:
        error.close()
        if not have or error.code != http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            raise
        advance(-have)  # what is there now is shorter: from the beginning, then
        part.unlink()
        return _download(entry, part, 0, advance)
    with opened as answer:
        partial = answer.status == http.HTTPStatus.PARTIAL_CONTENT
        resumed = have > 0 and partial and _begins_at(answer, have)
        if partial and not resumed:
            raise FileError(
                "The server sent another part of the file than the requested one.",
                code="files.incomplete",
                expected=f"bytes from {have} on",
                got=str(answer.headers.get("Content-Range"))[:100],
                hint="Delete the .part file and run the command again.",
            )
        if have and not resumed:
            advance(-have)  # the server begins anew
        left = entry.size - (have if resumed else 0)
        with part.open("ab" if resumed else "wb") as file:
            # One byte more than announced is enough to know that it is another file.
            while left >= 0 and (chunk := answer.read(min(_CHUNK, left + 1))):
                file.write(chunk)
                left -= len(chunk)
                advance(len(chunk))
        return left < 0 or not answer.length  # what is still to come of the announced length


def _begins_at(answer: http.client.HTTPResponse, have: int) -> bool:
    found = re.match(r"bytes (\d+)-", answer.headers.get("Content-Range") or "")
    return found is not None and int(found[1]) == have


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows to http and https only, and from the internet to nowhere nearer."""

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        to = urllib.parse.urlsplit(newurl)
        near = _is_near(to.hostname) and not _is_near(urllib.parse.urlsplit(req.full_url).hostname)
        if to.scheme not in ("http", "https") or near:
            raise FileError(
                "The address redirects to one that downloads may not use.",
                code="files.bad_redirect",
                expected="http or https, outside this machine and its network",
                got=newurl[:200],
                hint="Put the target address into the manifest, if you trust it.",
            )
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _is_near(host: str | None) -> bool:
    """Whether a host is this machine or on its network; a name that only a proxy knows is not."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return False
    return not all(
        ipaddress.ip_address(str(each[4][0]).partition("%")[0]).is_global for each in found
    )
