"""T2I-Adapters: names as first published into diffusers', and their sizes. No torch.

Source: the layouts of TencentARC/T2I-Adapter and of diffusers; facts only.
"""

from __future__ import annotations

import re
from typing import Any

from ..errors import ModelError
from .pieces import Shapes

_BLOCKS = 2
"""Residual blocks a level in published files that number them through."""
_LARGE = {256: 1, 768: 3}
"""Channels that go in when 16 x 16 pixels are made one (SDXL) -> colours."""
_SMALL = {64: 1, 192: 3}
_FLAT = re.compile(r"body\.(\d+)\.(block1|block2|in_conv)\.(weight|bias)\Z")
_LIGHT = re.compile(r"body\.(\d+)\.body\.(\d+)\.(.+)\Z")


def t2i_family(shapes: Shapes) -> str | None:
    """Which models a T2I-Adapter is for; None for other files."""
    if not any(name.removeprefix("adapter.").startswith("body.0.") for name in shapes):
        return None
    entry = _entry(shapes)
    if entry is None or entry not in {**_LARGE, **_SMALL}:
        return None
    return "sdxl" if entry in _LARGE else "sd1"


def t2i_names(shapes: Shapes) -> dict[str, str]:
    """Name in the file -> name in `diffusers.T2IAdapter`."""
    names = {}
    for name in shapes:
        plain = name.removeprefix("adapter.")
        if ".resnets." in plain or name != plain:
            new = plain
        elif match := _LIGHT.match(plain):
            new = f"body.{match[1]}.resnets.{match[2]}.{match[3]}"
        elif (match := _FLAT.match(plain)) and "conv_in.weight" in shapes:
            level, block = divmod(int(match[1]), _BLOCKS)
            place = "" if match[2] == "in_conv" else f"resnets.{block}."
            new = f"body.{level}.{place}{match[2]}.{match[3]}"
        else:
            new = plain
        names[name] = f"adapter.{new}"
    return names


def t2i_config(shapes: Shapes) -> dict[str, Any]:
    """Arguments of `diffusers.T2IAdapter` for these tensors (diffusers names).

    Raises:
        ModelError: Other channels go in than published adapters take.
    """
    entry = _entry(shapes)
    known = {**_LARGE, **_SMALL}
    if entry not in known:
        raise ModelError(
            "model.unsupported_layout",
            f"This T2I-Adapter takes {entry} channels.",
            expected=", ".join(str(number) for number in sorted(known)),
            got=str(entry),
        )
    light = "adapter.conv_in.weight" not in shapes
    large = entry in _LARGE
    last = "out_conv.weight" if light else "resnets.0.block1.weight"
    widths: list[int] = []
    while (name := f"adapter.body.{len(widths)}.{last}") in shapes:
        widths.append(shapes[name][0])
    blocks = 0
    while f"adapter.body.0.resnets.{blocks}.block1.weight" in shapes:
        blocks += 1
    return {
        "in_channels": known[entry],
        # A light one's last level is as wide as the one before, and not told.
        "channels": tuple(widths[:-1] if light else widths),
        "num_res_blocks": blocks,
        "downscale_factor": 16 if large else 8,
        "adapter_type": "light_adapter"
        if light
        else "full_adapter_xl"
        if large
        else "full_adapter",
    }


def _entry(shapes: Shapes) -> int | None:
    """Channels that go into the first layer."""
    for name in ("conv_in.weight", "body.0.in_conv.weight"):
        for prefix in ("", "adapter."):
            if prefix + name in shapes:
                return shapes[prefix + name][1]
    return None
