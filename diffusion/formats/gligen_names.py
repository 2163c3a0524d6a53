"""Names and sizes of GLIGEN networks, alone or inside of a whole UNet. No torch.

Files keep the layers under the UNet's own names, published or diffusers'. Without the rest of the
UNet one cannot be made of the other, so layers are numbered in the order in which a picture goes
through them, which is the same in both.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ..errors import ModelError
from .pieces import Piece, Pieces, Shapes

MARK = "position_net.null_positive_feature"
_STAGES: Mapping[str, int] = {
    "input_blocks": 0,
    "down_blocks": 0,
    "middle_block": 1,
    "mid_block": 1,
    "output_blocks": 2,
    "up_blocks": 2,
}
_FUSER = re.compile(r"(.*\.transformer_blocks\.\d+)\.fuser\.(.+)\Z")
_SD2_CONTEXT, _HEADS, _HEAD_WIDTH = 1024, 8, 64


def is_gligen(shapes: Shapes) -> bool:
    """Whether a file holds a GLIGEN network for boxes with words."""
    return any(name.endswith(MARK) for name in shapes)


def block_order(name: str) -> tuple[int, ...]:
    """Where a block of a UNet stands in the order of computation, by a name in either layout."""
    parts = name.split(".")
    stage = next(index for index, part in enumerate(parts) if part in _STAGES)
    return (_STAGES[parts[stage]], *(int(part) for part in parts[stage + 1 :] if part.isdigit()))


def gligen_plan(shapes: Shapes) -> dict[str, Pieces]:
    """A plan for `gligen_network.GligenNetwork`; what is not its own is left out."""
    layers = {name: match for name in shapes if (match := _FUSER.match(name))}
    numbers = {
        block: number
        for number, block in enumerate(
            sorted({match[1] for match in layers.values()}, key=block_order)
        )
    }
    plan: dict[str, Pieces] = {
        f"fusers.{numbers[match[1]]}.{match[2]}": (Piece(name),) for name, match in layers.items()
    }
    for name in shapes:
        _, found, rest = name.rpartition("position_net.")
        if found:
            plan[f"position_net.{rest}"] = (Piece(name),)
    return plan


def gligen_config(shapes: Shapes) -> dict[str, Any]:
    """Arguments of `gligen_network.GligenNetwork`; SD1.x's attention has 8 heads.

    Raises:
        ModelError: It is a GLIGEN network for something else than words in boxes.
    """
    widths: list[int] = []
    while (name := f"fusers.{len(widths)}.linear.weight") in shapes:
        widths.append(shapes[name][0])
    if MARK not in shapes or "position_net.linears.0.weight" not in shapes or not widths:
        raise ModelError(
            "model.unsupported_layout",
            "This GLIGEN network is not the text-box network.",
            expected="position_net.linears and layers named fuser",
            got=f"{len(widths)} layers",
            hint="Use the text-box network (gligen_sd14_textbox).",
        )
    context = shapes[MARK][0]
    heads = max(1, widths[0] // _HEAD_WIDTH) if context == _SD2_CONTEXT else _HEADS
    return {"text_width": context, "widths": tuple(widths), "heads": heads}
