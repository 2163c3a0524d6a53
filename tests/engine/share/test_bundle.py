"""Bundles: equal content gives equal bytes, and what a stranger made cannot harm."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.engine.toy import flow
from weft.engine.errors import WeftError
from weft.engine.share import packed
from weft.engine.share.bundle import (
    CHUNK,
    PNG,
    Bundle,
    Manifest,
    parse_bundle,
    png_bytes,
    png_chunks,
    unpack_inputs,
)
from weft.engine.share.lock import InputLock, Lock, Runtime


def picture(colour: tuple[int, int, int] = (200, 30, 60)) -> bytes:
    from PIL import Image

    buffer = io.BytesIO()
    Image.new("RGB", (8, 6), colour).save(buffer, "PNG")
    return buffer.getvalue()


def lock(inputs: dict[str, bytes]) -> Lock:
    return Lock(
        runtime=Runtime(weft="1", numerics="cpu"),
        nodes={},
        inputs=[
            InputLock(name=n, sha256=hashlib.sha256(c).hexdigest(), size=len(c))
            for n, c in sorted(inputs.items())
        ],
    )


def make(inputs: dict[str, bytes] | None = None, **more: Any) -> Bundle:
    inputs = inputs if inputs is not None else {"a/b.txt": b"some words", "c.txt": b""}
    return Bundle(flow(n=("Number", {"value": 2.0})), lock(inputs), inputs, picture(), **more)


def equal(one: Bundle, other: Bundle) -> bool:
    return (
        one.workflow.to_json() == other.workflow.to_json()
        and one.lock == other.lock
        and dict(one.inputs) == dict(other.inputs)
        and one.manifest == other.manifest
    )


NAMES = st.from_regex(r"[a-z]{1,8}(/[a-z]{1,8}){0,2}\.txt", fullmatch=True)


@settings(max_examples=25)
@given(st.dictionaries(NAMES, st.binary(max_size=50), max_size=4), st.text(max_size=20))
def test_bundle_of_either_shape_reads_back_and_is_the_same_bytes_again(
    inputs: dict[str, bytes], author: str
) -> None:
    one = make(inputs, manifest=Manifest(title="t", author=author))
    for data in (one.to_zip(), one.to_png()):
        back = parse_bundle(data)
        assert equal(one, back)
        assert back.picture == one.picture
        again = back.to_png() if data.startswith(PNG) else back.to_zip()
        assert again == data


def test_picture_bundle_is_a_picture_for_others_and_keeps_its_texts() -> None:
    from PIL import Image
    from PIL.PngImagePlugin import PngInfo

    info = PngInfo()
    info.add_text("weft", '{"weft": 1}')
    buffer = io.BytesIO()
    Image.new("RGB", (8, 6), (1, 2, 3)).save(buffer, "PNG", pnginfo=info)
    whole = Bundle(flow(n=("Number", {})), lock({}), {}, buffer.getvalue())
    shown = Image.open(io.BytesIO(whole.to_png()))
    assert shown.getpixel((0, 0)) == (1, 2, 3)
    assert shown.info["weft"] == '{"weft": 1}'


def test_inputs_are_unpacked_below_their_folder(tmp_path: Path) -> None:
    unpack_inputs(make(), tmp_path)
    assert (tmp_path / "a" / "b.txt").read_bytes() == b"some words"
    assert (tmp_path / "c.txt").read_bytes() == b""


# -- what strangers send --------------------------------------------------------------------------


def rewritten(change: Callable[[dict[str, bytes]], None]) -> bytes:
    """A bundle's zip with its files changed."""
    with zipfile.ZipFile(io.BytesIO(make().to_zip())) as archive:
        files = {m.filename: archive.read(m) for m in archive.infolist()}
    change(files)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def put(name: str, content: bytes) -> Callable[[dict[str, bytes]], None]:
    return lambda files: files.__setitem__(name, content)


def lie(files: dict[str, bytes]) -> None:
    files["inputs/c.txt"] = b"not what the lock says"


def symlink() -> bytes:
    buffer = io.BytesIO(make().to_zip())
    with zipfile.ZipFile(buffer, "a") as archive:
        info = zipfile.ZipInfo("inputs/link.txt")
        info.create_system = 3
        info.external_attr = 0o120777 << 16
        archive.writestr(info, "/etc/passwd")
    return buffer.getvalue()


def twice() -> bytes:
    buffer = io.BytesIO(make().to_zip())
    with zipfile.ZipFile(buffer, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("inputs/c.txt", b"")
    return buffer.getvalue()


HOSTILE: dict[str, tuple[Callable[[], bytes], str]] = {
    "empty": (lambda: b"", "share.damaged"),
    "text": (lambda: b"hello", "share.damaged"),
    "torn zip": (lambda: make().to_zip()[:-30], "share.damaged"),
    "torn png": (lambda: make().to_png()[:-30], "share.damaged"),
    "plain picture": (picture, "share.not_a_bundle"),
    "other zip": (lambda: rewritten(lambda f: f.pop("weft-bundle.json")), "share.not_a_bundle"),
    "no workflow": (lambda: rewritten(lambda f: f.pop("workflow.json")), "document.invalid"),
    "no lock": (lambda: rewritten(lambda f: f.pop("lock.json")), "share.damaged"),
    "traversal": (lambda: rewritten(put("inputs/../../x.txt", b"")), "share.bad_name"),
    "absolute": (lambda: rewritten(put("/etc/x.txt", b"")), "share.bad_name"),
    "backslash": (lambda: rewritten(put("inputs/..\\x.txt", b"")), "share.bad_name"),
    "drive": (lambda: rewritten(put("inputs/c:x.txt", b"")), "share.bad_name"),
    "device": (lambda: rewritten(put("inputs/con.txt", b"")), "share.bad_name"),
    "foreign file": (lambda: rewritten(put("run.sh", b"rm")), "share.bad_name"),
    "symlink": (symlink, "share.bad_name"),
    "twice": (twice, "share.damaged"),
    "unlisted input": (lambda: rewritten(put("inputs/z.txt", b"")), "share.forged"),
    "forged input": (lambda: rewritten(lie), "share.forged"),
    "NaN": (lambda: rewritten(put("lock.json", b'{"format": NaN}')), "document.json"),
    "duplicate key": (
        lambda: rewritten(put("weft-bundle.json", b'{"title": "a", "title": "b"}')),
        "document.duplicate_key",
    ),
    "deep": (lambda: rewritten(put("lock.json", b"[" * 9999 + b"]" * 9999)), "document.too_deep"),
    "not utf-8": (lambda: rewritten(put("workflow.json", b'"\xff"')), "document.json"),
    "later format": (
        lambda: rewritten(put("weft-bundle.json", b'{"format": 2}')),
        "share.damaged",
    ),
    "two bundles": (
        lambda: png_bytes([*png_chunks(make().to_png())[:-1], (CHUNK, b""), (b"IEND", b"")]),
        "share.not_a_bundle",
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_bundle_is_refused_with_a_reason(name: str) -> None:
    data, code = HOSTILE[name]
    with pytest.raises(WeftError) as caught:
        parse_bundle(data())
    assert caught.value.code.startswith(code.partition(".")[0])
    if code != "document.invalid":
        assert caught.value.code == code
    assert len(str(caught.value)) < 1000


def test_bundle_that_unpacks_to_too_much_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = make({"a.txt": bytes(5_000_000)}).to_zip()
    assert len(bomb) < 10_000
    monkeypatch.setattr(packed, "MAX_UNPACKED", 1_000_000)
    with pytest.raises(WeftError) as caught:
        parse_bundle(bomb)
    assert caught.value.code == "share.too_large"


def test_text_that_unpacks_to_too_much_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    data = rewritten(put("workflow.json", json.dumps("x" * 5000).encode()))
    monkeypatch.setattr(packed, "MAX_TEXT", 1000)
    with pytest.raises(WeftError) as caught:
        parse_bundle(data)
    assert caught.value.code == "share.too_large"


@settings(max_examples=150)
@given(st.data())
def test_bundle_with_flipped_bytes_reads_the_same_or_is_refused(data: st.DataObject) -> None:
    whole = make()
    raw = bytearray(whole.to_png() if data.draw(st.booleans()) else whole.to_zip())
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(raw) - 1))
        raw[at] ^= data.draw(st.integers(1, 255))
    try:
        back = parse_bundle(bytes(raw))
    except WeftError:
        return
    assert equal(whole, back)  # a date or a comment may change, content may not


@settings(max_examples=100)
@given(st.binary(max_size=300))
def test_junk_is_refused(junk: bytes) -> None:
    for data in (junk, PNG + junk, b"PK\x03\x04" + junk):
        with pytest.raises(WeftError):
            parse_bundle(data)
