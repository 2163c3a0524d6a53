"""Which layer an entry of a LoRA file belongs to: all spellings of a network's layers. No torch.

Files name layers in many ways: kohya with underscores ("lora_unet_down_blocks_0_..."), with the
original UNet's names or diffusers'; diffusers and peft with dots. Rather than parse these, every
layer of the network at hand is spelled in every way, and the stem is looked up.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

from ...errors import ModelError
from ...formats.ldm import diffusers_to_ldm_names
from ...formats.transformer_names import original_layers, swapped_layers

_DENOISER_UNDERSCORED = ("lora_unet_", "lora_transformer_", "lycoris_", "oft_unet_")
_DENOISER_DOTTED = (
    "unet.",
    "transformer.",
    "diffusion_model.",
    "model.diffusion_model.",
    "base_model.model.",
    "",
)


Spellings: TypeAlias = Mapping[str, tuple[str, ...]]
"""Stem -> the layers that it means, in the order of their rows; nearly always one. SWAPPED before a
layer says that its halves of rows have changed places."""
SWAPPED = "swapped:"


def denoiser_spellings(kind: str, names: Iterable[str]) -> Spellings:
    """The spellings of a UNet or transformer, given by its tensor names."""
    names = list(names)
    layers = _layers(names)
    spelled: dict[tuple[str, ...], set[str]] = {(layer,): {layer} for layer in layers}
    if kind == "unet":
        for layer, original in _original_names(layers).items():
            spelled[layer,].add(original)
    else:
        for original, targets in original_layers(names).items():
            spelled.setdefault(targets, set()).add(original)
            if original.startswith("single_blocks."):  # XLabs' names of its attention alone
                stem, _, last = original.rpartition(".")
                if last == "linear1":
                    spelled[targets[:3]] = {f"{stem}.qkv"}
                elif last == "linear2":
                    spelled[targets].add(f"{stem}.proj")
        for original, target in swapped_layers(names).items():
            spelled[SWAPPED + target,] = {original}
    return _spell(spelled, _DENOISER_UNDERSCORED, _DENOISER_DOTTED)


def text_spellings(number: int, role: str, names: Iterable[str]) -> Spellings:
    """The spellings of one of a model's text encoders.

    Args:
        number: Which one it is, from 0.
        role: Which encoder it is; the SDXL refiner's only one is the base model's second.
        names: Its tensor names.
    """
    numbers = {number + 1, 2} if role == "CLIP-G" else {number + 1}
    underscored = [f"lora_te{n}_" for n in numbers]
    dotted = [f"text_encoder_{n}." for n in numbers if n > 1]
    if number == 0:
        underscored.append("lora_te_")
        dotted.append("text_encoder.")
    spelled: dict[tuple[str, ...], set[str]] = {}
    for layer in _layers(names):
        plain = layer.removeprefix("text_model.")
        spelled[layer,] = {plain, f"text_model.{plain}"}
        # T5 hides its layers behind "transformer" in some files.
        if plain.startswith(("encoder.block.", "shared")):
            spelled[layer,].add(f"transformer.{plain}")
    return _spell(spelled, underscored, dotted)


def _layers(names: Iterable[str]) -> list[str]:
    """Names of the modules that have tensors of their own, in order, each once."""
    return list(dict.fromkeys(name.rpartition(".")[0] for name in names if "." in name))


def _original_names(layers: Sequence[str]) -> Mapping[str, str]:
    """Layer -> name in the original UNet's layout; {} for a UNet that has none."""
    probes = {f"{layer}.weight": layer for layer in layers}
    try:
        table = diffusers_to_ldm_names("unet", probes)
    except ModelError:
        return {}
    return {probes[new]: old.removesuffix(".weight") for new, old in table.items()}


def _spell(
    spelled: Mapping[tuple[str, ...], Iterable[str]],
    underscored: Sequence[str],
    dotted: Sequence[str],
) -> Spellings:
    found: dict[str, tuple[str, ...]] = {}
    for layers, names in spelled.items():
        for name in names:
            for prefix in underscored:
                found[prefix + name.replace(".", "_")] = layers
            for prefix in dotted:
                found[prefix + name] = layers
    return found
