"""The bundle: a workflow, its lock, its input files and its image in one file.

Two shapes of the same content. `x.weft.zip` is an ordinary zip. `x.weft.png` is the picture itself,
as every program shows it, with that zip in a chunk of its own (`weFt`: ancillary, private, safe to
copy). Equal content gives equal bytes: no dates, fixed order, fixed compression.

Bundles come from strangers. Sizes are checked before anything is unpacked, names never leave the
bundle's own folder, and what does not match its digest in the lock is refused. Inputs are unpacked
one at a time, when they are asked for.
"""

from __future__ import annotations

import io
import json
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ..errors import FileError
from ..files.written_names import portable_problem
from ..graph.document import dump, parse, read_json
from ..workflows.workflow import Workflow
from .lock import Lock
from .packed import MAX_FILES, MAX_UNPACKED, PackedBundle, PackedInputs, Source, is_input, refuse

PNG = b"\x89PNG\r\n\x1a\n"
CHUNK = b"weFt"
MANIFEST, WORKFLOW, LOCK, PICTURE, INPUTS = (
    "weft-bundle.json",
    "workflow.json",
    "lock.json",
    "picture.png",
    "inputs/",
)
MAX_BYTES = 512 * 2**20
"""Bytes of the file; what it unpacks to is bounded in `packed`."""
MAX_CHUNKS, MAX_PIXEL_CHUNKS = 5000, 200_000
_NO_DATE = (1980, 1, 1, 0, 0, 0)


class Manifest(BaseModel):
    """The description of a bundle: title, author, license.

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
            FileError: `share.too_large`: nobody could open it. `share.bad_name`: an input has a
                name that not every system can have.
        """
        for name in self.inputs:
            if reason := portable_problem(name):
                raise refuse("bad_name", f'the input "{name[:200]}" cannot be shared: {reason}')
        files = {
            MANIFEST: _text(self.manifest.model_dump(exclude_none=True)),
            WORKFLOW: _text(dump(self.workflow.document)),
            LOCK: _text(self.lock.model_dump(exclude_none=True)),
        }
        if with_picture and self.picture is not None:
            files[PICTURE] = self.picture
        files |= {INPUTS + name: self.inputs[name] for name in sorted(self.inputs)}
        whole = sum(map(len, files.values())) + (len(self.picture or b"") * (not with_picture))
        _check_whole(whole, len(files))
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
        """The bundle as an image.

        Raises:
            FileError: It has no picture.
        """
        if self.picture is None:
            raise FileError(
                "A bundle without an image cannot be a PNG file.",
                code="share.no_picture",
                hint="Write it as .weft.zip.",
            )
        body = self.to_zip(with_picture=False)
        chunks = [c for c in png_chunks(self.picture) if c[0] != CHUNK]
        at = next(i for i, (kind, _) in enumerate(chunks) if kind == b"IDAT")
        chunks.insert(at, (CHUNK, body))
        return png_bytes(chunks)


def inputs_of(lock: Lock, find: Callable[[str], Path]) -> dict[str, bytes]:
    """The input files that a lock names, to be packed.

    Args:
        lock: Made for the files that are here.
        find: Path of an input file.

    Raises:
        FileError: `share.too_large`: nobody could open the bundle; nothing was read.
    """
    _check_whole(sum(each.size for each in lock.inputs), len(lock.inputs))
    return {each.name: find(each.name).read_bytes() for each in lock.inputs}


def _check_whole(size: int, count: int) -> None:
    if size > MAX_UNPACKED or count > MAX_FILES:
        raise FileError(
            "The inputs and the image are too large for a bundle.",
            code="share.too_large",
            expected=f"at most {MAX_UNPACKED} bytes and {MAX_FILES} files",
            got=f"{size} bytes in {count} files",
            hint="Leave the image out, or use smaller inputs.",
        )


def read_bundle(path: Path) -> Bundle:
    """Read a bundle of either shape.

    Its inputs are read from the file when they are asked for, so it must stay there.

    Raises:
        FileError: `share.not_a_bundle`, `share.damaged`, `share.too_large`, `share.bad_name` or
            `share.forged`; nothing was written.
        DocumentError: Its workflow cannot be read.
    """
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise refuse("too_large", f"{path.name} is larger than {MAX_BYTES} bytes")
        return _read(lambda: path.open("rb"), size, path.name)
    except OSError as error:
        raise FileError(
            f"{path} cannot be read: {error.strerror or error}.", code="files.unreadable"
        ) from error


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
    return _read(lambda: io.BytesIO(data), len(data), name)


def _read(opened: Callable[[], BinaryIO], size: int, name: str) -> Bundle:
    with opened() as file:
        head = file.read(len(PNG))
        picture, start = None, 0
        if head == PNG:
            file.seek(0)
            start, size, picture = _inside(file, size, name)
    beside = len(picture) if picture is not None else 0
    packed = PackedBundle(Source(opened, start, size, name), _is_known, beside=beside)
    if MANIFEST not in packed:
        raise refuse("not_a_bundle", f"{name} is no weft bundle")
    try:
        manifest = Manifest.model_validate(read_json(packed.text(MANIFEST)))
        lock = Lock.model_validate(read_json(packed.text(LOCK)))
    except ValidationError as error:
        places = [".".join(map(str, e["loc"])) or "it" for e in error.errors()[:5]]
        raise refuse(
            "damaged", f"{name}: these entries are invalid: {', '.join(places)}"
        ) from error
    workflow = Workflow(parse(read_json(packed.text(WORKFLOW))))
    inputs = [n.removeprefix(INPUTS) for n in packed.names if n.startswith(INPUTS)]
    known = {each.name: each.sha256 for each in lock.inputs}
    for each in inputs:  # only what the lock names is unpacked at all
        if each not in known or packed.sha256(INPUTS + each) != known[each]:
            raise refuse("forged", f'{name}: the input "{each[:200]}" differs from the lock')
    if picture is None and PICTURE in packed:
        picture = packed.read(PICTURE)
    return Bundle(workflow, lock, PackedInputs(packed, INPUTS, inputs), picture, manifest)


def _is_known(name: str) -> bool:
    return name in (MANIFEST, WORKFLOW, LOCK, PICTURE) or is_input(name, INPUTS)


def _inside(file: BinaryIO, size: int, name: str) -> tuple[int, int, bytes]:
    """Where in a picture its bundle lies, how long that is, and the picture without it."""
    found: list[tuple[int, int]] = []
    bare = [PNG]
    left = MAX_UNPACKED
    for kind, at, length in _places(file, size, name):
        if kind == CHUNK:
            found.append((at, length))
            continue
        left -= length + 12
        if left < 0:
            raise refuse("too_large", f"{name} is an image that is too large")
        file.seek(at - 8)
        bare.append(file.read(length + 12))
    if len(found) != 1:
        raise refuse("not_a_bundle", f"{name} is an image without a bundle")
    (place,) = found
    return *place, b"".join(bare)


def unpack_inputs(bundle: Bundle, folder: Path) -> None:
    """Write the input files of a bundle below a folder; their names were checked."""
    for name, content in bundle.inputs.items():
        assert portable_problem(name) is None
        target = folder.joinpath(*name.split("/"))
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)


# -- png ------------------------------------------------------------------------------------------


def png_chunks(data: bytes, name: str = "the image") -> list[tuple[bytes, bytes]]:
    """Type and body of every chunk of a PNG, up to IEND.

    Raises:
        FileError: `share.damaged`: it is torn, or a checksum is wrong.
    """
    file = io.BytesIO(data)
    return [(kind, data[at : at + length]) for kind, at, length in _places(file, len(data), name)]


def _places(file: BinaryIO, size: int, name: str) -> Iterator[tuple[bytes, int, int]]:
    """Kind, place and length of the body of each chunk of a PNG up to IEND, checksums right."""
    if file.read(len(PNG)) != PNG:
        raise refuse("damaged", f"{name} is no PNG")
    at, pixels, others = len(PNG), 0, 0
    while at + 12 <= size:
        file.seek(at)
        length, kind = struct.unpack(">I4s", file.read(8))
        if at + 12 + length > size:
            break
        checksum, left = zlib.crc32(kind), length
        while left and (some := file.read(min(left, 2**20))):
            checksum, left = zlib.crc32(some, checksum), left - len(some)
        if file.read(4) != struct.pack(">I", checksum):
            raise refuse("damaged", f"{name}: a checksum is wrong")
        pixels, others = pixels + (kind == b"IDAT"), others + (kind != b"IDAT")
        if pixels > MAX_PIXEL_CHUNKS or others > MAX_CHUNKS:
            raise refuse("too_large", f"{name} has too many chunks")
        yield kind, at + 8, length
        if kind == b"IEND":
            if not pixels:
                break
            return
        at += 12 + length
    raise refuse("damaged", f"{name} is truncated")


def png_bytes(chunks: list[tuple[bytes, bytes]]) -> bytes:
    """A PNG of chunks."""
    parts = [PNG]
    for kind, body in chunks:
        parts.append(struct.pack(">I", len(body)) + kind + body)
        parts.append(struct.pack(">I", zlib.crc32(body, zlib.crc32(kind))))
    return b"".join(parts)


def _text(data: Any) -> bytes:
    return (json.dumps(data, indent=2, ensure_ascii=False) + "\n").encode()
