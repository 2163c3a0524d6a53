"""Every mode that Pillow opens has the right values, or is refused."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from tests.image_files import apng, tiff
from weft.diffusion.errors import DiffusionError
from weft.diffusion.pictures.file import read_image
from weft.diffusion.pictures.levels import in_eight_bits

RAMP = np.linspace(0, 1, 6, dtype=np.float64)
RED, GREEN, BLUE = b"\xff\0\0\xff", b"\0\xff\0\xff", b"\0\0\xff\xff"
CLEAR = b"\0\0\0\0"


def _ramp(kind: str, white: float) -> bytes:
    return (RAMP * white).round(0 if white > 1 else 9).astype(kind).tobytes()


def _twelve() -> bytes:
    numbers = [round(v * 4095) for v in RAMP]  # pairs of numbers are packed into three bytes
    return b"".join(
        bytes([a >> 4, (a & 15) << 4 | b >> 8, b & 255])
        for a, b in zip(numbers[::2], numbers[1::2], strict=True)
    )


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(
    ("tags", "kind", "white"),
    [
        ({"bits": 8}, "u1", 255),
        ({"bits": 16}, "u2", 65_535),
        ({"bits": 32}, "u4", 2**32 - 1),
        ({"bits": 32, "sample_format": 3}, "f4", 1),
    ],
    ids=["8", "16", "32", "float"],
)
@pytest.mark.parametrize("photometric", [0, 1])
def test_grey_tiff_is_its_ramp_or_refused(
    tmp_path: Path, tags: dict[str, int], kind: str, white: float, photometric: int, order: str
) -> None:
    file = tmp_path / "a.tif"
    pixels = _ramp(order + kind, white)
    file.write_bytes(tiff(6, 1, pixels, order=order, photometric=photometric, **tags))
    try:
        image, mask = read_image(file)
    except DiffusionError as error:  # what this Pillow does not open
        assert error.code == "image.not_an_image"
        assert "TIFF" in error.message
        assert (tags["bits"], order, photometric) in {
            (32, ">", 1),
            (32, "<", 0),
            (32, ">", 0),
            (16, ">", 0),
        }
        return
    wanted = torch.tensor(RAMP if photometric else 1 - RAMP, dtype=torch.float32)
    torch.testing.assert_close(image[0, 0, :, 0], wanted, atol=1e-5, rtol=0)
    assert torch.equal(image[..., 0], image[..., 2])
    assert not mask.any()


def test_grey_tiff_of_twelve_bits_reaches_white(tmp_path: Path) -> None:
    (tmp_path / "a.tif").write_bytes(tiff(6, 1, _twelve(), bits=12))
    image, _ = read_image(tmp_path / "a.tif")
    torch.testing.assert_close(
        image[0, 0, :, 1], torch.tensor(RAMP, dtype=torch.float32), atol=2e-4, rtol=0
    )


@pytest.mark.parametrize(("bits", "kind"), [(8, "i1"), (16, "i2"), (32, "i4")])
def test_signed_tiff_is_refused(tmp_path: Path, bits: int, kind: str) -> None:
    pixels = _ramp("<" + kind, 2 ** (bits - 1) - 1)
    (tmp_path / "a.tif").write_bytes(tiff(6, 1, pixels, bits=bits, sample_format=2))
    with pytest.raises(DiffusionError) as caught:
        read_image(tmp_path / "a.tif")
    assert caught.value.code == "image.signed"
    assert str(bits) in str(caught.value.got)


@pytest.mark.parametrize(
    ("kind", "bits", "sample_format"), [("f2", 16, 3), ("f8", 64, 3), ("u8", 64, 1)]
)
def test_tiff_of_a_depth_that_pillow_lacks_is_refused_by_name(
    tmp_path: Path, kind: str, bits: int, sample_format: int
) -> None:
    pixels = RAMP.astype("<" + kind).tobytes()
    (tmp_path / "a.tif").write_bytes(tiff(6, 1, pixels, bits=bits, sample_format=sample_format))
    with pytest.raises(DiffusionError, match="TIFF") as caught:
        read_image(tmp_path / "a.tif")
    assert caught.value.code == "image.not_an_image"


@pytest.mark.parametrize("beyond", [-0.1, 1.5, 255.0, float("nan"), float("inf")])
def test_float_tiff_outside_of_0_to_1_is_refused(tmp_path: Path, beyond: float) -> None:
    values = struct.pack("<2f", 0.5, beyond)
    (tmp_path / "a.tif").write_bytes(tiff(2, 1, values, bits=32, sample_format=3))
    with pytest.raises(DiffusionError) as caught:
        read_image(tmp_path / "a.tif")
    assert caught.value.code == "image.value_range"


def _palette() -> Image.Image:
    image = Image.new("P", (2, 1))
    image.putpalette([255, 0, 0, 0, 255, 0])
    image.putdata([0, 1])
    return image


def _two(mode: str, *values: Any) -> Callable[[], Image.Image]:
    def make() -> Image.Image:
        image = Image.new(mode, (2, 1))
        image.putdata(list(values))
        return image

    return make


HALF = 128 / 255
MODES: dict[str, tuple[Callable[[], Image.Image], str, list[list[float]]]] = {
    "1": (_two("1", 0, 255), "png", [[0, 0, 0, 1], [1, 1, 1, 1]]),
    "1 tiff": (_two("1", 0, 255), "tif", [[0, 0, 0, 1], [1, 1, 1, 1]]),
    "L": (_two("L", 128, 255), "png", [[HALF, HALF, HALF, 1], [1, 1, 1, 1]]),
    "LA": (_two("LA", (128, 0), (255, 128)), "png", [[HALF, HALF, HALF, 0], [1, 1, 1, HALF]]),
    "LA tiff": (_two("LA", (128, 0), (255, 128)), "tif", [[HALF] * 3 + [0], [1, 1, 1, HALF]]),
    "P": (_palette, "png", [[1, 0, 0, 1], [0, 1, 0, 1]]),
    "P gif": (_palette, "gif", [[1, 0, 0, 1], [0, 1, 0, 1]]),
    "P bmp": (_palette, "bmp", [[1, 0, 0, 1], [0, 1, 0, 1]]),
    "P tiff": (_palette, "tif", [[1, 0, 0, 1], [0, 1, 0, 1]]),
    "RGB": (_two("RGB", (255, 0, 128), (0, 0, 0)), "png", [[1, 0, HALF, 1], [0, 0, 0, 1]]),
    "RGBA": (
        _two("RGBA", (255, 0, 128, 0), (0, 0, 0, 255)),
        "png",
        [[1, 0, HALF, 0], [0, 0, 0, 1]],
    ),
    "CMYK": (
        _two("CMYK", (255, 0, 0, 0), (0, 0, 0, 255)),
        "tif",
        [[0, 1, 1, 1], [0, 0, 0, 1]],
    ),
    "YCbCr": (_two("YCbCr", (128, 128, 128), (255, 128, 128)), "tif", [[HALF] * 3 + [1], [1] * 4]),
    "LAB": (_two("LAB", (0, 128, 128), (255, 128, 128)), "tif", [[0, 0, 0, 1], [1, 1, 1, 1]]),
    "I;16": (_two("I;16", 0, 65_535), "png", [[0, 0, 0, 1], [1, 1, 1, 1]]),
    "F": (_two("F", 0.0, 1.0), "tif", [[0, 0, 0, 1], [1, 1, 1, 1]]),
}


@pytest.mark.parametrize("name", sorted(MODES))
def test_mode_has_its_values(tmp_path: Path, name: str) -> None:
    make, suffix, wanted = MODES[name]
    file = tmp_path / f"a.{suffix}"
    make().save(file)
    image, mask = read_image(file)
    got = torch.cat([image[0, 0], 1 - mask[0, 0, :, None]], dim=-1)
    torch.testing.assert_close(got, torch.tensor(wanted, dtype=torch.float32), atol=2 / 255, rtol=0)


@pytest.mark.parametrize("name", sorted(MODES))
def test_mode_looks_the_same_in_eight_bits(tmp_path: Path, name: str) -> None:
    make, suffix, wanted = MODES[name]
    make().save(tmp_path / f"a.{suffix}")
    with Image.open(tmp_path / f"a.{suffix}") as opened:
        shown = np.asarray(in_eight_bits(opened).convert("RGBA"), np.float32) / 255
    np.testing.assert_allclose(shown[0], wanted, atol=2 / 255)


def test_transparent_value_of_a_deep_grey_png_is_transparent(tmp_path: Path) -> None:
    image = Image.new("I;16", (2, 1))
    image.putdata([1000, 40_000])
    image.save(tmp_path / "a.png", transparency=1000)
    _, mask = read_image(tmp_path / "a.png")
    assert mask[0, 0].tolist() == [1.0, 0.0]


WHOLE = (0, 0, 2, 1)


def test_apng_default_image_is_no_frame(tmp_path: Path) -> None:
    file = tmp_path / "a.png"
    file.write_bytes(apng(RED * 2, [(WHOLE, GREEN * 2, 0), (WHOLE, BLUE * 2, 0)]))
    image, _ = read_image(file)
    assert image[:, 0, 0].tolist() == [[0, 1, 0], [0, 0, 1]]


def test_apng_first_frame_is_not_laid_on_the_default_image(tmp_path: Path) -> None:
    file = tmp_path / "a.png"
    file.write_bytes(apng(RED * 2, [(WHOLE, GREEN + CLEAR, 1), ((1, 0, 1, 1), BLUE, 1)]))
    image, mask = read_image(file)
    assert image[:, 0].tolist() == [[[0, 1, 0], [0, 0, 0]], [[0, 1, 0], [0, 0, 1]]]
    assert mask[:, 0].tolist() == [[0, 1], [0, 0]]


def test_apng_without_a_default_image_keeps_its_first_frame(tmp_path: Path) -> None:
    file = tmp_path / "a.png"
    file.write_bytes(apng(None, [(WHOLE, RED * 2, 0), (WHOLE, BLUE * 2, 0)]))
    image, _ = read_image(file)
    assert image[:, 0, 0].tolist() == [[1, 0, 0], [0, 0, 1]]


def test_pages_of_other_sizes_are_refused(tmp_path: Path) -> None:
    first, other = Image.new("RGB", (4, 4)), Image.new("RGB", (4, 5))
    first.save(tmp_path / "a.tif", save_all=True, append_images=[other])
    with pytest.raises(DiffusionError) as caught:
        read_image(tmp_path / "a.tif")
    assert caught.value.code == "image.pages_differ"
    assert caught.value.got == "a page of 4 x 5 pixels"


def test_thumbnail_page_is_left_out(tmp_path: Path) -> None:
    first, small = Image.new("RGB", (4, 4), (255, 0, 0)), Image.new("RGB", (2, 2))
    small.encoderinfo = {"tiffinfo": {254: 1}}
    first.save(tmp_path / "a.tif", save_all=True, append_images=[small])
    with Image.open(tmp_path / "a.tif") as opened:
        assert getattr(opened, "n_frames", 1) == 2
    image, _ = read_image(tmp_path / "a.tif")
    assert image.shape == (1, 4, 4, 3)
