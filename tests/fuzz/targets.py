"""What is fuzzed: each takes bytes, and may only return or refuse with an error of weft's own."""

from __future__ import annotations

import io
import json
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

from weft.cli.pull import read_manifest
from weft.diffusion import DiffusionError, inspect_file
from weft.diffusion.pictures.texts import read_texts, strip_texts
from weft.engine.errors import WeftError
from weft.engine.files.digest import FileDigests
from weft.engine.files.paths import find_under
from weft.engine.graph.document import dumps, read_json
from weft.engine.graph.expand import expand
from weft.engine.graph.workflow import Workflow
from weft.engine.share.bundle import PNG, Bundle, parse_bundle
from weft.engine.share.check import check
from weft.engine.validate import validate
from weft.nodes.shared_file import SharedFile, open_shared
from weft.nodes.standard import standard_registry, standard_workspace

REGISTRY = standard_registry(packs=False)
FOLDER = Path(tempfile.mkdtemp(prefix="weft-fuzz-"))
WORKSPACE = standard_workspace(output=FOLDER / "out")
SHA = FileDigests(None, "sha256").digest
REFUSALS = (WeftError, DiffusionError)
_SPLIT = b"\xfe\xff"


def document(data: bytes) -> None:
    """A workflow file of any format: read, checked, written, read again."""
    workflow = Workflow.from_json(read_json(data), REGISTRY)
    _use(SharedFile(workflow))


def bundle(data: bytes) -> None:
    """A bundle of either shape."""
    _use(parse_bundle(data))


def zipped(data: bytes) -> None:
    """A whole zip of parts: name, content, name, content, ..."""
    parts = data.split(_SPLIT)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in zip(parts[::2], parts[1::2], strict=False):
            info = zipfile.ZipInfo(name.decode("utf-8", "replace") or "x")
            archive.writestr(info, content)
    _use(parse_bundle(buffer.getvalue()))


def chunks(data: bytes) -> None:
    """A PNG whose checksums are right: kind and content of a chunk, again and again."""
    header = struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)
    made = [(b"IHDR", header)]
    made += [(part[:4].ljust(4, b"a"), part[4:]) for part in data.split(_SPLIT)]
    made += [(b"IDAT", zlib.compress(b"\0\0\0\0")), (b"IEND", b"")]
    whole = PNG + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in made
    )
    picture(whole)


def picture(data: bytes) -> None:
    """A picture: its texts, a copy without them, the workflow in it."""
    path, bare = FOLDER / "picture", FOLDER / "bare"
    path.write_bytes(data)
    texts = read_texts(path)
    strip_texts(path, bare)
    left = read_texts(bare)
    assert "weft" not in left, texts
    assert "prompt" not in left, texts
    _use(open_shared(path, REGISTRY))


def model(data: bytes) -> None:
    """A model file, by its header."""
    path = FOLDER / "model.safetensors"
    path.write_bytes(data)
    inspect_file(path)


def header(data: bytes) -> None:
    """A safetensors file of this header, and whatever tensors it asks for within reason."""
    model(len(data).to_bytes(8, "little") + data + b"\0" * 64)


def manifest(data: bytes) -> None:
    """A list of models to fetch."""
    path = FOLDER / "manifest.json"
    path.write_bytes(data)
    for entry in read_manifest(path).models:
        place = (FOLDER / "m" / entry.kind / entry.name).resolve()
        assert place.is_relative_to((FOLDER / "m").resolve())


def name(data: bytes) -> None:
    """A name of a file: whatever is found lies below its folder."""
    root = FOLDER / "names"
    (root / "a").mkdir(parents=True, exist_ok=True)
    found = find_under(root, data.decode("utf-8", "replace"), follow_links=False)
    assert found is None or found.resolve().is_relative_to(root.resolve())


TARGETS: tuple[Callable[[bytes], None], ...] = (
    document,
    bundle,
    zipped,
    chunks,
    picture,
    model,
    header,
    manifest,
    name,
)


def run(target: Callable[[bytes], None], data: bytes) -> Exception | None:
    """Give it the bytes; the refusal, if it refused. Any other error comes out."""
    try:
        target(data)
    except REFUSALS as error:
        json.dumps(error.to_json()) if isinstance(error, WeftError) else str(error)
        assert len(str(error)) < 20_000  # nobody reads more, and a log should not hold it
        return error
    return None


def _use(shared: SharedFile | Bundle) -> None:
    workflow = shared.workflow
    text = dumps(workflow.document)
    again = Workflow.from_json(read_json(text.encode()), REGISTRY)
    assert dumps(again.document) == text
    expand(workflow.document)
    validate(workflow.document, REGISTRY)
    report = check(
        workflow.document,
        shared.lock,
        REGISTRY,
        WORKSPACE,
        None,
        sha256=SHA,
        bundled=shared.inputs,
    )
    json.dumps(report.to_json())
