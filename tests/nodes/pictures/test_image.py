"""Nodes for pictures and masks keep the contract of a node, and give known values."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image as PILImage

from weft import testing
from weft.diffusion.errors import DiffusionError
from weft.nodes.pictures import animation, composite, image, mask, mask_files, scale, transform
from weft.nodes.pictures import batches as image_batch
from weft.nodes.pictures import edit as image_edit

from .test_pictures import running

PICTURE = testing.image(2)
OTHER = testing.image(1, 32, 40, seed=1)
MASK = testing.mask()
RED, GREEN = torch.tensor([1.0, 0.0, 0.0]), torch.tensor([0.0, 1.0, 0.0])


@pytest.mark.parametrize(
    ("function", "inputs"),
    [
        (scale.image_scale_by, {"image": PICTURE, "scale_by": 0.5, "upscale_method": "area"}),
        (scale.image_scale_to_total_pixels, {"image": PICTURE, "megapixels": 0.01}),
        (scale.image_scale_to_max_dimension, {"image": PICTURE, "largest_size": 30}),
        (image_edit.empty_image, {"width": 8, "height": 4, "batch_size": 2, "color": 255}),
        (image_edit.image_invert, {"image": PICTURE}),
        *(
            (image_edit.image_blend, {"image1": PICTURE, "image2": OTHER, "blend_mode": mode})
            for mode in ("normal", "multiply", "screen", "overlay", "soft_light", "difference")
        ),
        (image_edit.image_blur, {"image": PICTURE, "blur_radius": 3}),
        (image_edit.image_curve, {"image": PICTURE, "curve": [[0, 0.2], [0.5, 0.9], [1, 1]]}),
        (mask.polygon_mask, {"points": [[0, 0], [1, 0], [0.5, 1]], "width": 16, "height": 8}),
        (image_edit.image_sharpen, {"image": PICTURE, "sharpen_radius": 3}),
        *(
            (image_edit.image_quantize, {"image": PICTURE, "colors": 5, "dither": dither})
            for dither in ("none", "floyd-steinberg", "bayer-2", "bayer-16")
        ),
        (image_edit.image_add_noise, {"image": PICTURE, "seed": 3}),
        (transform.image_crop, {"image": PICTURE, "width": 8, "height": 8, "x": 4, "y": 4}),
        (transform.image_flip, {"image": PICTURE}),
        *(
            (transform.image_rotate, {"image": PICTURE, "rotation": rotation})
            for rotation in ("none", "90 degrees", "180 degrees")
        ),
        (transform.image_pad_for_outpaint, {"image": PICTURE, "left": 8, "bottom": 16}),
        *(
            (
                transform.image_stitch,
                {"image1": PICTURE, "image2": OTHER, "direction": side, "spacing_width": 2},
            )
            for side in ("right", "up")
        ),
        (transform.image_stitch, {"image1": PICTURE, "image2": OTHER, "match_image_size": False}),
        (transform.resize_and_pad_image, {"image": PICTURE, "target_width": 40}),
        (image_batch.image_batch, {"image1": PICTURE, "image2": OTHER}),
        (image_batch.image_from_batch, {"image": PICTURE, "batch_index": 1}),
        (image_batch.repeat_image_batch, {"image": PICTURE, "amount": 2}),
        (image_batch.rebatch_images, {"images": [PICTURE, PICTURE], "batch_size": 3}),
        (image_batch.get_image_size, {"image": PICTURE}),
        (composite.image_composite_masked, {"destination": PICTURE, "source": OTHER, "mask": MASK}),
        (composite.join_image_with_alpha, {"image": PICTURE, "alpha": MASK}),
        (composite.split_image_with_alpha, {"image": torch.rand(1, 4, 4, 4)}),
        (
            composite.porter_duff_image_composite,
            {
                "source": OTHER,
                "source_alpha": MASK,
                "destination": PICTURE,
                "destination_alpha": testing.mask(2),
                "mode": "XOR",
            },
        ),
        (mask.solid_mask, {"value": 0.5, "width": 8, "height": 4}),
        (mask.invert_mask, {"mask": MASK}),
        (mask.crop_mask, {"mask": MASK, "x": 4, "width": 8, "height": 8}),
        *(
            (
                mask.mask_composite,
                {"destination": MASK, "source": MASK[:, :9, :9].clone(), "operation": operation},
            )
            for operation in ("multiply", "add", "subtract", "and", "or", "xor")
        ),
        (mask.feather_mask, {"mask": MASK, "left": 4, "bottom": 3}),
        *((mask.grow_mask, {"mask": MASK, "expand": by}) for by in (-2, 0, 3)),
        (mask.threshold_mask, {"mask": MASK}),
        (mask_files.mask_to_image, {"mask": MASK}),
        (mask_files.image_to_mask, {"image": PICTURE, "channel": "blue"}),
        (mask_files.image_color_to_mask, {"image": PICTURE}),
        (mask_files.mask_preview, {"mask": MASK}),
        (animation.save_animated_webp, {"images": PICTURE}),
        (animation.save_animated_png, {"images": PICTURE}),
        *(
            (image.save_image, {"images": PICTURE, "file_format": kind})
            for kind in ("png", "webp", "webp-lossless", "jpeg")
        ),
    ],
    ids=lambda v: getattr(v, "__name__", ""),
)
def test_picture_or_mask_node_keeps_its_contract(function: Any, inputs: dict[str, Any]) -> None:
    testing.check_node(function, **inputs)


def test_loaded_mask_is_the_channel_asked_for(tmp_path: Path) -> None:
    run, _ = running(tmp_path)
    pixels = np.zeros((4, 6, 4), np.uint8)
    pixels[..., 0], pixels[:2, :, 3] = 51, 255
    PILImage.fromarray(pixels).save(tmp_path / "in" / "x.png")
    alpha = testing.check_node(mask_files.load_image_mask, run=run, file="x.png", channel="alpha")
    assert alpha[0, :, 0].tolist() == [0, 0, 1, 1]
    red = mask_files.load_image_mask(run, file="x.png", channel="red")
    assert torch.allclose(red, torch.tensor(0.2))


@pytest.mark.parametrize(
    ("kind", "suffix", "exact"),
    [("png", ".png", True), ("webp-lossless", ".webp", True), ("webp", ".webp", False)],
)
def test_saved_picture_with_alpha_keeps_it_and_its_workflow(
    tmp_path: Path, kind: Any, suffix: str, exact: bool
) -> None:
    run, log = running(tmp_path)
    pixels = torch.randint(0, 256, (1, 16, 16, 4)).float() / 255
    image.save_image(run, pixels, file_format=kind)
    (path,) = log.artifacts
    assert path.suffix == suffix
    with PILImage.open(path) as opened:
        saved = torch.from_numpy(np.asarray(opened.convert("RGBA")).copy()).float() / 255
        texts = opened.info if kind == "png" else json.loads(opened.getexif()[0x010E])
    assert json.loads(texts["weft"]) == run.document
    assert torch.equal(saved[..., 3], pixels[0, ..., 3])
    if exact:
        assert torch.equal(saved, pixels[0])


def test_picture_saved_as_jpeg_is_nearly_the_same(tmp_path: Path) -> None:
    run, log = running(tmp_path)
    image.save_image(run, PICTURE[:1], file_format="jpeg")
    with PILImage.open(log.artifacts[0]) as opened:
        assert opened.format == "JPEG"
        saved = torch.from_numpy(np.asarray(opened).copy()).float() / 255
        assert json.loads(json.loads(opened.getexif()[0x010E])["weft"]) == run.document
    assert (saved - PICTURE[0].clamp(0, 1)).abs().mean() < 0.02


def test_jpeg_of_what_it_cannot_hold_is_refused(tmp_path: Path) -> None:
    run, log = running(tmp_path)
    with pytest.raises(DiffusionError) as caught:
        image.save_image(run, torch.zeros(1, 8, 8, 4), file_format="jpeg")
    assert caught.value.code == "image.alpha_in_jpeg"
    run.document = {"nodes": "x" * 70_000}
    with pytest.raises(DiffusionError) as caught:
        image.save_image(run, torch.zeros(1, 8, 8, 3), file_format="jpeg")
    assert caught.value.code == "image.workflow_too_large"
    assert not log.artifacts
    assert not list((tmp_path / "out").glob("*"))


@pytest.mark.parametrize("save", [animation.save_animated_webp, animation.save_animated_png])
def test_animation_holds_every_frame_and_repeats(tmp_path: Path, save: Any) -> None:
    run, log = running(tmp_path)
    frames = torch.stack([RED, GREEN, RED])[:, None, None].expand(-1, 8, 8, -1).contiguous()
    save(run, frames, fps=4.0)
    with PILImage.open(io.BytesIO(log.artifacts[0].read_bytes())) as opened:
        assert opened.n_frames == 3  # type: ignore[attr-defined]
        assert opened.info["loop"] == 0
        opened.seek(1)
        assert opened.convert("RGB").getpixel((3, 3)) == (0, 255, 0)
        opened.seek(0)
        opened.load()
        assert opened.info["duration"] == 250


def test_color_is_red_green_blue_from_the_highest_byte() -> None:
    blue = image_edit.empty_image(width=2, height=1, color=0x0000FF)
    assert blue[0, 0, 0].tolist() == [0, 0, 1]
    assert mask_files.image_color_to_mask(blue, color=255).min() == 1
    assert mask_files.image_color_to_mask(blue, color=254).max() == 0


def test_size_is_width_height_and_count() -> None:
    assert image_batch.get_image_size(PICTURE) == (64, 48, 2)


def test_scaled_sizes_are_as_comfyui_computes_them() -> None:
    photo = torch.rand(1, 30, 50, 3)
    assert scale.image_scale_by(photo, scale_by=1.25).shape == (1, 38, 62, 3)
    total = scale.image_scale_to_total_pixels(photo, megapixels=0.01)
    assert total.shape == (1, 79, 132, 3)  # sqrt(10485 / 1500) times the sides, rounded
    assert scale.image_scale_to_max_dimension(photo, largest_size=100).shape == (1, 60, 100, 3)
    with pytest.raises(DiffusionError):
        scale.image_scale_to_max_dimension(photo, largest_size=0)


def test_rebatched_pictures_of_other_size_begin_a_new_batch() -> None:
    found = image_batch.rebatch_images([PICTURE, PICTURE, OTHER], batch_size=3)
    assert [tuple(batch.shape[:3]) for batch in found] == [(3, 48, 64), (1, 48, 64), (1, 32, 40)]
    assert [len(batch) for batch in image_batch.rebatch_images(PICTURE, batch_size=1)] == [1, 1]


def test_picture_with_alpha_is_refused_where_it_cannot_go_on() -> None:
    with pytest.raises(DiffusionError, match="alpha") as caught:
        image_edit.image_quantize(torch.zeros(1, 4, 4, 4))
    assert "SplitImageWithAlpha" in str(caught.value.hint)
