"""Names of ControlNets of diffusion transformers as first published, into diffusers'.

Source: the layouts of XLabs-AI/x-flux, Stability-AI/sd3.5 and PixArt-alpha/PixArt-alpha; facts
only.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from ..errors import ModelError
from .pieces import Piece, Pieces, Shapes, thirds
from .transformer_names import flux_plan, pixart_plan

_HINT: Mapping[int, str] = {
    0: "conv_in",
    **{2 * number + 2: f"blocks.{number}" for number in range(6)},
    14: "conv_out",
}
"""Layers of the encoder of the picture; those between them have no tensors."""

_SD3_BLOCK: Mapping[str, str] = {
    "adaLN_modulation.1": "norm1.linear",
    "attn.proj": "attn.to_out.0",
    "mlp.fc1": "ff.net.0.proj",
    "mlp.fc2": "ff.net.2",
}
CONTROL_TYPE = "control_type"
"""A number in Stability AI's files: 0 blur, 1 canny, 2 depth."""


def flux_control_plan(shapes: Shapes) -> dict[str, Pieces]:
    """A plan for a Flux ControlNet of XLabs (`FluxControlNetModel` with a hint encoder).

    Raises:
        ModelError: A tensor that belongs to no layer of such a network.
    """
    plan: dict[str, Pieces] = {}
    trunk: dict[str, tuple[int, ...]] = {}
    for name, shape in shapes.items():
        stem, _, end = name.rpartition(".")
        hint = re.match(r"input_hint_block\.(\d+)\Z", stem)
        if hint and int(hint[1]) in _HINT:
            plan[f"input_hint_block.{_HINT[int(hint[1])]}.{end}"] = (Piece(name),)
        elif stem == "pos_embed_input":
            plan[f"controlnet_x_embedder.{end}"] = (Piece(name),)
        elif stem.startswith("controlnet_blocks."):
            plan[name] = (Piece(name),)
        else:
            trunk[name] = shape
    return plan | flux_plan(trunk)


def sd3_control_plan(shapes: Shapes) -> dict[str, Pieces]:
    """A plan for an SD3.5 ControlNet of Stability AI (`SD3ControlNetModel`).

    Raises:
        ModelError: A tensor that belongs to no layer of such a network.
    """
    plan: dict[str, Pieces] = {}
    for name in shapes:
        if name == CONTROL_TYPE:
            continue
        found = re.match(r"(transformer_blocks\.\d+\.)(.+)\.(weight|bias)\Z", name)
        if found is None:
            plan[name] = (Piece(name),)
        elif found[2] == "attn.qkv":
            targets = [f"{found[1]}attn.to_{part}.{found[3]}" for part in "qkv"]
            plan |= thirds(name, targets, shapes)
        elif found[2] in _SD3_BLOCK:
            plan[f"{found[1]}{_SD3_BLOCK[found[2]]}.{found[3]}"] = (Piece(name),)
        else:
            raise ModelError(
                "model.unknown_key",
                f'Tensor "{name}" belongs to no layer of an SD3 ControlNet.',
                hint="The file holds another network, or a variant that weft does not support yet.",
            )
    return plan


def pixart_control_plan(shapes: Shapes) -> dict[str, Pieces]:
    """A plan for a PixArt ControlNet (`pixart_control.PixArtControl`).

    Files may hold the whole transformer beside it; that part is left out.

    Raises:
        ModelError: A tensor that belongs to no layer of such a network.
    """
    plan: dict[str, Pieces] = {}
    trunk: dict[str, tuple[int, ...]] = {}
    for name, shape in shapes.items():
        found = re.match(r"controlnet\.(\d+)\.(copied_block\.)?(.+)\Z", name)
        if found is None:
            continue
        if found[2]:
            trunk[f"blocks.{found[1]}.{found[3]}"] = shape
        else:
            plan[f"controlnet_blocks.{found[1]}.{found[3]}"] = (Piece(name),)
    for new, pieces in pixart_plan(trunk).items():
        _, number, layer = new.split(".", 2)
        plan[f"controlnet_blocks.{number}.transformer_block.{layer}"] = tuple(
            Piece(_copied(piece.name), piece.start, piece.stop, piece.turned) for piece in pieces
        )
    return plan


def _copied(name: str) -> str:
    _, number, layer = name.split(".", 2)
    return f"controlnet.{number}.copied_block.{layer}"
