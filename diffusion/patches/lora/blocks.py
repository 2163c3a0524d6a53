"""Weights for the blocks of a network: how strongly a LoRA acts in each. No torch.

Blocks have the names of the original UNet: IN00, IN01, ... on the way down, MID, OUT00, ... on the
way up, BASE for all else (text encoders, embeddings). Transformers: D00, ... for blocks of two
streams, S00, ... for blocks of one.

Source: names and lists as the "LoRA Block Weight" extension has them (hako-mikan), facts only.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from typing import TypeAlias

from ...errors import ModelError, ParameterError
from ...formats.ldm import diffusers_to_ldm_names

BlockWeights: TypeAlias = Mapping[str, float]

_LISTS: Mapping[int, tuple[str, ...]] = {
    17: (
        "BASE", "IN01", "IN02", "IN04", "IN05", "IN07", "IN08", "MID",
        *(f"OUT{n:02d}" for n in range(3, 12)),
    ),
    26: (
        "BASE", *(f"IN{n:02d}" for n in range(12)), "MID", *(f"OUT{n:02d}" for n in range(12)),
    ),
    12: ("BASE", "IN04", "IN05", "IN07", "IN08", "MID", *(f"OUT{n:02d}" for n in range(6))),
    20: ("BASE", *(f"IN{n:02d}" for n in range(9)), "MID", *(f"OUT{n:02d}" for n in range(9))),
}  # fmt: skip
"""Plain lists by length: SD1.x LoRA and LyCORIS, SDXL LoRA and LyCORIS."""
_NAME = re.compile(r"(BASE|MID|M00|(?:IN|OUT|[DS])(?:\d\d)?)\Z")


def parse_block_weights(text: str) -> dict[str, float]:
    """Read block weights.

    Args:
        text: "IN=0.5, MID=1, OUT03=0": a name or the beginning of one, the longest that fits a
            block counts, blocks without any have 1. Or a list of 12, 17, 20 or 26 numbers (SDXL,
            SD1.x, SDXL LyCORIS, SD1.x LyCORIS). "" = 1 everywhere.

    Raises:
        ParameterError: It is neither; the place is named.
    """
    items = [item.strip() for item in re.split(r"[,\n]", text) if item.strip()]
    if not any("=" in item for item in items):
        if not items:
            return {}
        if len(items) not in _LISTS:
            raise _bad(f"{len(items)} numbers", "12, 17, 20 or 26 numbers, or names as in IN04=0.5")
        return dict(zip(_LISTS[len(items)], map(_number, items), strict=True))
    found: dict[str, float] = {}
    for item in items:
        name, _, value = item.partition("=")
        name = name.strip().upper()
        if not _NAME.match(name):
            raise _bad(item, "BASE, MID, IN, IN00, OUT, OUT00, D00 or S00")
        found["MID" if name == "M00" else name] = _number(value)
    return found


def weight_of(block: str, weights: BlockWeights) -> float:
    """The weight of a block: the longest name that it begins with, else 1."""
    fitting = [name for name in weights if block.startswith(name)]
    return weights[max(fitting, key=len)] if fitting else 1.0


def block_names(kind: str, names: Iterable[str]) -> dict[str, str]:
    """Tensor name -> block name, for one network.

    Args:
        kind: `Weights.kind`; networks that are no denoiser are BASE throughout.
        names: All its tensor names (diffusers): which levels attend is read from them.
    """
    names = list(names)
    if kind == "unet":
        try:
            ldm = diffusers_to_ldm_names("unet", names)
        except ModelError:
            ldm = {}
        return {name: _unet_block(ldm.get(name, "")) for name in names}
    if kind == "transformer":
        return {name: _transformer_block(name) for name in names}
    return dict.fromkeys(names, "BASE")


def _unet_block(ldm: str) -> str:
    match = re.match(r"(input|output)_blocks\.(\d+)\.", ldm)
    if match is not None:
        return f"{'IN' if match[1] == 'input' else 'OUT'}{int(match[2]):02d}"
    return "MID" if ldm.startswith("middle_block.") else "BASE"


def _transformer_block(name: str) -> str:
    match = re.match(r"(single_)?transformer_blocks\.(\d+)\.", name)
    if match is None:
        return "BASE"
    return f"{'S' if match[1] else 'D'}{int(match[2]):02d}"


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise _bad(text, "a number") from None
    if not math.isfinite(value):
        raise _bad(text, "a finite number")
    return value


def _bad(got: str, expected: str) -> ParameterError:
    return ParameterError(
        "lora.bad_block_weights",
        "The block weights cannot be read.",
        expected=expected,
        got=got.strip()[:60],
    )
