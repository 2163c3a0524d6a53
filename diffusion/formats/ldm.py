"""Key names of one network in two layouts: LDM single files (CompVis) and diffusers.

Both directions come from one table of module prefixes, so that they cannot drift apart. The table
is made for any number of levels, layers per level and attention levels, read from the keys.

Keys here carry no checkpoint prefix ("model.diffusion_model." and so on): see `PREFIXES`.
Tensors are only touched through `.shape` and `.reshape`, so anything array-like works.

Source: the layouts of CompVis/stable-diffusion and of diffusers 0.42; facts only, written anew.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Literal, TypeAlias, TypeVar

from ..errors import ModelError

Part: TypeAlias = Literal["unet", "vae", "text_encoder", "controlnet"]

PREFIXES: Mapping[Part, str] = {
    "unet": "model.diffusion_model.",
    "vae": "first_stage_model.",
    "text_encoder": "cond_stage_model.transformer.text_model.",
    "controlnet": "control_model.",
}
"""What a full checkpoint puts in front of the LDM keys of each part."""

_RESNET = {
    "in_layers.0": "norm1",
    "in_layers.2": "conv1",
    "emb_layers.1": "time_emb_proj",
    "out_layers.0": "norm2",
    "out_layers.3": "conv2",
    "skip_connection": "conv_shortcut",
}
_VAE_RESNET = {
    "norm1": "norm1",
    "conv1": "conv1",
    "norm2": "norm2",
    "conv2": "conv2",
    "nin_shortcut": "conv_shortcut",
}
_VAE_ATTENTION = {
    "norm": "group_norm",
    "q": "to_q",
    "k": "to_k",
    "v": "to_v",
    "proj_out": "to_out.0",
}
_OLD_DIFFUSERS_ATTENTION = {
    "query": "to_q",
    "key": "to_k",
    "value": "to_v",
    "proj_attn": "to_out.0",
}
LABEL, ADDED, CLASSES = "label_emb.0", "add_embedding", "class_embedding"
"""One layer of published files is two in diffusers: SDXL's sizes, and the pictures of unCLIP."""
_SKIPPED = frozenset({"embeddings.position_ids"})
"""Entries of old files that hold no weights."""


A = TypeVar("A")


def to_ldm(part: Part, tensors: Mapping[str, A], *, prefix: bool = False) -> dict[str, A]:
    """Rename a diffusers (transformers) state dict to LDM names.

    Args:
        part: Which network it is.
        tensors: State dict with diffusers names; the text encoder flat or under "text_model.".
        prefix: Also put the checkpoint prefix of this part in front.

    Returns:
        The same tensors, bit for bit, under LDM names; the VAE's attention weights get their
        1x1-convolution shape (C, C, 1, 1).

    Raises:
        ModelError: A key does not belong to this part.
    """
    names = diffusers_to_ldm_names(part, tensors)
    front = PREFIXES[part] if prefix else ""
    return {front + names[key]: _as_conv(part, key, tensors[key]) for key in names}


def from_ldm(part: Part, tensors: Mapping[str, A]) -> dict[str, A]:
    """Rename an LDM state dict (without checkpoint prefix) to diffusers names; inverse of `to_ldm`.

    The VAE's attention weights become linear (C, C).

    Raises:
        ModelError: A key does not belong to this part.
    """
    names = ldm_to_diffusers_names(part, tensors)
    return {names[key]: _as_linear(part, names[key], tensors[key]) for key in names}


def ldm_to_diffusers_names(part: Part, keys: Iterable[str]) -> dict[str, str]:
    """Map LDM names to diffusers names; entries that hold no weights are left out."""
    keys = [key for key in keys if key not in _SKIPPED]
    if part == "text_encoder":
        return {key: key for key in keys}
    table = _table(part, keys, ldm=True)
    return {key: _rename(part, key, table) for key in keys}


def diffusers_to_ldm_names(part: Part, keys: Iterable[str]) -> dict[str, str]:
    """Map diffusers names to LDM names; entries that hold no weights are left out."""
    keys = list(keys)
    if part == "text_encoder":
        names = {key: key.removeprefix("text_model.") for key in keys}
        return {key: name for key, name in names.items() if name not in _SKIPPED}
    table = {new: old for old, new in _table(part, keys, ldm=False).items()}
    return {key: _rename(part, key, table) for key in keys}


def modern_diffusers_name(part: Part, key: str) -> str:
    """The present name of a key from an older diffusers or transformers folder."""
    if part == "text_encoder":
        return key.removeprefix("text_model.")
    if part == "vae" and ".attentions." in key:
        stem, _, field = key.rpartition(".")
        stem, _, layer = stem.rpartition(".")
        return f"{stem}.{_OLD_DIFFUSERS_ATTENTION.get(layer, layer)}.{field}"
    return key


def _rename(part: Part, key: str, table: Mapping[str, str]) -> str:
    stem, tail = key, ""
    while stem:
        if stem in table:
            return table[stem] + tail
        stem, _, last = stem.rpartition(".")
        tail = f".{last}{tail}"
    raise ModelError(
        "model.unknown_key",
        f'Tensor "{key}" belongs to no layer of a {part} in the Stable Diffusion layout.',
        hint="The file holds another network, or a variant that weft does not support yet.",
    )


def _as_conv(part: Part, diffusers_key: str, tensor: A) -> A:
    if _is_vae_projection(part, diffusers_key) and len(tensor.shape) == 2:  # type: ignore[attr-defined]
        return tensor.reshape(*tensor.shape, 1, 1)  # type: ignore[attr-defined,no-any-return]
    return tensor


def _as_linear(part: Part, diffusers_key: str, tensor: A) -> A:
    if _is_vae_projection(part, diffusers_key) and len(tensor.shape) == 4:  # type: ignore[attr-defined]
        return tensor.reshape(tensor.shape[:2])  # type: ignore[attr-defined,no-any-return]
    return tensor


def _is_vae_projection(part: Part, diffusers_key: str) -> bool:
    return (
        part == "vae"
        and ".attentions." in diffusers_key
        and diffusers_key.endswith(("to_q.weight", "to_k.weight", "to_v.weight", "to_out.0.weight"))
    )


# --- tables of module prefixes, LDM name -> diffusers name ---------------------------------------


def _table(part: Part, keys: Iterable[str], *, ldm: bool) -> dict[str, str]:
    if part == "vae":
        return _vae_table(_vae_levels(keys, ldm=ldm))
    keys = list(keys)
    levels = _unet_levels_ldm(keys) if ldm else _unet_levels_diffusers(keys)
    classes = any(key.startswith(CLASSES) for key in keys)
    table = _unet_down_table(levels, CLASSES if classes else ADDED)
    if part == "controlnet":
        return table | _controlnet_table(levels, keys, ldm=ldm)
    return table | _unet_up_table(levels)


class _Level:
    """One resolution: how many residual blocks, and which of them attend (down and up way)."""

    def __init__(self) -> None:
        self.layers = 0
        self.down_attention: set[int] = set()
        self.up_attention: set[int] = set()


def _unet_levels_diffusers(keys: Iterable[str]) -> list[_Level]:
    levels: dict[int, _Level] = {}
    for key in keys:
        match = re.match(r"(down|up)_blocks\.(\d+)\.(resnets|attentions)\.(\d+)\.", key)
        if match is None:
            continue
        way, block, kind, index = match[1], int(match[2]), match[3], int(match[4])
        if way == "down":
            level = levels.setdefault(block, _Level())
            if kind == "resnets":
                level.layers = max(level.layers, index + 1)
            else:
                level.down_attention.add(index)
        elif kind == "attentions":
            # Counted from the bottom; turned over below, when the number of levels is known.
            levels.setdefault(-block - 1, _Level()).up_attention.add(index)
    count = sum(1 for block in levels if block >= 0)
    if count == 0:
        raise _no_blocks()
    ordered = [levels.get(block, _Level()) for block in range(count)]
    for block, level in levels.items():
        if block < 0:
            position = count + block  # up block 0 belongs to the last level
            if 0 <= position < count:
                ordered[position].up_attention = level.up_attention
    return ordered


def _unet_levels_ldm(keys: Iterable[str]) -> list[_Level]:
    resnets: dict[str, set[int]] = {"input": set(), "output": set()}
    attention: dict[str, set[int]] = {"input": set(), "output": set()}
    downs: set[int] = set()
    for key in keys:
        match = re.match(r"(input|output)_blocks\.(\d+)\.(\d+)\.(.+)", key)
        if match is None:
            continue
        way, block, slot, rest = match[1], int(match[2]), int(match[3]), match[4]
        if slot == 0 and rest.startswith("in_layers."):
            resnets[way].add(block)
        elif slot == 0 and rest.startswith("op."):
            downs.add(block)
        elif slot == 1 and rest.startswith("transformer_blocks."):
            attention[way].add(block)
    if not resnets["input"]:
        raise _no_blocks()
    levels = [_Level()]
    for block in range(1, max(resnets["input"]) + 1):
        if block in downs:
            levels.append(_Level())
            continue
        if block in attention["input"]:
            levels[-1].down_attention.add(levels[-1].layers)
        levels[-1].layers += 1
    block = 0
    for level in reversed(levels):
        for index in range(level.layers + 1):
            if block in attention["output"]:
                level.up_attention.add(index)
            block += 1
    return levels


def _no_blocks() -> ModelError:
    return ModelError(
        "model.wrong_kind",
        "No UNet blocks were found among the tensor names.",
        hint="Choose a file that holds a Stable Diffusion UNet or ControlNet.",
    )


def _resnet(old: str, new: str) -> dict[str, str]:
    return {f"{old}.{a}": f"{new}.{b}" for a, b in _RESNET.items()}


def _unet_down_table(levels: list[_Level], told: str) -> dict[str, str]:
    table = {
        "time_embed.0": "time_embedding.linear_1",
        "time_embed.2": "time_embedding.linear_2",
        "time_embed.cond_proj": "time_embedding.cond_proj",
        f"{LABEL}.0": f"{told}.linear_1",
        f"{LABEL}.2": f"{told}.linear_2",
        "input_blocks.0.0": "conv_in",
    }
    block = 1
    for number, level in enumerate(levels):
        new = f"down_blocks.{number}"
        for layer in range(level.layers):
            table |= _resnet(f"input_blocks.{block}.0", f"{new}.resnets.{layer}")
            if layer in level.down_attention:
                table[f"input_blocks.{block}.1"] = f"{new}.attentions.{layer}"
            block += 1
        if number < len(levels) - 1:
            table[f"input_blocks.{block}.0.op"] = f"{new}.downsamplers.0.conv"
            block += 1
    table |= _resnet("middle_block.0", "mid_block.resnets.0")
    table["middle_block.1"] = "mid_block.attentions.0"
    table |= _resnet("middle_block.2", "mid_block.resnets.1")
    return table


def _unet_up_table(levels: list[_Level]) -> dict[str, str]:
    table = {"out.0": "conv_norm_out", "out.2": "conv_out"}
    block = 0
    for number, level in enumerate(reversed(levels)):
        new = f"up_blocks.{number}"
        for layer in range(level.layers + 1):
            attends = layer in level.up_attention
            table |= _resnet(f"output_blocks.{block}.0", f"{new}.resnets.{layer}")
            if attends:
                table[f"output_blocks.{block}.1"] = f"{new}.attentions.{layer}"
            if layer == level.layers and number < len(levels) - 1:
                slot = 2 if attends else 1
                table[f"output_blocks.{block}.{slot}.conv"] = f"{new}.upsamplers.0.conv"
            block += 1
    return table


def _controlnet_table(levels: list[_Level], keys: Iterable[str], *, ldm: bool) -> dict[str, str]:
    table = {"middle_block_out.0": "controlnet_mid_block"}
    outputs = 1 + sum(level.layers for level in levels) + len(levels) - 1
    for index in range(outputs):
        table[f"zero_convs.{index}.0"] = f"controlnet_down_blocks.{index}"
    pattern = r"input_hint_block\.(\d+)\." if ldm else r"controlnet_cond_embedding\.blocks\.(\d+)\."
    found = [int(match[1]) for key in keys if (match := re.match(pattern, key))]
    if not found:
        raise ModelError(
            "model.wrong_kind",
            "The file has no hint encoder, so it is no ControlNet with a control image.",
        )
    blocks = max(found) // 2 - 1 if ldm else max(found) + 1
    hint = "controlnet_cond_embedding"
    table["input_hint_block.0"] = f"{hint}.conv_in"
    for index in range(blocks):
        table[f"input_hint_block.{2 * index + 2}"] = f"{hint}.blocks.{index}"
    table[f"input_hint_block.{2 * blocks + 2}"] = f"{hint}.conv_out"
    return table


def _vae_levels(keys: Iterable[str], *, ldm: bool) -> int:
    pattern = r"(?:encoder\.down|decoder\.up)" if ldm else r"(?:encoder\.down|decoder\.up)_blocks"
    found = [int(match[1]) for key in keys if (match := re.match(pattern + r"\.(\d+)\.", key))]
    if not found:
        raise ModelError("model.wrong_kind", "No VAE blocks were found among the tensor names.")
    return max(found) + 1


def _vae_table(levels: int) -> dict[str, str]:
    table = {"quant_conv": "quant_conv", "post_quant_conv": "post_quant_conv"}
    for coder in ("encoder", "decoder"):
        table |= {
            f"{coder}.conv_in": f"{coder}.conv_in",
            f"{coder}.conv_out": f"{coder}.conv_out",
            f"{coder}.norm_out": f"{coder}.conv_norm_out",
        }
        for old, new in _VAE_RESNET.items():
            table[f"{coder}.mid.block_1.{old}"] = f"{coder}.mid_block.resnets.0.{new}"
            table[f"{coder}.mid.block_2.{old}"] = f"{coder}.mid_block.resnets.1.{new}"
        for old, new in _VAE_ATTENTION.items():
            table[f"{coder}.mid.attn_1.{old}"] = f"{coder}.mid_block.attentions.0.{new}"
    for level in range(levels):
        down, up = f"encoder.down.{level}", f"decoder.up.{level}"
        new_down = f"encoder.down_blocks.{level}"
        new_up = f"decoder.up_blocks.{levels - 1 - level}"  # LDM counts both ways from the picture
        for layer in range(_MOST_VAE_LAYERS):
            for old, new in _VAE_RESNET.items():
                table[f"{down}.block.{layer}.{old}"] = f"{new_down}.resnets.{layer}.{new}"
                table[f"{up}.block.{layer}.{old}"] = f"{new_up}.resnets.{layer}.{new}"
        table[f"{down}.downsample.conv"] = f"{new_down}.downsamplers.0.conv"
        table[f"{up}.upsample.conv"] = f"{new_up}.upsamplers.0.conv"
    return table


_MOST_VAE_LAYERS = 16
