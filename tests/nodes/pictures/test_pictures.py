"""Reading, writing and measuring pictures."""

from __future__ import annotations

import io
import json
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
import skimage.data
import torch
from PIL import Image as PILImage

from weft.diffusion.errors import DiffusionError
from weft.diffusion.types import Latent
from weft.engine.declaration.context import Run
from weft.engine.errors import FileError
from weft.engine.events import NodeArtifact
from weft.engine.files.workspace import Workspace
from weft.engine.testing import EventLog
from weft.nodes.latents import latent
from weft.nodes.pictures import image, scale

from .. import flows


def running(tmp_path: Path) -> tuple[Run, EventLog]:
    """A run with folders of its own, and its events."""
    log = EventLog()
    (tmp_path / "in").mkdir(exist_ok=True)
    workspace = Workspace(inputs=[tmp_path / "in"], output=tmp_path / "out")
    document = {"weft": 1, "nodes": {"s": {"type": "KSampler", "inputs": {"seed": 7}}}}
    run = Run("node", "run", workspace, document, {"s.seed": 7}, emit=log)
    return run, log


def test_saved_picture_loads_again_the_same_and_carries_its_workflow(tmp_path: Path) -> None:
    run, log = running(tmp_path)
    pixels = torch.randint(0, 256, (2, 20, 30, 3)).float() / 255
    assert image.save_image(run, pixels, filename_prefix="a/b").images is pixels
    paths = log.artifacts
    assert [p.relative_to(tmp_path / "out").as_posix() for p in paths] == [
        "a/b_00001.png",
        "a/b_00002.png",
    ]
    (tmp_path / "in" / "x.png").write_bytes(paths[1].read_bytes())
    loaded = image.load_image(run, file="x.png")
    assert torch.equal(loaded.image, pixels[1:])
    assert torch.equal(loaded.mask, torch.zeros(1, 20, 30))
    _, texts = flows.saved(paths[0])
    assert json.loads(texts["weft"]) == run.document
    assert json.loads(texts["weft_seeds"]) == {"s.seed": 7}


def test_saved_picture_with_values_out_of_range_is_cut_not_wrapped(tmp_path: Path) -> None:
    run, log = running(tmp_path)
    image.save_image(run, torch.tensor([[[[-0.5, 0.5, 1.5]]]]))
    with PILImage.open(log.artifacts[0]) as opened:
        saved = np.asarray(opened)
    assert saved.tolist() == [[[0, 128, 255]]]


def test_preview_is_temporary_and_carries_nothing(tmp_path: Path) -> None:
    run, log = running(tmp_path)
    image.preview_image(run, torch.zeros(1, 8, 8, 3))
    (event,) = log.events
    assert isinstance(event, NodeArtifact)
    assert event.temporary
    assert Path(event.path).parent.name == "temp"
    assert flows.saved(event.path) == ((8, 8), {})


@pytest.mark.parametrize(
    ("mode", "suffix"), [("RGB", ".jpg"), ("L", ".png"), ("P", ".gif"), ("1", ".bmp")]
)
def test_picture_of_any_mode_becomes_rgb(tmp_path: Path, mode: str, suffix: str) -> None:
    run, _ = running(tmp_path)
    photo = PILImage.fromarray(skimage.data.chelsea()).convert(mode)
    photo.save(tmp_path / "in" / f"x{suffix}")
    found = image.load_image(run, file=f"x{suffix}").image
    assert found.shape == (1, photo.height, photo.width, 3)
    assert 0.2 < found.mean() < 0.8


def test_picture_with_alpha_gives_its_inverse_as_mask(tmp_path: Path) -> None:
    run, _ = running(tmp_path)
    pixels = np.zeros((4, 4, 4), np.uint8)
    pixels[:2, :, 3] = 255
    PILImage.fromarray(pixels).save(tmp_path / "in" / "x.png")
    mask = image.load_image(run, file="x.png").mask
    assert mask[0, :2].max() == 0
    assert mask[0, 2:].min() == 1


def test_picture_with_16_bits_keeps_its_range(tmp_path: Path) -> None:
    run, _ = running(tmp_path)
    PILImage.fromarray(np.array([[0, 65535], [32768, 1]], np.uint16)).save(tmp_path / "in/x.png")
    found = image.load_image(run, file="x.png").image[0, :, :, 0]
    assert torch.allclose(found, torch.tensor([[0, 1.0], [0.5, 0.0]]), atol=1e-4)


def test_picture_turned_by_exif_stands_upright(tmp_path: Path) -> None:
    run, _ = running(tmp_path)
    exif = PILImage.Exif()
    exif[0x0112] = 6
    PILImage.new("RGB", (30, 20)).save(tmp_path / "in" / "x.jpg", exif=exif)
    assert image.load_image(run, file="x.jpg").image.shape == (1, 30, 20, 3)


def test_animation_is_a_batch(tmp_path: Path) -> None:
    run, _ = running(tmp_path)
    frames = [PILImage.new("RGB", (8, 6), c) for c in ("red", "lime", "blue")]
    frames[0].save(tmp_path / "in" / "x.gif", save_all=True, append_images=frames[1:])
    found = image.load_image(run, file="x.gif").image
    assert found.shape == (3, 6, 8, 3)
    assert found[:, 0, 0].argmax(-1).tolist() == [0, 1, 2]


def png_header(width: int, height: int) -> bytes:
    """A PNG that says how large it is and has almost no data."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)

    def chunk(kind: bytes, data: bytes) -> bytes:
        check = zlib.crc32(kind + data)
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", check)

    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def jpeg_half() -> bytes:
    """The first half of a JPEG file."""
    file = io.BytesIO()
    PILImage.fromarray(skimage.data.chelsea()).save(file, "JPEG")
    return file.getvalue()[: len(file.getvalue()) // 2]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "image.not_an_image"),
        (b"not a picture", "image.not_an_image"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image.not_an_image"),
        (b"\x89PNG\r\n\x1a\n", "image.not_an_image"),
        (b"\x80\x04\x95pickle", "image.not_an_image"),
        (png_header(60_000, 60_000), "image.too_large"),
        (png_header(60_000, 1), "image.too_large"),
        (png_header(2_000_000_000, 2_000_000_000), "image.too_large"),
        (png_header(500, 500), "image.damaged"),
        (jpeg_half(), "image.damaged"),
    ],
)
def test_file_that_is_no_good_picture_is_refused(tmp_path: Path, content: bytes, code: str) -> None:
    run, _ = running(tmp_path)
    (tmp_path / "in" / "x.png").write_bytes(content)
    with pytest.raises(DiffusionError) as caught:
        image.load_image(run, file="x.png")
    assert caught.value.code == code
    assert "x.png" in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize("method", ["nearest-exact", "bilinear", "area", "bicubic", "lanczos"])
def test_scaled_photo_has_the_size_and_stays_in_range(method: str) -> None:
    photo = torch.from_numpy(skimage.data.astronaut()).float().unsqueeze(0) / 255
    for width, height in ((100, 60), (700, 600)):
        found = scale.image_scale(
            photo,
            upscale_method=method,
            width=width,
            height=height,  # type: ignore[arg-type]
        )
        assert found.shape == (1, height, width, 3)
        assert found.min() >= 0
        assert found.max() <= 1
        assert abs(found.mean() - photo.mean()) < 0.02


def test_scaled_photo_with_side_zero_keeps_its_ratio() -> None:
    photo = torch.zeros(1, 100, 200, 3)
    assert scale.image_scale(photo, width=50, height=0).shape == (1, 25, 50, 3)
    assert scale.image_scale(photo, width=0, height=50).shape == (1, 50, 100, 3)
    with pytest.raises(DiffusionError, match="both 0"):
        scale.image_scale(photo, width=0, height=0)


def test_scaled_photo_cropped_keeps_the_middle() -> None:
    photo = torch.zeros(1, 100, 300, 3)
    photo[:, :, 100:200] = 1
    assert scale.image_scale(photo, width=50, height=50, crop="center").min() == 1
    tall = photo.transpose(1, 2)
    assert scale.image_scale(tall, width=50, height=50, crop="center").min() == 1


def test_saved_latent_loads_again_the_same(tmp_path: Path) -> None:
    run, log = running(tmp_path)
    first = Latent(torch.randn(2, 4, 8, 6))
    latent.save_latent(run, first)
    (path,) = log.artifacts
    assert path.suffix == ".latent"
    (tmp_path / "in" / "x.latent").write_bytes(path.read_bytes())
    again = latent.load_latent(run, file="x.latent")
    assert torch.equal(again.samples, first.samples)
    assert again.family == first.family


def test_latent_of_an_old_comfyui_is_unscaled(tmp_path: Path) -> None:
    from safetensors.torch import save_file

    run, _ = running(tmp_path)
    save_file({"latent_tensor": torch.ones(1, 4, 2, 2)}, tmp_path / "in" / "x.latent")
    assert torch.allclose(
        latent.load_latent(run, file="x.latent").samples, torch.tensor(1 / 0.18215)
    )


@pytest.mark.parametrize("content", [b"", b"nonsense", b"\x80\x04pickle" * 20])
def test_file_that_is_no_latent_is_refused(tmp_path: Path, content: bytes) -> None:
    run, _ = running(tmp_path)
    (tmp_path / "in" / "x.latent").write_bytes(content)
    with pytest.raises(DiffusionError) as caught:
        latent.load_latent(run, file="x.latent")
    assert caught.value.code == "latent.not_a_latent"


def test_picture_name_that_leaves_the_folder_is_refused(tmp_path: Path) -> None:
    run, _ = running(tmp_path)
    with pytest.raises(FileError):
        image.save_image(run, torch.zeros(1, 8, 8, 3), filename_prefix="../x")
    assert not (tmp_path / "x_00001.png").exists()


def test_saved_png_carries_texts_that_were_given_along_and_jpeg_only_its_own(
    tmp_path: Path,
) -> None:
    run, log = running(tmp_path)
    run.texts = lambda: {"workflow": "{}", "weft_seeds": "mine"}
    for kind in ("png", "jpeg"):
        image.save_image(run, torch.zeros(1, 8, 8, 3), file_format=kind)  # type: ignore[arg-type]
    _, texts = flows.saved(log.artifacts[0])
    assert texts["workflow"] == "{}"
    assert json.loads(texts["weft_seeds"]) == {"s.seed": 7}
    assert b"workflow" not in log.artifacts[1].read_bytes()
