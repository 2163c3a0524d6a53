"""Names of diffusion transformers as first published (Flux, SD3, PixArt) into diffusers'.

The published files join queries, keys and values (Flux also a layer of the MLP), and some put shift
before scale where diffusers puts scale first. diffusers' own converters state the same facts, but
make copies of those tensors and hold for the published widths only.

Source: the layouts of black-forest-labs/flux, Stability-AI/sd3-ref, PixArt-alpha and diffusers
0.42; facts only.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from ..errors import ModelError
from .pieces import Piece, Pieces, Shapes, swapped_halves, thirds

_LAST = "final_layer.adaLN_modulation.1"
_FLUX_ENDS: Mapping[str, str] = {
    "img_in": "x_embedder",
    "txt_in": "context_embedder",
    "time_in.in_layer": "time_text_embed.timestep_embedder.linear_1",
    "time_in.out_layer": "time_text_embed.timestep_embedder.linear_2",
    "vector_in.in_layer": "time_text_embed.text_embedder.linear_1",
    "vector_in.out_layer": "time_text_embed.text_embedder.linear_2",
    "guidance_in.in_layer": "time_text_embed.guidance_embedder.linear_1",
    "guidance_in.out_layer": "time_text_embed.guidance_embedder.linear_2",
    "final_layer.linear": "proj_out",
}
_FLUX_DOUBLE: Mapping[str, str] = {
    "img_mod.lin": "norm1.linear",
    "txt_mod.lin": "norm1_context.linear",
    "img_attn.norm.query_norm": "attn.norm_q",
    "img_attn.norm.key_norm": "attn.norm_k",
    "txt_attn.norm.query_norm": "attn.norm_added_q",
    "txt_attn.norm.key_norm": "attn.norm_added_k",
    "img_attn.proj": "attn.to_out.0",
    "txt_attn.proj": "attn.to_add_out",
    "img_mlp.0": "ff.net.0.proj",
    "img_mlp.2": "ff.net.2",
    "txt_mlp.0": "ff_context.net.0.proj",
    "txt_mlp.2": "ff_context.net.2",
}
_FLUX_SINGLE: Mapping[str, str] = {
    "modulation.lin": "norm.linear",
    "norm.query_norm": "attn.norm_q",
    "norm.key_norm": "attn.norm_k",
    "linear2": "proj_out",
}
_SD3_ENDS: Mapping[str, str] = {
    "x_embedder.proj": "pos_embed.proj",
    "context_embedder": "context_embedder",
    "t_embedder.mlp.0": "time_text_embed.timestep_embedder.linear_1",
    "t_embedder.mlp.2": "time_text_embed.timestep_embedder.linear_2",
    "y_embedder.mlp.0": "time_text_embed.text_embedder.linear_1",
    "y_embedder.mlp.2": "time_text_embed.text_embedder.linear_2",
    "final_layer.linear": "proj_out",
}
_SD3_BLOCK: Mapping[str, str] = {
    "x_block.adaLN_modulation.1": "norm1.linear",
    "x_block.attn.ln_q": "attn.norm_q",
    "x_block.attn.ln_k": "attn.norm_k",
    "x_block.attn.proj": "attn.to_out.0",
    "x_block.attn2.ln_q": "attn2.norm_q",
    "x_block.attn2.ln_k": "attn2.norm_k",
    "x_block.attn2.proj": "attn2.to_out.0",
    "x_block.mlp.fc1": "ff.net.0.proj",
    "x_block.mlp.fc2": "ff.net.2",
    "context_block.adaLN_modulation.1": "norm1_context.linear",
    "context_block.attn.ln_q": "attn.norm_added_q",
    "context_block.attn.ln_k": "attn.norm_added_k",
    "context_block.attn.proj": "attn.to_add_out",
    "context_block.mlp.fc1": "ff_context.net.0.proj",
    "context_block.mlp.fc2": "ff_context.net.2",
}
_SD3_JOINED: Mapping[str, tuple[str, ...]] = {
    "x_block.attn.qkv": ("attn.to_q", "attn.to_k", "attn.to_v"),
    "x_block.attn2.qkv": ("attn2.to_q", "attn2.to_k", "attn2.to_v"),
    "context_block.attn.qkv": ("attn.add_q_proj", "attn.add_k_proj", "attn.add_v_proj"),
}
_PIXART_ENDS: Mapping[str, str] = {
    "x_embedder.proj": "pos_embed.proj",
    "y_embedder.y_proj.fc1": "caption_projection.linear_1",
    "y_embedder.y_proj.fc2": "caption_projection.linear_2",
    "t_embedder.mlp.0": "adaln_single.emb.timestep_embedder.linear_1",
    "t_embedder.mlp.2": "adaln_single.emb.timestep_embedder.linear_2",
    "csize_embedder.mlp.0": "adaln_single.emb.resolution_embedder.linear_1",
    "csize_embedder.mlp.2": "adaln_single.emb.resolution_embedder.linear_2",
    "ar_embedder.mlp.0": "adaln_single.emb.aspect_ratio_embedder.linear_1",
    "ar_embedder.mlp.2": "adaln_single.emb.aspect_ratio_embedder.linear_2",
    "t_block.1": "adaln_single.linear",
    "final_layer.linear": "proj_out",
    "final_layer.scale_shift_table": "scale_shift_table",
}
_PIXART_BLOCK: Mapping[str, str] = {
    "attn.proj": "attn1.to_out.0",
    "cross_attn.q_linear": "attn2.to_q",
    "cross_attn.proj": "attn2.to_out.0",
    "mlp.fc1": "ff.net.0.proj",
    "mlp.fc2": "ff.net.2",
}
UNREAD = frozenset({"pos_embed", "y_embedder.y_embedding"})
"""Tensors of PixArt's files that its network has no use for: sines, and the empty text."""


def flux_plan(shapes: Shapes) -> dict[str, Pieces]:
    """A plan for a Flux transformer (`FluxTransformer2DModel`).

    Raises:
        ModelError: A tensor that belongs to no layer of such a network.
    """
    plan: dict[str, Pieces] = {}
    for name, stem, end in _split(shapes):
        block = re.match(r"(double|single)_blocks\.(\d+)\.(.+)\Z", stem)
        field = "weight" if end == "scale" else end
        if block is None:
            if stem == "final_layer.adaLN_modulation.1":
                plan[f"norm_out.linear.{end}"] = swapped_halves(name, shapes)
            elif stem in _FLUX_ENDS:
                plan[f"{_FLUX_ENDS[stem]}.{end}"] = (Piece(name),)
            else:
                raise _stranger(name, "Flux")
            continue
        kind, number, layer = block[1], block[2], block[3]
        if kind == "double":
            front = f"transformer_blocks.{number}."
            parts = {
                "img_attn.qkv": ("attn.to_q", "attn.to_k", "attn.to_v"),
                "txt_attn.qkv": ("attn.add_q_proj", "attn.add_k_proj", "attn.add_v_proj"),
            }.get(layer)
            table = _FLUX_DOUBLE
        else:
            front = f"single_transformer_blocks.{number}."
            parts, table = None, _FLUX_SINGLE
            if layer == "linear1":
                plan |= _first_layer(name, front, end, shapes)
                continue
        if parts is not None:
            plan |= thirds(name, [f"{front}{part}.{end}" for part in parts], shapes)
        elif layer in table:
            plan[f"{front}{table[layer]}.{field}"] = (Piece(name),)
        else:
            raise _stranger(name, "Flux")
    return plan


def _first_layer(name: str, front: str, end: str, shapes: Shapes) -> dict[str, Pieces]:
    """Queries, keys, values (each as wide as the block) and the MLP of a single block."""
    stem = name[: -len(f"linear1.{end}")]
    width = shapes[f"{stem}linear2.weight"][0]
    whole = shapes[name][0]
    targets = ("attn.to_q", "attn.to_k", "attn.to_v")
    plan: dict[str, Pieces] = {
        f"{front}{target}.{end}": (Piece(name, index * width, (index + 1) * width),)
        for index, target in enumerate(targets)
    }
    plan[f"{front}proj_mlp.{end}"] = (Piece(name, 3 * width, whole),)
    return plan


def sd3_plan(shapes: Shapes) -> dict[str, Pieces]:
    """A plan for an SD3 or SD3.5 transformer (`SD3Transformer2DModel`).

    Raises:
        ModelError: A tensor that belongs to no layer of such a network.
    """
    plan: dict[str, Pieces] = {}
    blocks = [int(name.split(".")[1]) for name in shapes if name.startswith("joint_blocks.")]
    last = f"joint_blocks.{max(blocks, default=0)}.context_block.adaLN_modulation.1"
    for name, stem, end in _split(shapes):
        if name == "pos_embed":
            plan["pos_embed.pos_embed"] = (Piece(name),)
        elif stem == "final_layer.adaLN_modulation.1":
            plan[f"norm_out.linear.{end}"] = swapped_halves(name, shapes)
        elif stem == last:  # the last block only scales and shifts its text
            front = f"transformer_blocks.{max(blocks)}.norm1_context.linear"
            plan[f"{front}.{end}"] = swapped_halves(name, shapes)
        elif stem in _SD3_ENDS:
            plan[f"{_SD3_ENDS[stem]}.{end}"] = (Piece(name),)
        elif block := re.match(r"joint_blocks\.(\d+)\.(.+)\Z", stem):
            front, layer = f"transformer_blocks.{block[1]}.", block[2]
            if layer in _SD3_JOINED:
                targets = [f"{front}{part}.{end}" for part in _SD3_JOINED[layer]]
                plan |= thirds(name, targets, shapes)
            elif layer in _SD3_BLOCK:
                plan[f"{front}{_SD3_BLOCK[layer]}.{end}"] = (Piece(name),)
            else:
                raise _stranger(name, "SD3")
        else:
            raise _stranger(name, "SD3")
    return _without_last_text(plan, max(blocks, default=0))


def _without_last_text(plan: dict[str, Pieces], last: int) -> dict[str, Pieces]:
    """The text of the last block goes nowhere: files keep norms for it that nobody reads."""
    front = f"transformer_blocks.{last}."
    unread = (f"{front}attn.to_add_out.", f"{front}ff_context.")
    return {name: pieces for name, pieces in plan.items() if not name.startswith(unread)}


def pixart_plan(shapes: Shapes) -> dict[str, Pieces]:
    """A plan for a PixArt transformer (`PixArtTransformer2DModel`).

    Raises:
        ModelError: A tensor that belongs to no layer of such a network.
    """
    plan: dict[str, Pieces] = {}
    for name, stem, end in _split(shapes):
        if name in UNREAD:
            continue
        block = re.match(r"blocks\.(\d+)\.(.+)\Z", stem)
        if name in _PIXART_ENDS:
            plan[_PIXART_ENDS[name]] = (Piece(name),)
        elif stem in _PIXART_ENDS:
            plan[f"{_PIXART_ENDS[stem]}.{end}"] = (Piece(name),)
        elif name.endswith(".scale_shift_table"):
            plan[f"transformer_{name}"] = (Piece(name),)
        elif block and block[2] == "attn.qkv":
            front = f"transformer_blocks.{block[1]}.attn1.to_"
            plan |= thirds(name, [f"{front}{part}.{end}" for part in "qkv"], shapes)
        elif block and block[2] == "cross_attn.kv_linear":
            front = f"transformer_blocks.{block[1]}.attn2.to_"
            plan |= thirds(name, [f"{front}{part}.{end}" for part in "kv"], shapes)
        elif block and block[2] in _PIXART_BLOCK:
            plan[f"transformer_blocks.{block[1]}.{_PIXART_BLOCK[block[2]]}.{end}"] = (Piece(name),)
        else:
            raise _stranger(name, "PixArt")
    return plan


def original_layers(names: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Layers as first published -> layers of diffusers, in the order of their rows.

    Layers whose rows change places (scale and shift) are left out.

    Args:
        names: Tensors of a Flux, SD3 or PixArt transformer, by diffusers name.
    """
    layers = {name.rpartition(".")[0] for name in names}
    found: dict[str, list[tuple[int, str]]] = {}
    for new, pieces in _layer_plan(layers).items():
        target = new.removesuffix(".weight")
        if len(pieces) == 1 and target in layers:
            piece = pieces[0]
            place = found.setdefault(piece.name.removesuffix(".weight"), [])
            place.append((piece.start or 0, target))
    return {old: tuple(target for _, target in sorted(parts)) for old, parts in found.items()}


def swapped_layers(names: Iterable[str]) -> dict[str, str]:
    """Layers as first published -> layers of diffusers whose halves of rows have changed places.

    Args:
        names: Tensors of a Flux, SD3 or PixArt transformer, by diffusers name.
    """
    layers = {name.rpartition(".")[0] for name in names}
    return {
        pieces[0].name.removesuffix(".weight"): target
        for new, pieces in _layer_plan(layers).items()
        if len(pieces) == 2 and (target := new.removesuffix(".weight")) in layers
    }


def _layer_plan(layers: Iterable[str]) -> dict[str, Pieces]:
    """A plan for one tensor of every layer that a published file of such a network may have."""
    layers = set(layers)
    flux = any(layer.startswith("single_transformer_blocks.") for layer in layers)
    sd3 = any(layer.endswith(".attn.add_q_proj") for layer in layers)
    if flux:
        blocks = {"double": (*_FLUX_DOUBLE, "img_attn.qkv", "txt_attn.qkv"),
                  "single": (*_FLUX_SINGLE, "linear1")}  # fmt: skip
        plan_of, ends = flux_plan, (*_FLUX_ENDS, _LAST)
        candidates = [
            f"{kind}_blocks.{number}.{layer}"
            for kind, inner in blocks.items()
            for number in range(_count(layers, "single_" if kind == "single" else ""))
            for layer in inner
        ]
    elif sd3:
        plan_of, ends = sd3_plan, (*_SD3_ENDS, _LAST)
        candidates = [
            f"joint_blocks.{number}.{layer}"
            for number in range(_count(layers, ""))
            for layer in (*_SD3_BLOCK, *_SD3_JOINED)
        ]
    else:
        plan_of, ends = pixart_plan, tuple(_PIXART_ENDS)
        candidates = [
            f"blocks.{number}.{layer}"
            for number in range(_count(layers, ""))
            for layer in (*_PIXART_BLOCK, "attn.qkv", "cross_attn.kv_linear")
        ]
    # Rows of no real network: only their order is asked for.
    shapes = {f"{layer}.weight": (12, 1) for layer in (*ends, *candidates)}
    shapes |= {name: (3, 1) for name in shapes if name.endswith("linear2.weight")}
    return plan_of(shapes)


def _count(layers: Iterable[str], kind: str) -> int:
    front = f"{kind}transformer_blocks."
    return 1 + max((int(n[len(front) :].split(".")[0]) for n in layers if n.startswith(front)),
                   default=-1)  # fmt: skip


def _split(shapes: Shapes) -> Iterator[tuple[str, str, str]]:
    """Name, name of the layer, name of the field."""
    for name in shapes:
        stem, _, end = name.rpartition(".")
        yield name, stem, end


def _stranger(name: str, what: str) -> ModelError:
    return ModelError(
        "model.unknown_key",
        f'Tensor "{name}" belongs to no layer of a {what} transformer.',
        hint="The file holds another network, or a variant that weft does not support yet.",
    )
