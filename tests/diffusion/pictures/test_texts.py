"""What pictures say of their making: kept in every format, and gone when asked."""

from __future__ import annotations

import io
import json
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from weft.diffusion.errors import DiffusionError
from weft.diffusion.pictures.file import write_animated_webp, write_image
from weft.diffusion.pictures.texts import read_texts, strip_texts

KINDS = ("png", "webp", "webp-lossless", "jpeg")
SECRET = "the-secret-words"
TEXTS = {
    "weft": json.dumps({"weft": 1, "title": SECRET}),
    "weft_lock": json.dumps({"format": 1}),
    "prompt": json.dumps({"1": {"inputs": {"text": f"{SECRET} \u7ea2\u5706"}}}, ensure_ascii=False),
    "workflow": json.dumps({"nodes": [], "note": SECRET}),
}


def pixels(path: Path) -> Any:
    with Image.open(path) as picture:
        return [np.asarray(picture.convert("RGBA")) for _ in _frames(picture)]


def _frames(picture: Image.Image) -> Any:
    for number in range(getattr(picture, "n_frames", 1)):
        picture.seek(number)
        yield number


def saved(path: Path, kind: Any, texts: dict[str, str] = TEXTS) -> Path:
    import torch

    with path.open("wb") as file:
        write_image(file, torch.rand(9, 7, 3, generator=torch.manual_seed(3)), texts, kind)
    return path


@pytest.mark.parametrize("kind", KINDS)
def test_texts_of_a_picture_come_back_from_every_format(kind: str, tmp_path: Path) -> None:
    found = read_texts(saved(tmp_path / "a", kind))
    assert {name: json.loads(text) for name, text in found.items() if name in TEXTS} == {
        name: json.loads(text) for name, text in TEXTS.items()
    }


def comfy_reads(data: bytes) -> dict[str, str]:
    """The texts of a WebP file as ComfyUI's editor finds them: each EXIF text up to its colon."""
    found = {}
    at = 12
    while at < len(data):
        kind, length = struct.unpack_from("<4sI", data, at)
        if kind == b"EXIF":
            body = data[at + 8 : at + 8 + length].removeprefix(b"Exif\0\0")
            order = "<" if body[:2] == b"II" else ">"
            (start,) = struct.unpack_from(order + "I", body, 4)
            (count,) = struct.unpack_from(order + "H", body, start)
            for number in range(count):
                entry = struct.unpack_from(order + "HHII", body, start + 2 + 12 * number)
                if entry[1] == 2:
                    text = body[entry[3] : entry[3] + entry[2] - 1].decode("ascii")
                    name, _, rest = text.partition(":")
                    found[name] = rest
        at += 8 + length + length % 2
    return found


@pytest.mark.parametrize("kind", ["webp", "webp-lossless", "animated"])
def test_webp_says_what_comfyui_reads_where_comfyui_looks(kind: str, tmp_path: Path) -> None:
    import torch

    path = tmp_path / "a.webp"
    if kind == "animated":
        with path.open("wb") as file:
            write_animated_webp(file, torch.rand(2, 8, 8, 3), TEXTS, fps=5)
    else:
        saved(path, kind)
    found = comfy_reads(path.read_bytes())
    assert json.loads(found["prompt"]) == json.loads(TEXTS["prompt"])
    assert json.loads(found["workflow"]) == json.loads(TEXTS["workflow"])


def test_jpeg_leaves_out_what_does_not_fit_and_keeps_the_workflow(tmp_path: Path) -> None:
    long = {**TEXTS, "prompt": json.dumps("x" * 60_000), "weft_lock": json.dumps("y" * 60_000)}
    found = read_texts(saved(tmp_path / "a.jpg", "jpeg", long))
    assert found["weft"] == TEXTS["weft"]
    assert "weft_lock" not in found
    with pytest.raises(DiffusionError, match="too large"):
        saved(tmp_path / "b.jpg", "jpeg", {"weft": json.dumps("z" * 70_000)})


def hidden(kind: str) -> bytes:
    """A picture that says the secret in every place that its format has, turned by EXIF."""
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010E] = exif[0x9286] = SECRET
    buffer = io.BytesIO()
    picture = Image.fromarray(np.arange(48, dtype=np.uint8).reshape(4, 4, 3))
    xmp = f"<x:xmpmeta>{SECRET}</x:xmpmeta>".encode()
    if kind == "png":
        info = PngInfo()
        info.add_text("a", SECRET)
        info.add_text("b", SECRET, zip=True)
        info.add_itxt("XML:com.adobe.xmp", xmp.decode())
        info.add(b"tIME", b"\x07\xe6\1\1\1\1\1")
        info.add(b"prVt", SECRET.encode())
        info.add(b"caBX", SECRET.encode())
        info.add(b"prVt", SECRET.encode(), after_idat=True)
        picture.save(buffer, "PNG", pnginfo=info, exif=exif)
        return buffer.getvalue() + SECRET.encode()
    if kind == "webp":
        picture.save(buffer, "WEBP", lossless=True, exif=exif, xmp=xmp)
        data = bytearray(buffer.getvalue())
        data += b"NOTE" + struct.pack("<I", 16) + SECRET.encode()
        struct.pack_into("<I", data, 4, len(data) - 8)
        return bytes(data) + SECRET.encode()
    picture.save(
        buffer, "JPEG", exif=exif, comment=SECRET.encode(), xmp=xmp, progressive=True, quality=95
    )
    data = bytearray(buffer.getvalue())
    notes = b"".join(
        bytes([0xFF, marker]) + struct.pack(">H", len(SECRET) + 2) + SECRET.encode()
        for marker in (0xE0, 0xE2, 0xE3, 0xEB, 0xED, 0xEE, 0xEF, 0xFE)
    )
    at = data.index(b"\xff\xda", data.index(b"\xff\xda") + 2)  # before the second scan, too
    data[at:at] = notes
    data[2:2] = notes
    return bytes(data) + SECRET.encode()


@pytest.mark.parametrize("kind", ["png", "webp", "jpeg"])
def test_stripped_picture_says_nothing_and_looks_the_same(kind: str, tmp_path: Path) -> None:
    from PIL import ImageOps

    source, bare = tmp_path / "source", tmp_path / "bare"
    source.write_bytes(hidden(kind))
    assert SECRET.encode() in source.read_bytes()
    strip_texts(source, bare)
    data = bare.read_bytes()
    assert SECRET.encode() not in data
    assert zlib.compress(SECRET.encode())[2:-4] not in data
    with Image.open(bare) as one, Image.open(source) as other:
        assert dict(one.getexif()) == {0x0112: 6}
        one.load()
        assert not {"xmp", "comment", "a", "b"} & set(one.info)
        assert one.size == other.size
        shown = (np.asarray(ImageOps.exif_transpose(each).convert("RGB")) for each in (one, other))
        assert np.array_equal(*shown)
    strip_texts(bare, tmp_path / "again")
    assert (tmp_path / "again").read_bytes() == data


@pytest.mark.parametrize("kind", KINDS)
def test_stripped_picture_of_weft_has_no_exif_at_all(kind: str, tmp_path: Path) -> None:
    path = saved(tmp_path / "a", kind)
    before = pixels(path)
    strip_texts(path, path)  # in its own place
    assert read_texts(path) == {}
    assert b"xif" not in path.read_bytes().lower()
    assert SECRET.encode() not in path.read_bytes()
    assert all(np.array_equal(*pair) for pair in zip(before, pixels(path), strict=True))


def test_stripped_animation_keeps_its_frames(tmp_path: Path) -> None:
    import torch

    path, bare = tmp_path / "a.webp", tmp_path / "b.webp"
    with path.open("wb") as file:
        write_animated_webp(file, torch.rand(3, 8, 8, 3), TEXTS, fps=5)
    strip_texts(path, bare)
    one, other = pixels(path), pixels(bare)
    assert len(one) == len(other) == 3
    assert all(np.array_equal(*pair) for pair in zip(one, other, strict=True))
    assert SECRET.encode() not in bare.read_bytes()


@pytest.mark.parametrize("kind", ["png", "webp", "jpeg"])
def test_torn_picture_is_refused_or_stripped_and_never_half_written(
    kind: str, tmp_path: Path
) -> None:
    whole, torn, bare = hidden(kind), tmp_path / "torn", tmp_path / "bare"
    for end in range(0, len(whole), 7):
        torn.write_bytes(whole[:end])
        try:
            strip_texts(torn, bare)
        except DiffusionError:
            assert not bare.exists()
        else:
            assert SECRET.encode() not in bare.read_bytes()
            bare.unlink()
