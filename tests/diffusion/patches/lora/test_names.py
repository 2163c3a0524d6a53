"""Every spelling of the same LoRA gives the same weights."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

import weft.diffusion as wd
from weft.diffusion.formats.ldm import diffusers_to_ldm_names
from weft.diffusion.patches.lora.apply import apply_lora, fit_lora
from weft.diffusion.patches.lora.blocks import block_names, parse_block_weights, weight_of
from weft.diffusion.patches.lora.file import load_lora

from .conftest import Write, attention_layers, factors, random, text_layers

Factors = dict[str, tuple[Tensor, Tensor]]
Spell = Callable[[Factors, Factors, wd.Model], dict[str, Tensor]]
ALPHA = 1.0


def pair(stem: str, up: str, down: str, both: tuple[Tensor, Tensor]) -> dict[str, Tensor]:
    return {stem + up: both[0], stem + down: both[1]}


def kohya(unet: Factors, text: Factors, model: wd.Model) -> dict[str, Tensor]:
    found = {}
    for prefix, layers in (("lora_unet_", unet), ("lora_te_text_model_", text)):
        for layer, both in layers.items():
            stem = prefix + layer.replace(".", "_")
            found |= pair(stem, ".lora_up.weight", ".lora_down.weight", both)
    return found


def kohya_original(unet: Factors, text: Factors, model: wd.Model) -> dict[str, Tensor]:
    old = diffusers_to_ldm_names("unet", model.weights.shapes)
    found = kohya({}, text, model)
    for layer, both in unet.items():
        stem = "lora_unet_" + old[f"{layer}.weight"].removesuffix(".weight").replace(".", "_")
        found |= pair(stem, ".lora_up.weight", ".lora_down.weight", both)
    return found


def dotted(up: str, down: str, text_prefix: str = "text_encoder.text_model.") -> Spell:
    def spell(unet: Factors, text: Factors, model: wd.Model) -> dict[str, Tensor]:
        found = {}
        for prefix, layers in (("unet.", unet), (text_prefix, text)):
            for layer, both in layers.items():
                found |= pair(prefix + layer, up, down, both)
        return found

    return spell


def old_diffusers(unet: Factors, text: Factors, model: wd.Model) -> dict[str, Tensor]:
    found = {}
    for layer, both in unet.items():
        stem = "unet." + layer.removesuffix(".0").replace(".to_", ".processor.to_")
        found |= pair(stem, "_lora.up.weight", "_lora.down.weight", both)
    for layer, both in text.items():
        name = {"out_proj": "to_out"}.get(layer.split(".")[-1], "to_" + layer.split(".")[-1][0])
        stem = f"text_encoder.text_model.{layer.rpartition('.')[0]}.{name}"
        found |= pair(stem, "_lora.up.weight", "_lora.down.weight", both)
    return found


def peft_unet(unet: Factors, text: Factors, model: wd.Model) -> dict[str, Tensor]:
    found = kohya({}, text, model)
    for layer, both in unet.items():
        stem = "base_model.model." + layer
        found |= pair(stem, ".lora_B.default.weight", ".lora_A.default.weight", both)
    return found


SPELLINGS: dict[str, Spell] = {
    "kohya with original names": kohya_original,
    "diffusers": dotted(".lora.up.weight", ".lora.down.weight"),
    "diffusers, peft names": dotted(".lora_B.weight", ".lora_A.weight"),
    "diffusers, linear layers": dotted(
        ".lora_linear_layer.up.weight", ".lora_linear_layer.down.weight"
    ),
    "diffusers, flat text encoder": dotted(".lora_B.weight", ".lora_A.weight", "text_encoder."),
    "diffusers, attention processors": old_diffusers,
    "peft": peft_unet,
}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_lora_in_another_spelling_gives_the_same_weights(
    write: Write, model: wd.Model, clip: wd.Clip, spelling: str
) -> None:
    unet = factors(model.weights, attention_layers(model.weights))
    text = factors(clip.weights, text_layers(clip.weights), seed=50)
    found = []
    for spell in (kohya, SPELLINGS[spelling]):
        style = load_lora(write(spell(unet, text, model), name=f"{spell.__name__}.safetensors"))
        assert fit_lora(model, clip, style).unused == ()
        found.append(apply_lora(model, clip, style, 0.6, 0.4))
    for left, right in zip(*found, strict=True):
        assert left is not None and right is not None
        ours, theirs = left.weights.module.state_dict(), right.weights.module.state_dict()
        plain = model.weights if isinstance(left, wd.Model) else clip.weights
        assert any(not torch.equal(plain.tensor(name), ours[name]) for name in ours)
        assert all(torch.equal(ours[name], theirs[name]) for name in ours)


def test_peft_settings_in_the_header_scale_each_layer(write: Write, model: wd.Model) -> None:
    layers = attention_layers(model.weights)
    unet = factors(model.weights, layers, rank=2)
    settings = {"unet.r": 2, "unet.lora_alpha": 6, "unet.alpha_pattern": {layers[0]: 1}}
    settings["unet.rank_pattern"] = {}
    tensors = dotted(".lora_B.weight", ".lora_A.weight")(unet, {}, model)
    style = load_lora(write(tensors, {"lora_adapter_metadata": json.dumps(settings)}))
    patched, _ = apply_lora(model, None, style)
    for layer in layers[:2]:
        scale = 0.5 if layer == layers[0] else 3.0
        name = f"{layer}.weight"
        expected = model.weights.tensor(name) + scale * unet[layer][0] @ unet[layer][1]
        assert torch.allclose(patched.weights.tensor(name), expected, atol=1e-6)


def test_rank_stabilised_peft_divides_by_the_root_of_the_rank(
    write: Write, model: wd.Model
) -> None:
    layer = attention_layers(model.weights)[0]
    unet = factors(model.weights, [layer], rank=4)
    settings = {"unet.r": 4, "unet.lora_alpha": 6, "unet.use_rslora": True}
    tensors = dotted(".lora_B.weight", ".lora_A.weight")(unet, {}, model)
    style = load_lora(write(tensors, {"lora_adapter_metadata": json.dumps(settings)}))
    patched, _ = apply_lora(model, None, style)
    expected = model.weights.tensor(f"{layer}.weight") + 3.0 * unet[layer][0] @ unet[layer][1]
    assert torch.allclose(patched.weights.tensor(f"{layer}.weight"), expected, atol=1e-6)


def test_lycoris_file_changes_convolutions_biases_and_norms(write: Write, model: wd.Model) -> None:
    shapes = model.weights.shapes
    conv, norm = "down_blocks.0.resnets.0.conv1", "down_blocks.0.resnets.0.norm1"
    out, into, height, width = shapes[f"{conv}.weight"]
    stem = "lora_unet_" + conv.replace(".", "_")
    norm_stem = "lora_unet_" + norm.replace(".", "_")
    tensors = {
        f"{stem}.hada_w1_a": random(out, 2),
        f"{stem}.hada_w1_b": random(2, into * height * width),
        f"{stem}.hada_w2_a": random(out, 2, seed=1),
        f"{stem}.hada_w2_b": random(2, into * height * width, seed=1),
        f"{stem}.alpha": torch.tensor(1.0),
        f"{stem}.diff_b": random(out),
        f"{norm_stem}.w_norm": random(*shapes[f"{norm}.weight"]),
        f"{norm_stem}.b_norm": random(*shapes[f"{norm}.bias"]),
    }
    patched, _ = apply_lora(model, None, load_lora(write(tensors)), 0.5)
    first = tensors[f"{stem}.hada_w1_a"] @ tensors[f"{stem}.hada_w1_b"]
    second = tensors[f"{stem}.hada_w2_a"] @ tensors[f"{stem}.hada_w2_b"]
    for name, change in (
        (f"{conv}.weight", (first * second / 2).reshape(shapes[f"{conv}.weight"])),
        (f"{conv}.bias", tensors[f"{stem}.diff_b"]),
        (f"{norm}.weight", tensors[f"{norm_stem}.w_norm"]),
        (f"{norm}.bias", tensors[f"{norm_stem}.b_norm"]),
    ):
        expected = model.weights.tensor(name) + 0.5 * change
        assert torch.allclose(patched.weights.tensor(name), expected, atol=1e-6)


def test_bias_of_a_layer_that_has_none_is_refused(write: Write, model: wd.Model) -> None:
    layer = next(n for n in attention_layers(model.weights) if n.endswith("to_q"))
    style = load_lora(write({"lora_unet_" + layer.replace(".", "_") + ".diff_b": random(4)}))
    with pytest.raises(wd.ModelError) as caught:
        apply_lora(model, None, style)
    assert caught.value.code == "lora.no_such_bias"


def test_block_weights_by_name_take_the_longest_that_fits() -> None:
    weights = parse_block_weights("IN=0.5, IN02=0, mid = 2")
    assert [weight_of(b, weights) for b in ("IN01", "IN02", "MID", "OUT03")] == [0.5, 0, 2, 1]


def test_block_weights_as_a_list_have_the_names_of_the_field() -> None:
    weights = parse_block_weights(",".join(str(n) for n in range(17)))
    assert (weights["BASE"], weights["IN08"], weights["MID"], weights["OUT11"]) == (0, 6, 7, 16)
    assert parse_block_weights("") == {}
    assert len(parse_block_weights(",".join("1" * 12))) == 12


@pytest.mark.parametrize("text", ["1,2,3", "X=1", "IN01=much", "IN01=inf", "IN1=2"])
def test_block_weights_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(wd.ParameterError) as caught:
        parse_block_weights(text)
    assert caught.value.code == "lora.bad_block_weights"


def test_blocks_have_the_names_of_the_original_unet(model: wd.Model) -> None:
    blocks = block_names("unet", model.weights.shapes)
    assert blocks["conv_in.weight"] == "IN00"
    assert blocks["mid_block.attentions.0.norm.weight"] == "MID"
    assert blocks["down_blocks.0.resnets.0.conv1.weight"] == "IN01"
    assert blocks["time_embedding.linear_1.weight"] == "BASE"
    assert blocks["up_blocks.0.resnets.0.conv1.weight"] == "OUT00"
