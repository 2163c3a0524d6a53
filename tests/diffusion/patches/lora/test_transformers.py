"""LoRAs of transformers: published names with joined layers, and diffusers' names."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

import weft.diffusion as wd
from weft.diffusion.formats.transformer_names import original_layers
from weft.diffusion.patches.lora.apply import apply_lora, fit_lora
from weft.diffusion.patches.lora.file import load_lora

from .... import families
from .conftest import Write, random

CASES = {
    "flux": (
        families.tiny_flux,
        {
            "double_blocks.0.img_attn.qkv": ("attn.to_q", "attn.to_k", "attn.to_v"),
            "double_blocks.0.txt_mlp.0": ("ff_context.net.0.proj",),
        },
    ),
    "sd3": (
        families.tiny_sd3,
        {
            "joint_blocks.0.context_block.attn.qkv": (
                "attn.add_q_proj",
                "attn.add_k_proj",
                "attn.add_v_proj",
            ),
            "joint_blocks.0.x_block.mlp.fc1": ("ff.net.0.proj",),
        },
    ),
}


@pytest.mark.parametrize("prefix", ["lora_unet_", "diffusion_model."])
@pytest.mark.parametrize("name", CASES)
def test_joined_layers_are_cut_into_those_of_the_network(
    write: Write, tmp_path: Path, name: str, prefix: str
) -> None:
    make, layers = CASES[name]
    model, clip, _ = wd.load_checkpoint(make(tmp_path / "model.safetensors").path)
    tensors, expected = {}, {}
    for original, targets in layers.items():
        names = [f"transformer_blocks.0.{target}.weight" for target in targets]
        rows = [model.weights.shapes[n][0] for n in names]
        up, down = random(sum(rows), 2), random(2, model.weights.shapes[names[0]][1])
        stem = prefix + (original.replace(".", "_") if prefix.endswith("_") else original)
        tensors |= {f"{stem}.lora_up.weight": up, f"{stem}.lora_down.weight": down}
        expected |= dict(zip(names, (up @ down).split(rows), strict=True))
    style = load_lora(write(tensors))
    assert style.family == name
    assert fit_lora(model, clip, style).unused == ()
    patched, _ = apply_lora(model, clip, style, 0.5)
    for layer, change in expected.items():
        wanted = model.weights.tensor(layer) + 0.5 * change
        assert torch.allclose(patched.weights.tensor(layer), wanted, atol=1e-6)
    plain = model.weights.module.state_dict()
    moved = {n for n, t in patched.weights.module.state_dict().items() if not t.equal(plain[n])}
    assert moved == set(expected)


def test_every_layer_of_a_single_block_has_its_place(tmp_path: Path) -> None:
    model, _, _ = wd.load_checkpoint(families.tiny_flux(tmp_path / "model.safetensors").path)
    layers = original_layers(model.weights.shapes)
    front = "single_transformer_blocks.0."
    assert layers["single_blocks.0.linear1"] == (
        f"{front}attn.to_q",
        f"{front}attn.to_k",
        f"{front}attn.to_v",
        f"{front}proj_mlp",
    )
    told = {target for targets in layers.values() for target in targets}
    linear = {n.removesuffix(".weight") for n, s in model.weights.shapes.items() if len(s) == 2}
    assert linear - told == {"norm_out.linear"}  # its halves change places


def test_second_encoder_of_sdxl_is_found_alone_in_the_refiner(write: Write, tmp_path: Path) -> None:
    model, clip, _ = wd.load_checkpoint(families.tiny_refiner(tmp_path / "r.safetensors").path)
    layer = "encoder.layers.0.self_attn.q_proj"
    out, into = clip.weights.shapes[f"{layer}.weight"]
    stem = "lora_te2_text_model_" + layer.replace(".", "_")
    tensors = {
        f"{stem}.lora_up.weight": random(out, 2),
        f"{stem}.lora_down.weight": random(2, into),
    }
    style = load_lora(write(tensors))
    _, text = apply_lora(model, clip, style)
    assert text is not None
    assert text.weights is not clip.weights
