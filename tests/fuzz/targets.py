"""What is fuzzed: each takes bytes, and may only return or refuse with an error of weft's own."""

from __future__ import annotations

import contextlib
import io
import json
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

from PIL import Image

from weft.cli.pull import read_manifest
from weft.diffusion import DiffusionError, inspect_file
from weft.diffusion.patches.lora.blocks import parse_block_weights
from weft.diffusion.patches.merge import parse_ratios
from weft.diffusion.pictures.texts import read_texts, strip_texts
from weft.diffusion.text.prompt import parse_prompt
from weft.diffusion.text.prompt_schedule import read_schedule, split_composition
from weft.engine.errors import WeftError
from weft.engine.files.digest import FileDigests
from weft.engine.files.paths import find_under
from weft.engine.graph.diff import difference
from weft.engine.graph.document import dumps, read_json
from weft.engine.graph.expand import expand
from weft.engine.graph.sweep_values import parse_values
from weft.engine.share.bundle import PNG, Bundle, parse_bundle
from weft.engine.share.check import check
from weft.engine.validate import validate
from weft.engine.workflows.workflow import Workflow
from weft.nodes.shared_file import SharedFile, lock_text, open_shared
from weft.nodes.standard.folders import standard_workspace
from weft.nodes.standard.registry import standard_registry

REGISTRY = standard_registry(packs=False)
FOLDER = Path(tempfile.mkdtemp(prefix="weft-fuzz-"))
WORKSPACE = standard_workspace(output=FOLDER / "out")
SHA = FileDigests(None, "sha256").digest
REFUSALS = (WeftError, DiffusionError)
SPLIT = b"\xfe\xff"
_SMALL = b'{"nodes":{"a":{"type":"Float","inputs":{"value":1.5}}}}'


def _encoded(kind: str) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (2, 2)).save(buffer, kind)
    return buffer.getvalue()


_WEBP, _JPEG = _encoded("WEBP"), _encoded("JPEG")


def document(data: bytes) -> None:
    """A workflow file of any format: read, checked, written, read again."""
    workflow = Workflow.from_json(read_json(data), REGISTRY)
    _use(SharedFile(workflow))


def bundle(data: bytes) -> None:
    """A bundle of either shape."""
    _use(parse_bundle(data))


def zipped(data: bytes) -> None:
    """A whole zip of parts: name, content, name, content, ..."""
    parts = data.split(SPLIT)
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
    made += [(part[:4].ljust(4, b"a"), part[4:]) for part in data.split(SPLIT)]
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


def webp(data: bytes) -> None:
    """A WebP file whose lengths are right: kind and content of a chunk, again and again."""
    canvas = b"VP8X" + struct.pack("<I", 10) + b"\x0c\0\0\0\1\0\0\1\0\0"
    rest = _WEBP[12:]
    for part in data.split(SPLIT):
        body = part[4:]
        rest += part[:4].ljust(4) + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)
    picture(b"RIFF" + struct.pack("<I", 4 + len(canvas + rest)) + b"WEBP" + canvas + rest)


def jpeg(data: bytes) -> None:
    """A JPEG file whose lengths are right: marker and content of a segment, again and again."""
    segments = b""
    for part in data.split(SPLIT):
        body = part[1:65_000]
        segments += b"\xff" + (part[:1] or b"\xfe") + struct.pack(">H", len(body) + 2) + body
    picture(_JPEG[:2] + segments + _JPEG[2:])


def lock(data: bytes) -> None:
    """A lock that came with a harmless workflow."""
    found = lock_text({"weft_lock": data.decode("utf-8", "replace")})
    _use(SharedFile(Workflow.from_json(json.loads(_SMALL)), found))


def pair(data: bytes) -> None:
    """Two workflows that somebody compares."""
    one, _, other = data.partition(SPLIT)
    before, after = (
        Workflow.from_json(read_json(each), REGISTRY).document for each in (one, other)
    )
    for change in difference(before, after, layout=True):
        json.dumps(change.to_json())
        assert len(str(change)) < 20_000


def text(data: bytes) -> None:
    """What stands in the text fields of a workflow and has rules of its own."""
    words = data.decode("utf-8", "replace")
    for read in (
        lambda: parse_prompt(words),
        lambda: parse_prompt(words, square_brackets=True),
        lambda: read_schedule(words),
        lambda: split_composition(words),
        lambda: parse_block_weights(words),
        lambda: parse_ratios(words),
        lambda: parse_values(words),
    ):
        with contextlib.suppress(*REFUSALS):
            read()


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
    webp,
    jpeg,
    lock,
    pair,
    text,
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
