"""Names of ControlNets of diffusion transformers as first published, into diffusers'.

Source: the layouts of XLabs-AI/x-flux and PixArt-alpha/PixArt-alpha; facts only.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from .pieces import Piece, Pieces, Shapes
from .transformer_names import flux_plan, pixart_plan

_HINT: Mapping[int, str] = {
    0: "conv_in",
    **{2 * number + 2: f"blocks.{number}" for number in range(6)},
    14: "conv_out",
}
"""Layers of the encoder of the picture; those between them have no tensors."""


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
