"""Fuzz the readers with atheris, which is guided by coverage. Not part of the test run.

    pip install atheris
    python -m tests.fuzz.readers NAME CORPUS -max_total_time=300 -timeout=20 -rss_limit_mb=3000

NAME is one of `targets.TARGETS`. CORPUS is a folder that keeps interesting inputs between runs; it
is filled with seeds when it is empty. What it finds lies in the current folder as `crash-*`,
`timeout-*` or `oom-*`: put it into `tests/fuzz/found/` as `NAME-what-was-wrong`, and
`test_found.py` keeps it.
"""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import atheris  # type: ignore[import-not-found, import-untyped, unused-ignore]

with atheris.instrument_imports(include=["weft"]):
    from tests.fuzz import targets
    from weft.engine.share.bundle import Bundle
    from weft.engine.share.lock import Lock
    from weft.engine.workflows.workflow import Workflow

_GRAPHS = Path(__file__).parents[2] / "graphs"


def seeds() -> dict[str, list[bytes]]:
    """Something valid for each reader."""
    from PIL import Image
    from PIL.PngImagePlugin import PngInfo

    graphs = [path.read_bytes() for path in sorted(_GRAPHS.glob("*.json"))]
    small = b'{"nodes":{"a":{"type":"Float","inputs":{"value":1.5}}}}'
    comfy = b'{"1":{"class_type":"KSampler","inputs":{"seed":1,"model":["2",0]}}}'
    lock = (
        b'{"format":1,"runtime":{"weft":"1","numerics":"cpu"},"nodes":{},"models":[{"folder":'
        b'"loras","name":"a","sha256":"' + b"0" * 64 + b'","size":1}],"inputs":[]}'
    )
    parts = [b"weft-bundle.json", b'{"format":1}', b"workflow.json", small, b"lock.json", lock]
    info = PngInfo()
    info.add_text("weft", small.decode())
    info.add_text("weft_lock", lock.decode(), zip=True)
    info.add_itxt("prompt", comfy.decode(), zip=True)
    pictures = []
    for kind in ("PNG", "WEBP", "JPEG"):
        buffer = io.BytesIO()
        exif = Image.Exif()
        exif[0x010E] = json.dumps({"weft": small.decode()})
        exif[0x0110] = "prompt:" + comfy.decode()
        more = {"pnginfo": info} if kind == "PNG" else {}
        Image.new("RGB", (2, 2)).save(buffer, kind, exif=exif, **more)
        pictures.append(buffer.getvalue())
    head = (
        b'{"__metadata__":{"a":"b"},"lora_unet_a.lora_down.weight":'
        b'{"dtype":"F16","shape":[4,4],"data_offsets":[0,32]}}'
    )
    split = targets.SPLIT
    bundles = [
        Bundle(Workflow.from_json(json.loads(small)), Lock.model_validate_json(lock))
        for small in (small, graphs[0])
    ]
    png = [b"tEXtweft\0" + small, b"iTXtprompt\0\0\0\0\0" + comfy, b"eXIfMM\0*\0\0\0\x08\0\0"]
    return {
        "document": [*graphs, small, comfy],
        "bundle": [each.to_zip() for each in bundles],
        "zipped": [split.join(parts)],
        "chunks": [split.join(png)],
        "picture": pictures,
        "webp": [split.join([b"EXIF" + exif.tobytes()[6:], b"XMP <x/>"])],
        "jpeg": [split.join([b"\xe1" + exif.tobytes(), b"\xfecomment", b"\xedPhotoshop 3.0"])],
        "lock": [lock],
        "pair": [split.join([graphs[0], graphs[1]]), split.join([small, comfy])],
        "text": [
            b"a (red:1.2) [cat:dog:0.5] embedding:style <lora:a:1> AND b :0.5",
            b"IN=0.5, MID=1, OUT03=0",
            b"input_blocks.4. = 0.2",
            b'1..4,0..1..0.25,"a, b"',
        ],
        "model": [len(head).to_bytes(8, "little") + head + b"\0" * 32, b"GGUF\x03\0\0\0"],
        "header": [head],
        "manifest": [
            b'{"models":[{"kind":"loras","name":"a","url":"https://e/x","sha256":"'
            + b"0" * 64
            + b'","size":1}]}'
        ],
        "name": [b"a", b"../a", b"a/./b"],
    }


def main() -> None:
    """Fill the corpus, and begin."""
    known = {target.__name__: target for target in targets.TARGETS}
    if len(sys.argv) < 3 or sys.argv[1] not in known:
        sys.exit(f"usage: readers {{{','.join(known)}}} CORPUS [-libfuzzer=options]")
    name = sys.argv.pop(1)
    corpus = Path(sys.argv[1])
    corpus.mkdir(parents=True, exist_ok=True)
    if not any(corpus.iterdir()):
        for number, data in enumerate(seeds()[name]):
            (corpus / f"seed-{number}").write_bytes(data)
    atheris.Setup(sys.argv, lambda data: targets.run(known[name], data))
    atheris.Fuzz()


if __name__ == "__main__":
    main()
