"""The bundle: a workflow, its lock, its input files and its picture in one file.

Two shapes of the same content. `x.weft.zip` is an ordinary zip. `x.weft.png` is the picture itself,
as every program shows it, with that zip in a chunk of its own (`weFt`: ancillary, private, safe to
copy). Equal content gives equal bytes: no dates, fixed order, fixed compression.

Bundles come from strangers. Sizes are checked before anything is unpacked, names never leave the
bundle's own folder, and what does not match its digest in the lock is refused.
"""

from __future__ import annotations

import hashlib
import io
import json
import struct
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ..errors import FileError
from ..files.written_names import portable_problem
from ..graph.document import dump, parse, read_json
from ..workflows.workflow import Workflow
from .lock import Lock

PNG = b"\x89PNG\r\n\x1a\n"
CHUNK = b"weFt"
MANIFEST, WORKFLOW, LOCK, PICTURE, INPUTS = (
    "weft-bundle.json",
    "workflow.json",
    "lock.json",
    "picture.png",
    "inputs/",
)
MAX_FILES = 10_000
MAX_BYTES = 2 * 2**30
MAX_TEXT = 64 * 2**20
FREE_BYTES = 64 * 2**20  # what a bundle may unpack to however well it is packed
MAX_RATIO = 100  # pictures do not shrink; what shrinks further is made to burst
_NO_DATE = (1980, 1, 1, 0, 0, 0)


class Manifest(BaseModel):
    """What a bundle says of itself.

    Attributes:
        format: Of the bundle.
        title: For people.
        author: Who made it, in their own words.
        license: Under which the workflow and its inputs may be used, in the author's words.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal[1] = 1
    title: str | None = Field(default=None, max_length=1000)
    author: str | None = Field(default=None, max_length=1000)
    license: str | None = Field(default=None, max_length=10_000)


@dataclass(frozen=True)
class Bundle:
    """A workflow with all that it needs except its models.

    Attributes:
        workflow: As it ran: lists read, seeds drawn.
        lock: What it was made with.
        inputs: Input files by name.
        picture: What it gives, as PNG; None if the author left it out.
        manifest: Title, author, licence.
    """

    workflow: Workflow
    lock: Lock
    inputs: Mapping[str, bytes] = field(default_factory=dict)
    picture: bytes | None = None
    manifest: Manifest = field(default_factory=Manifest)

    def to_zip(self, *, with_picture: bool = True) -> bytes:
        """The bundle as a zip file.

        Raises:
            FileError: `share.bad_name`: an input has a name that not every system can have.
        """
        for name in self.inputs:
            if reason := portable_problem(name):
                raise _refuse("bad_name", f'the input "{name[:200]}" cannot be shared: {reason}')
        files = {
            MANIFEST: _text(self.manifest.model_dump(exclude_none=True)),
            WORKFLOW: _text(dump(self.workflow.document)),
            LOCK: _text(self.lock.model_dump(exclude_none=True)),
        }
        if with_picture and self.picture is not None:
            files[PICTURE] = self.picture
        files |= {INPUTS + name: self.inputs[name] for name in sorted(self.inputs)}
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
            for name, content in files.items():
                info = zipfile.ZipInfo(name, _NO_DATE)
                info.compress_type = zipfile.ZIP_DEFLATED
                info.create_system = 3  # the same bytes on every system
                info.external_attr = 0o644 << 16
                archive.writestr(info, content)
        return buffer.getvalue()

    def to_png(self) -> bytes:
        """The bundle as a picture.

        Raises:
            FileError: It has no picture.
        """
        if self.picture is None:
            raise FileError(
                "A bundle without a picture cannot be a picture.",
                code="share.no_picture",
                hint="Write it as .weft.zip.",
            )
        body = self.to_zip(with_picture=False)
        chunks = [c for c in png_chunks(self.picture) if c[0] != CHUNK]
        at = next(i for i, (kind, _) in enumerate(chunks) if kind == b"IDAT")
        chunks.insert(at, (CHUNK, body))
        return png_bytes(chunks)


def read_bundle(path: Path) -> Bundle:
    """Read a bundle of either shape.

    Raises:
        FileError: `share.not_a_bundle`, `share.damaged`, `share.too_large`, `share.bad_name` or
            `share.forged`; nothing was written.
        DocumentError: Its workflow cannot be read.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise _refuse("too_large", f"{path.name} is larger than {MAX_BYTES} bytes")
        data = path.read_bytes()
    except OSError as error:
        raise FileError(
            f"{path} cannot be read: {error.strerror or error}.", code="files.unreadable"
        ) from error
    return parse_bundle(data, path.name)


def is_bundle(file: BinaryIO) -> bool:
    """Whether a file looks like a bundle of either shape: a zip, or a PNG with the chunk.

    Args:
        file: From its beginning; it is left anywhere.
    """
    head = file.read(len(PNG))
    if head.startswith(b"PK\x03\x04"):
        return True
    if head != PNG:
        return False
    for _ in range(MAX_FILES):  # of a stranger's endless chunks, enough were looked at
        start = file.read(8)
        if len(start) < 8 or start[4:] in (b"IDAT", b"IEND"):
            return False
        if start[4:] == CHUNK:
            return True
        file.seek(int.from_bytes(start[:4], "big") + 4, 1)
    return False


def parse_bundle(data: bytes, name: str = "the bundle") -> Bundle:
    """A bundle from its bytes. As `read_bundle`."""
    picture = None
    if data.startswith(PNG):
        chunks = png_chunks(data, name)
        found = [body for kind, body in chunks if kind == CHUNK]
        if len(found) != 1:
            raise _refuse("not_a_bundle", f"{name} is a picture without a bundle in it")
        picture = png_bytes([c for c in chunks if c[0] != CHUNK])
        data = found[0]
    files = _unzip(data, name)
    if MANIFEST not in files:
        raise _refuse("not_a_bundle", f"{name} is no weft bundle")
    try:
        manifest = Manifest.model_validate(read_json(files[MANIFEST]))
        lock = Lock.model_validate(read_json(files.get(LOCK, b"null")))
    except ValidationError as error:
        places = [".".join(map(str, e["loc"])) or "it" for e in error.errors()[:5]]
        raise _refuse("damaged", f"{name}: what is said of {', '.join(places)} is wrong") from error
    workflow = Workflow(parse(read_json(files.get(WORKFLOW, b"null"))))
    inputs = {n.removeprefix(INPUTS): c for n, c in files.items() if n.startswith(INPUTS)}
    known = {each.name: each for each in lock.inputs}
    for each, content in inputs.items():
        if each not in known or hashlib.sha256(content).hexdigest() != known[each].sha256:
            raise _refuse("forged", f'{name}: the input "{each[:200]}" is not what the lock says')
    return Bundle(workflow, lock, inputs, picture or files.get(PICTURE), manifest)


def unpack_inputs(bundle: Bundle, folder: Path) -> None:
    """Write the input files of a bundle below a folder; their names were checked."""
    for name, content in bundle.inputs.items():
        assert portable_problem(name) is None
        target = folder.joinpath(*name.split("/"))
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)


# -- zip ------------------------------------------------------------------------------------------


def _unzip(data: bytes, name: str) -> dict[str, bytes]:
    """Files of a zip by name, all limits checked before and while unpacking."""
    files: dict[str, bytes] = {}
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
            whole = sum(m.file_size for m in members)
            burst = whole > FREE_BYTES and whole > MAX_RATIO * len(data)
            if len(members) > MAX_FILES or whole > MAX_BYTES or burst:
                raise _refuse("too_large", f"{name} unpacks to too much")
            for member in members:
                _check_member(member, name)
                if member.filename in files:
                    raise _refuse("damaged", f"{name} holds {member.filename[:100]!r} twice")
                limit = member.file_size
                with archive.open(member) as file:
                    content = file.read(limit + 1)
                if len(content) > limit:  # the header lied
                    raise _refuse("too_large", f"{name}: {member.filename[:100]!r} goes on and on")
                files[member.filename] = content
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, struct.error) as error:
        raise _refuse("damaged", f"{name} is no whole zip file: {error}") from error
    except (NotImplementedError, RuntimeError) as error:  # other methods, encryption
        raise _refuse("damaged", f"{name} cannot be unpacked: {error}") from error
    return files


def _check_member(member: zipfile.ZipInfo, name: str) -> None:
    kind = (member.external_attr >> 16) & 0o170000
    inner = member.filename.removeprefix(INPUTS)
    allowed = member.filename in (MANIFEST, WORKFLOW, LOCK, PICTURE) or (
        member.filename.startswith(INPUTS) and portable_problem(inner) is None
    )
    if not allowed or kind not in (0, 0o100000):
        raise _refuse("bad_name", f"{name} holds {member.filename[:100]!r}, which cannot be")
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise _refuse("damaged", f"{name} is packed in a way that bundles are not")
    is_text = member.filename in (MANIFEST, WORKFLOW, LOCK)
    if is_text and member.file_size > MAX_TEXT:
        raise _refuse("too_large", f"{name}: {member.filename} is larger than {MAX_TEXT} bytes")


# -- png ------------------------------------------------------------------------------------------


def png_chunks(data: bytes, name: str = "the picture") -> list[tuple[bytes, bytes]]:
    """Type and body of every chunk of a PNG, up to IEND.

    Raises:
        FileError: `share.damaged`: it is torn, or a checksum is wrong.
    """
    chunks: list[tuple[bytes, bytes]] = []
    at = len(PNG)
    if not data.startswith(PNG):
        raise _refuse("damaged", f"{name} is no PNG")
    while at + 12 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        body = data[at + 8 : at + 8 + length]
        end = at + 12 + length
        if end > len(data):
            break
        (checksum,) = struct.unpack_from(">I", data, at + 8 + length)
        if zlib.crc32(body, zlib.crc32(kind)) != checksum:
            raise _refuse("damaged", f"{name}: a checksum is wrong")
        chunks.append((kind, body))
        if kind == b"IEND":
            if not any(k == b"IDAT" for k, _ in chunks):
                break
            return chunks
        at = end
    raise _refuse("damaged", f"{name} ends early")


def png_bytes(chunks: list[tuple[bytes, bytes]]) -> bytes:
    """A PNG of chunks."""
    parts = [PNG]
    for kind, body in chunks:
        parts.append(struct.pack(">I", len(body)) + kind + body)
        parts.append(struct.pack(">I", zlib.crc32(body, zlib.crc32(kind))))
    return b"".join(parts)


def _text(data: Any) -> bytes:
    return (json.dumps(data, indent=2, ensure_ascii=False) + "\n").encode()


def _refuse(code: str, reason: str) -> FileError:
    return FileError(
        f"{reason}.", code=f"share.{code}", hint="Ask for it again, or for another copy."
    )
