"""What a file holds, from its header."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from weft.diffusion import inspect_file
from weft.diffusion.files.saving import save_tensors
from weft.diffusion.networks.identify import identify

from ... import models


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
BLOCK = "middle_block.1.transformer_blocks.0.attn2.to_k.weight"
FIRST, LABEL = f"{UNET}input_blocks.0.0.weight", f"{UNET}label_emb.0.0.weight"
WHOLE = {"first_stage_model.x": (1,), "cond_stage_model.x": (1,)}
CASES: dict[str, tuple[dict[str, tuple[int, ...]], tuple[str, str, str]]] = {
    "sdxl checkpoint": (
        {FIRST: (320, 4, 3, 3), LABEL: (1280, 2816), UNET + BLOCK: (1280, 2048), **WHOLE},
        ("checkpoint", "sdxl", ""),
    ),
    "sdxl inpainting network": (
        {FIRST: (320, 9, 3, 3), LABEL: (1280, 2816), UNET + BLOCK: (1280, 2048)},
        ("unet", "sdxl", "inpaint"),
    ),
    "sdxl refiner": (
        {FIRST: (384, 4, 3, 3), LABEL: (1536, 2560), UNET + BLOCK: (1536, 1280), **WHOLE},
        ("checkpoint", "sdxl_refiner", ""),
    ),
    "playground network": (
        {
            FIRST: (320, 4, 3, 3),
            LABEL: (1280, 2816),
            UNET + BLOCK: (1280, 2048),
            "edm_mean": (4,),
        },
        ("unet", "playground", ""),
    ),
    "sd2 checkpoint": (
        {FIRST: (320, 4, 3, 3), UNET + BLOCK: (1280, 1024), **WHOLE},
        ("checkpoint", "sd2", ""),
    ),
    "sd1 inpainting checkpoint": (
        {FIRST: (320, 9, 3, 3), UNET + BLOCK: (1280, 768), **WHOLE},
        ("checkpoint", "sd1", "inpaint"),
    ),
    "instruct-pix2pix network": (
        {FIRST: (320, 8, 3, 3), UNET + BLOCK: (1280, 768)},
        ("unet", "sd1", "edit"),
    ),
    "sd2 controlnet": (
        {
            "control_model.input_hint_block.0.weight": (16, 3, 3, 3),
            "control_model.input_blocks.0.0.weight": (320, 4, 3, 3),
            "control_model." + BLOCK: (1280, 1024),
        },
        ("controlnet", "sd2", ""),
    ),
    "sdxl controlnet": (
        {
            "controlnet_cond_embedding.conv_in.weight": (16, 3, 3, 3),
            "add_embedding.linear_1.weight": (1280, 2816),
            "mid_block.attentions.0.transformer_blocks.0.attn2.to_k.weight": (1280, 2048),
        },
        ("controlnet", "sdxl", ""),
    ),
    "kohya lora": ({"lora_unet_down_blocks_0.lora_up.weight": (1,)}, ("lora", "unknown", "")),
    "flux vae": (
        {
            "encoder.down.0.block.0.conv1.weight": (1,),
            "decoder.conv_in.weight": (512, 16, 3, 3),
        },
        ("vae", "kl16", ""),
    ),
    "embedding": ({"emb_params": (4, 768)}, ("embedding", "sd1", "")),
    "nothing known": ({"a.b": (1,)}, ("unknown", "unknown", "")),
}


@pytest.mark.parametrize("case", CASES)
def test_identify_by_names_and_shapes(case: str) -> None:
    shapes, expected = CASES[case]
    found = identify(shapes)
    assert (found.kind, found.family, found.variant) == expected


def test_inspect_of_unknown_file_says_unknown(tmp_path: Path) -> None:
    save_tensors(tmp_path / "x", {"a": torch.zeros(3)})
    assert inspect_file(tmp_path / "x").kind == "unknown"
