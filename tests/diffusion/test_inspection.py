"""What a file holds, from its header."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from weft.diffusion import inspect_file
from weft.diffusion.formats.identify import identify
from weft.diffusion.saving import save_tensors

from .. import models


@pytest.mark.parametrize(
    ("make", "kind"),
    [
        (models.tiny_sd1, "checkpoint"),
        (models.tiny_controlnet, "controlnet"),
        (models.tiny_ip_adapter, "ip_adapter"),
        (models.tiny_clip_vision, "clip_vision"),
    ],
)
def test_inspect_tells_kind_whatever_the_name(
    tmp_path: Path, make: Callable[[Path], Path], kind: str
) -> None:
    report = inspect_file(make(tmp_path / "lora-sdxl-vae.bin"))
    assert report.kind == kind
    assert report.precision == "F32"
    assert report.tensors > 5
    assert 0 < report.bytes < (tmp_path / "lora-sdxl-vae.bin").stat().st_size


def test_inspect_half_file_says_f16(tmp_path: Path) -> None:
    report = inspect_file(models.tiny_sd1(tmp_path / "x.safetensors", half=True))
    assert (report.family, report.precision) == ("sd1", "F16")
    assert "tokenizer" in report.metadata


UNET = "model.diffusion_model."
CASES = {
    "sdxl checkpoint": (
        {f"{UNET}label_emb.0.0.weight": (1,), "conditioner.embedders.0.x": (1,)},
        ("checkpoint", "sdxl"),
    ),
    "sd2 checkpoint": (
        {
            f"{UNET}input_blocks.0.0.weight": (320, 4, 3, 3),
            "first_stage_model.x": (1,),
            "cond_stage_model.model.transformer.resblocks.0.x": (1,),
        },
        ("checkpoint", "sd2"),
    ),
    "sd1 inpainting checkpoint": (
        {
            f"{UNET}input_blocks.0.0.weight": (320, 9, 3, 3),
            "first_stage_model.x": (1,),
            "cond_stage_model.transformer.x": (1,),
        },
        ("checkpoint", "sd1_inpaint"),
    ),
    "sd3 network": ({f"{UNET}joint_blocks.0.x": (1,)}, ("unet", "sd3")),
    "flux network": ({"double_blocks.0.x": (1,)}, ("unet", "flux")),
    "kohya lora": ({"lora_unet_down_blocks_0.lora_up.weight": (1,)}, ("lora", "sd1")),
    "flux vae": (
        {
            "encoder.down.0.block.0.conv1.weight": (1,),
            "decoder.conv_in.weight": (512, 16, 3, 3),
        },
        ("vae", "flux"),
    ),
    "embedding": ({"emb_params": (4, 768)}, ("embedding", "sd1")),
    "nothing known": ({"a.b": (1,)}, ("unknown", "unknown")),
}


@pytest.mark.parametrize("case", CASES)
def test_identify_by_names_and_shapes(case: str) -> None:
    shapes, expected = CASES[case]
    found = identify(shapes)
    assert (found.kind, found.family) == expected


def test_inspect_of_unknown_file_says_unknown(tmp_path: Path) -> None:
    save_tensors(tmp_path / "x", {"a": torch.zeros(3)})
    assert inspect_file(tmp_path / "x").kind == "unknown"
