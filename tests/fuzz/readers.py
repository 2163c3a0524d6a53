"""Fuzz the readers with atheris, which is guided by coverage. Not part of the test run.

    pip install atheris
    python -m tests.fuzz.readers CORPUS -max_total_time=1800 -timeout=20 -rss_limit_mb=3000

CORPUS is a folder that keeps interesting inputs between runs; it is filled with seeds when it is
empty. The first byte of an input chooses the reader. What it finds lies in the current folder as
`crash-*`, `timeout-*` or `oom-*`: put the bytes behind the first into `tests/fuzz/found/` under the
name of the reader, `document-what-was-wrong`, and `test_found.py` keeps it.
"""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import atheris  # type: ignore[import-not-found]

with atheris.instrument_imports(include=["weft"]):
    from tests.fuzz import targets

_GRAPHS = Path(__file__).parents[2] / "graphs"


def one(data: bytes) -> None:
    """Choose a reader, and let it read."""
    if data:
        target = targets.TARGETS[data[0] % len(targets.TARGETS)]
        targets.run(target, data[1:])


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
    split = b"\xfe\xff"
    png = [b"tEXtweft\0" + small, b"iTXtprompt\0\0\0\0\0" + comfy, b"eXIfMM\0*\0\0\0\x08\0\0"]
    return {
        "document": [*graphs, small, comfy],
        "bundle": [],
        "zipped": [split.join(parts)],
        "chunks": [split.join(png)],
        "picture": pictures,
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
    if len(sys.argv) > 1 and not sys.argv[1].startswith("-"):
        corpus = Path(sys.argv[1])
        corpus.mkdir(parents=True, exist_ok=True)
        if not any(corpus.iterdir()):
            for number, target in enumerate(targets.TARGETS):
                for each, data in enumerate(seeds()[target.__name__]):
                    (corpus / f"{target.__name__}-{each}").write_bytes(bytes([number]) + data)
    atheris.Setup(sys.argv, one)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
