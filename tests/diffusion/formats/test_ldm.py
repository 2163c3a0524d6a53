"""Key names between LDM files and diffusers, both ways."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import weft.diffusion as wd
from weft.diffusion.formats.ldm import Part, from_ldm, to_ldm
from weft.diffusion.formats.shapes import controlnet_config, unet_config, vae_config

from ... import models

LEVELS = st.lists(st.booleans(), min_size=1, max_size=5)


def numbered(module: Any) -> dict[str, torch.Tensor]:
    """Every tensor of a module filled with a number of its own; takes no memory."""
    shapes = {name: t.shape for name, t in module.state_dict().items()}
    return {name: torch.tensor(float(i)).expand(s) for i, (name, s) in enumerate(shapes.items())}


def same(left: dict[str, torch.Tensor], right: dict[str, torch.Tensor]) -> bool:
    return left.keys() == right.keys() and all(
        left[name].shape == right[name].shape and torch.equal(left[name], right[name])
        for name in left
    )


def shapes_of(tensors: dict[str, torch.Tensor]) -> dict[str, tuple[int, ...]]:
    return {name: tuple(tensor.shape) for name, tensor in tensors.items()}


@settings(max_examples=12)
@given(attention=LEVELS, layers=st.integers(1, 3), context=st.sampled_from([32, 48]))
def test_unet_round_trip_is_exact_for_any_layout(
    attention: list[bool], layers: int, context: int
) -> None:
    from diffusers import UNet2DConditionModel

    with torch.device("meta"):
        unet = UNet2DConditionModel(
            block_out_channels=tuple(32 * (1 + i % 2) for i in range(len(attention))),
            layers_per_block=layers,
            down_block_types=tuple(
                "CrossAttnDownBlock2D" if a else "DownBlock2D" for a in attention
            ),
            up_block_types=tuple(
                "CrossAttnUpBlock2D" if a else "UpBlock2D" for a in reversed(attention)
            ),
            cross_attention_dim=context,
            attention_head_dim=8,
        )
    state = numbered(unet)
    stored = to_ldm("unet", state)
    assert len(stored) == len(state)
    assert same(from_ldm("unet", stored), state)
    with torch.device("meta"):
        again = UNet2DConditionModel(**unet_config(shapes_of(state)))
    assert shapes_of(again.state_dict()) == shapes_of(state)


@settings(max_examples=6)
@given(attention=LEVELS, layers=st.integers(1, 2), hint=st.integers(2, 4))
def test_controlnet_round_trip_is_exact_for_any_layout(
    attention: list[bool], layers: int, hint: int
) -> None:
    from diffusers import ControlNetModel

    with torch.device("meta"):
        net = ControlNetModel(
            block_out_channels=(32,) * len(attention),
            layers_per_block=layers,
            down_block_types=tuple(
                "CrossAttnDownBlock2D" if a else "DownBlock2D" for a in attention
            ),
            cross_attention_dim=32,
            attention_head_dim=8,
            conditioning_embedding_out_channels=(16, 32, 32, 64)[:hint],
        )
    state = numbered(net)
    assert same(from_ldm("controlnet", to_ldm("controlnet", state)), state)
    with torch.device("meta"):
        again = ControlNetModel(**controlnet_config(shapes_of(state)))
    assert shapes_of(again.state_dict()) == shapes_of(state)


@settings(max_examples=6)
@given(levels=st.integers(1, 5), layers=st.integers(1, 3))
def test_vae_round_trip_is_exact_for_any_layout(levels: int, layers: int) -> None:
    from diffusers import AutoencoderKL

    with torch.device("meta"):
        vae = AutoencoderKL(
            block_out_channels=(32, 64, 32, 64, 32)[:levels],
            layers_per_block=layers,
            down_block_types=("DownEncoderBlock2D",) * levels,
            up_block_types=("UpDecoderBlock2D",) * levels,
        )
    state = numbered(vae)
    stored = to_ldm("vae", state)
    assert stored["encoder.mid.attn_1.q.weight"].ndim == 4
    assert same(from_ldm("vae", stored), state)
    with torch.device("meta"):
        again = AutoencoderKL(**vae_config(shapes_of(state)))
    assert shapes_of(again.state_dict()) == shapes_of(state)


def test_text_encoder_round_trip_is_exact_from_flat_and_nested_names() -> None:
    flat = {
        k.removeprefix("text_model."): v for k, v in models.tiny_text_encoder().state_dict().items()
    }
    flat = {k: v for k, v in flat.items() if not k.endswith("position_ids")}
    nested = {f"text_model.{name}": tensor for name, tensor in flat.items()}
    assert same(from_ldm("text_encoder", to_ldm("text_encoder", flat)), flat)
    assert same(to_ldm("text_encoder", nested), flat)


@pytest.mark.parametrize("part", ["unet", "vae", "controlnet"])
def test_key_of_no_layer_is_refused_by_name(part: Part) -> None:
    builders = {
        "unet": models.tiny_unet,
        "vae": models.tiny_vae,
        "controlnet": models.tiny_controlnet_model,
    }
    state = builders[part]().state_dict() | {"strange.weight": torch.zeros(1)}
    with pytest.raises(wd.ModelError, match=r"strange\.weight"):
        to_ldm(part, state)


@pytest.mark.parametrize("kind", ["unet", "vae", "controlnet"])
def test_diffusers_own_converter_reads_our_file_the_same(
    kind: str, checkpoint: Path, folder: Path, tmp_path: Path
) -> None:
    import diffusers

    name, reference = {
        "unet": ("UNet2DConditionModel", models.tiny_unet(seed=0)),
        "vae": ("AutoencoderKL", models.tiny_vae(seed=1)),
        "controlnet": ("ControlNetModel", models.tiny_controlnet_model(seed=3)),
    }[kind]
    path = checkpoint
    if kind == "controlnet":
        path = models.tiny_controlnet(tmp_path / "net.safetensors", seed=3)
    reference.save_config(tmp_path)
    read = getattr(diffusers, name).from_single_file(str(path), config=str(tmp_path))
    assert same(dict(read.state_dict()), dict(reference.state_dict()))


def test_diffusers_own_text_converter_reads_our_file_the_same(
    checkpoint: Path, tmp_path: Path
) -> None:
    from diffusers.loaders.single_file_utils import create_diffusers_clip_model_from_ldm
    from safetensors.torch import load_file
    from transformers import CLIPTextModel

    reference = models.tiny_text_encoder(seed=2)
    reference.config.save_pretrained(tmp_path / "text_encoder")
    read = create_diffusers_clip_model_from_ldm(
        CLIPTextModel,
        checkpoint=load_file(checkpoint),
        config=str(tmp_path),
        subfolder="text_encoder",
        local_files_only=True,
    )
    assert same(dict(read.state_dict()), dict(reference.state_dict()))


def test_loaded_networks_hold_the_saved_tensors_bit_for_bit(
    model: wd.Model, clip: wd.Clip, vae: wd.Vae
) -> None:
    for weights, reference in (
        (model.weights, models.tiny_unet(seed=0)),
        (vae.weights, models.tiny_vae(seed=1)),
        (clip.weights, models.tiny_text_encoder(seed=2)),
    ):
        assert same(dict(weights.module.state_dict()), dict(reference.state_dict()))
