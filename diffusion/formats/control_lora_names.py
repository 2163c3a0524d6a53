"""Control-LoRAs: ControlNets as differences of low rank to the UNet that they steer. No torch.

A file holds the layers that only a ControlNet has, biases and the like as a ControlNet's does; of
the matrices that a UNet has as well it holds two factors, "up" and "down". What is missing is the
UNet's.

Source: the layout of stabilityai/control-lora; facts only.
"""

from __future__ import annotations

from .ldm import ldm_to_diffusers_names
from .pieces import Piece, Pieces, Shapes

MARK = "lora_controlnet"
FACTORS = ("up", "down")


def whole_shapes(shapes: Shapes) -> dict[str, tuple[int, ...]]:
    """Shapes of the tensors that the factors are differences to, and of the others as they are."""
    found: dict[str, tuple[int, ...]] = {}
    for name, shape in shapes.items():
        stem, _, end = name.rpartition(".")
        if end == "up" and f"{stem}.down" in shapes:
            found[f"{stem}.weight"] = (shape[0], *shapes[f"{stem}.down"][1:])
        elif name != MARK and end not in FACTORS:
            found[name] = shape
    return found


def control_lora_plan(shapes: Shapes) -> dict[str, Pieces]:
    """A plan for the tensors of a file, by diffusers name; factors end with "up" and "down".

    Raises:
        ModelError: A tensor that belongs to no layer of a ControlNet.
    """
    names = ldm_to_diffusers_names("controlnet", whole_shapes(shapes))
    plan: dict[str, Pieces] = {}
    for old, new in names.items():
        if old in shapes:
            plan[new] = (Piece(old),)
            continue
        for factor in FACTORS:
            stem = old.removesuffix("weight")
            plan[new.removesuffix("weight") + factor] = (Piece(stem + factor),)
    return plan
