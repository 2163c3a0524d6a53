"""The corpus: each file by a name that says what is wrong with it, made on demand."""

from __future__ import annotations

import hashlib
import io
import json
import struct
import zipfile
import zlib
from collections.abc import Callable
from typing import Any

Make = Callable[[], bytes]
PNG = b"\x89PNG\r\n\x1a\n"
GOOD = {"weft": 1, "nodes": {"a": {"type": "Float", "inputs": {"value": 1.0}}}}
RUNTIME = {"weft": "1", "numerics": "cpu"}
MARKUP = "<img src=x onerror=alert(1)>\u202e\u0000"


def text(data: Any) -> bytes:
    return json.dumps(data).encode()


def lock(**more: Any) -> dict[str, Any]:
    return {"format": 1, "runtime": RUNTIME, "nodes": {}, **more}


def zipped(files: dict[str, bytes] | None = None, *, raw: Any = None, **change: bytes) -> bytes:
    """A bundle that is right but for what is given."""
    parts = {
        "weft-bundle.json": b'{"format":1}',
        "workflow.json": text(GOOD),
        "lock.json": text(lock()),
        **{name.replace("_", ".").replace("..", "-"): body for name, body in change.items()},
        **(files or {}),
    }
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in parts.items():
            archive.writestr(name, body)
        if raw is not None:
            archive.writestr(raw, b"/etc/passwd")
    return buffer.getvalue()


def link() -> zipfile.ZipInfo:
    info = zipfile.ZipInfo("inputs/link.png")
    info.create_system = 3
    info.external_attr = 0o120777 << 16
    return info


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(*chunks: bytes, width: int = 1, height: int = 1) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = zlib.compress(b"\0\xff\0\0" * height)
    return (
        PNG + chunk(b"IHDR", header) + b"".join(chunks) + chunk(b"IDAT", data) + chunk(b"IEND", b"")
    )


def lying_zip() -> bytes:
    """The directory says that a member is small; it is not."""
    data = bytearray(zipped({"inputs/a.bin": b"x" * 50_000}))
    at = data.rfind(b"inputs/a.bin") - 46 + 24
    data[at : at + 4] = struct.pack("<I", 10)
    return bytes(data)


def forged() -> bytes:
    wanted = {"name": "a.png", "sha256": hashlib.sha256(b"other").hexdigest(), "size": 5}
    return zipped({"inputs/a.png": b"mine!"}, lock_json=text(lock(inputs=[wanted])))


def cyclic() -> bytes:
    inner = {"nodes": {"x": {"type": "sub:b", "inputs": {}}}}
    other = {"nodes": {"x": {"type": "sub:a", "inputs": {}}}}
    nodes = {"n": {"type": "sub:a", "inputs": {}}}
    return text({"weft": 1, "nodes": nodes, "subgraphs": {"sub:a": inner, "sub:b": other}})


def doubling() -> bytes:
    """Twenty-five subgraphs, each twice in the next one: 33 million nodes."""
    subgraphs = {
        f"s{n}": {
            "nodes": {
                side: {"type": f"s{n + 1}" if n < 24 else "Float", "inputs": {}} for side in "ab"
            }
        }
        for n in range(25)
    }
    return text({"weft": 1, "nodes": {"n": {"type": "s0", "inputs": {}}}, "subgraphs": subgraphs})


# Files that must be refused.
REFUSED: dict[str, Make] = {
    "empty": lambda: b"",
    "zeros": lambda: b"\0" * 10_000,
    "not utf-8": lambda: b'{"nodes": {"\xff\xfe": {}}}',
    "half a document": lambda: text(GOOD)[:-7],
    "a list": lambda: b"[1, 2]",
    "nested 100000 deep": lambda: b"[" * 100_000 + b"]" * 100_000,
    "objects 5000 deep": lambda: b'{"nodes":' * 5000 + b"1" + b"}" * 5000,
    "string beyond the limit": lambda: b'{"title": "' + b"x" * (65 << 20) + b'"}',
    "duplicate key": lambda: b'{"nodes": {"a": {"type": "Float"}, "a": {"type": "Int"}}}',
    "duplicate key behind many": lambda: (
        b"{" + b",".join(b'"k%d":0' % n for n in range(200_000)) + b',"k199999":1}'
    ),
    "nan": lambda: b'{"nodes": {"a": {"type": "Float", "inputs": {"value": NaN}}}}',
    "infinity": lambda: b'{"nodes": {"a": {"type": "Float", "inputs": {"value": -Infinity}}}}',
    "number beyond doubles": lambda: b'{"nodes": {"a": {"type": "F", "inputs": {"v": 1e999}}}}',
    "number of 5000 digits": lambda: b'{"weft": ' + b"1" * 5000 + b"}",
    "format of the future": lambda: b'{"weft": 99, "nodes": {}}',
    "format that is a text": lambda: text({"weft": "x" * 100_000, "nodes": {}}),
    "cyclic subgraphs": cyclic,
    "subgraphs that double": doubling,
    "zip, torn": lambda: zipped()[:-30],
    "zip, traversal": lambda: zipped({"inputs/../../evil.png": b"x"}),
    "zip, traversal without inputs": lambda: zipped({"../evil": b"x"}),
    "zip, absolute": lambda: zipped({"/tmp/evil": b"x"}),
    "zip, absolute below inputs": lambda: zipped({"inputs//etc/evil": b"x"}),
    "zip, drive": lambda: zipped({"inputs/C:evil": b"x"}),
    "zip, backslashes": lambda: zipped({"inputs/..\\..\\evil": b"x"}),
    "zip, control characters": lambda: zipped({"inputs/a\x1b[31m.png": b"x"}),
    "zip, reserved name": lambda: zipped({"inputs/con.png": b"x"}),
    "zip, lookalike dots": lambda: zipped({"inputs/\u2025/x": b"x"}),
    "zip, symbolic link": lambda: zipped(raw=link()),
    "zip, bomb": lambda: zipped({"inputs/bomb.bin": b"\0" * (80 << 20)}),
    "zip, member larger than said": lying_zip,
    "zip, no manifest": lambda: zipped(**{"weft__bundle_json": b"null"}),
    "zip, manifest with more": lambda: zipped({"weft-bundle.json": b'{"format":1,"run":"x"}'}),
    "zip, lock is no lock": lambda: zipped(lock_json=b'{"models": "all"}'),
    "zip, lock with a bad hash": lambda: zipped(
        lock_json=text(lock(inputs=[{"name": "a", "sha256": "../../x", "size": 1}]))
    ),
    "zip, forged hash": forged,
    "zip, input that the lock does not know": lambda: zipped({"inputs/a.png": b"x"}),
    "zip, other files": lambda: zipped({"setup.py": b"import os"}),
    "zip, workflow with nan": lambda: zipped(workflow_json=b'{"nodes": {"a": NaN}}'),
    "png, no workflow": png,
    "png, torn": lambda: png(chunk(b"tEXt", b"weft\0" + text(GOOD)))[:60],
    "png, bundle twice": lambda: png(chunk(b"weFt", zipped()), chunk(b"weFt", zipped())),
    "png, bundle that is none": lambda: png(chunk(b"weFt", b"hello")),
    "png, wrong checksum of the bundle": lambda: png(chunk(b"weFt", zipped())[:-1] + b"\0"),
    "png, text bomb": lambda: png(chunk(b"zTXt", b"weft\0\0" + zlib.compress(b"\0" * (70 << 20)))),
    "png, international text bomb": lambda: png(
        chunk(b"iTXt", b"weft\0\1\0\0\0" + zlib.compress(b"[" * (70 << 20)))
    ),
    "png, workflow is no json": lambda: png(chunk(b"tEXt", b"weft\0" + b"<script>")),
    "png, huge without a workflow": lambda: png(width=60_000, height=60_000),
    "png, damaged exif": lambda: png(chunk(b"eXIf", b"MM\0*\xff\xff\xff\xff")),
    "jpeg, header only": lambda: b"\xff\xd8\xff\xe0",
    "webp, header only": lambda: b"RIFF\xff\xff\xff\xffWEBPVP8X",
    "lone surrogates": lambda: b'{"nodes": {"\\ud800": {"type": "\\udfff", "title": "\\ud800"}}}',
    "markup as an id": lambda: text({"nodes": {MARKUP: {"type": "Float", "inputs": {}}}}),
    "pickle": lambda: b"\x80\x04\x95\x10\0\0\0\0\0\0\0\x8c\x05posix\x8c\x06system\x93.",
    "svg": lambda: b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
}

# Files that are odd and harmless: what they say is text and stays text.
KEPT: dict[str, Make] = {
    "markup in every text": lambda: text(
        {
            "weft": 1,
            "title": MARKUP,
            "description": MARKUP,
            "nodes": {
                "a": {"type": "Float", "title": MARKUP, "inputs": {"value": MARKUP}},
                "u": {"type": MARKUP, "inputs": {"x": [MARKUP, {MARKUP: 1}]}},
            },
        }
    ),
    "bundle with markup": lambda: zipped(
        {
            "weft-bundle.json": text(
                {"format": 1, "title": MARKUP, "author": MARKUP, "license": MARKUP}
            )
        }
    ),
    "keys of python and javascript": lambda: text(
        {"nodes": {"__proto__": {"type": "__class__", "inputs": {"constructor": {"__init__": 1}}}}}
    ),
    "huge picture with a workflow": lambda: png(
        chunk(b"tEXt", b"weft\0" + text(GOOD)), width=9000, height=9000
    ),
    "long chain": lambda: text(
        {
            "nodes": {
                f"n{n}": {"type": "Unknown", "inputs": {"a": {"link": f"n{n - 1}.value"}}}
                for n in range(5000)
            }
        }
    ),
}
