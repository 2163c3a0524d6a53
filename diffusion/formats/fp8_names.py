"""Files whose fp8 weights have scales, with the tensor names of such files. No torch.

A weight's numbers are those of its tensor times one float beside it: `X.weight` with
`X.scale_weight` or `X.weight_scale`. Scales of inputs and marks that say "this file is scaled" are
for engines that do sums in fp8; weft does them in wider types and reads neither.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import prod

from ..errors import ModelError
from .safetensors_header import TensorInfo

FP8 = frozenset({"F8_E4M3", "F8_E5M2"})
"""safetensors' names of the types."""
_SCALES = ("scale_weight", "weight_scale")
_UNREAD = ("scale_input", "input_scale")
_MARKS = ("scaled_fp8", "comfy_quant")


def fp8_scales(tensors: Mapping[str, TensorInfo]) -> tuple[dict[str, str], frozenset[str]]:
    """Which tensors of a file are scales of others.

    Args:
        tensors: All tensors of the file.

    Returns:
        Weight -> its scale; and all names that belong to no network.

    Raises:
        ModelError: A scale is no single number, which weft does not read.
    """
    scales: dict[str, str] = {}
    apart: set[str] = set()
    for name, info in tensors.items():
        stem, _, field = name.rpartition(".")
        if field in _MARKS:
            apart.add(name)
            continue
        if field not in (*_SCALES, *_UNREAD):
            continue
        weight = tensors.get(f"{stem}.weight")
        if weight is None or weight.dtype not in FP8:
            continue
        apart.add(name)
        if field in _UNREAD:
            continue
        if prod(info.shape) != 1:
            raise ModelError(
                "model.unsupported_precision",
                f'The scale "{name}" holds a number for each row or block.',
                expected="one number for the whole weight",
                got=f"shape {info.shape}",
                hint="Use the model in another precision, such as bf16, plain fp8 or GGUF.",
            )
        scales[f"{stem}.weight"] = name
    return scales, frozenset(apart)
