"""Weights that stay in few bits (blocks of GGUF, fp8) and are widened when a layer runs.

Layers change their class and learn the name of their packing; the packed bytes lie flat in the
place of the weight. A weight that a LoRA changed lies there unpacked, in the type of the sums: a
layer takes both. So copies of a module that share its tensors work as before, and so do several
threads: there are no hooks and no state. fp8 is a packing like others: a byte a number, and perhaps
a factor for all of them, which lies in the layer as a buffer.

Memory: the file's size (mapped on the CPU), and one unpacked weight at a time while it is used. A
LoRA adds the unpacked size of the weights that it touches.

Source: ggml's block types; the arithmetic is diffusers' (`quantizers.gguf`), in float32.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..errors import ModelError
from ..importing import importing

STORED = torch.int8
"""Of packed bytes, and of nothing else in a network. Not uint8: transformers' T5 lets int8 weights
be, and would turn activations into any other type that it finds."""
FP8_TYPES: Mapping[str, torch.dtype] = {
    "F8_E4M3": torch.float8_e4m3fn,
    "F8_E5M2": torch.float8_e5m2,
}
"""Packings of one byte a number, as safetensors names them."""
SCALE = "weight_scale"
"""The buffer in which a layer keeps the factor on its packed weight."""


@dataclass(frozen=True, slots=True, eq=False)
class PackedTensor:
    """A packed tensor.

    Attributes:
        raw: (N,) int8, its blocks row by row.
        packing: "Q4_0", "Q6_K", "F8_E4M3", ...
        shape: Of the tensor.
        scale: (1,) float32, a factor on all numbers; None = 1.
    """

    raw: Tensor
    packing: str
    shape: tuple[int, ...]
    scale: Tensor | None = None

    def unpacked(self) -> Tensor:
        """The tensor, float32, on the device of its blocks."""
        return unpack(self.raw, self.packing, self.shape, self.scale)


def block_size(packing: str) -> tuple[int, int]:
    """Numbers a block, and bytes a block.

    Raises:
        ModelError: A packing that weft does not read.
    """
    return (1, 1) if packing in FP8_TYPES else _packing(packing)[:2]


def unpack(
    raw: Tensor,
    packing: str,
    shape: Sequence[int],
    scale: Tensor | None = None,
    dtype: torch.dtype = torch.float32,
) -> Tensor:
    """Numbers of packed bytes.

    Args:
        raw: int8 or uint8, whole blocks.
        packing: "Q4_0", ...
        shape: Of the result.
        scale: A factor on all numbers; None = 1.
        dtype: Of the result.

    Raises:
        ModelError: A packing that weft does not read.
    """
    if packing in FP8_TYPES:
        found = raw.view(FP8_TYPES[packing]).to(dtype)
    else:
        numbers, size, function = _packing(packing)
        blocks = raw.reshape(-1, size).view(torch.uint8)
        found = function(blocks, numbers, size, dtype=torch.float32).to(dtype)
    if scale is not None:
        found = found * scale.to(dtype)
    return found.reshape(tuple(shape))


def pack_fp8(tensor: Tensor, packing: str) -> Tensor:
    """The bytes of a tensor in an fp8 type, flat; no copy if it is of that type and contiguous."""
    small = tensor.to(FP8_TYPES[packing])
    return small.contiguous().view(STORED).reshape(-1)


def cut(raw: Tensor, packing: str, shape: Sequence[int], start: int, stop: int) -> Tensor:
    """The bytes of some rows, which must begin with blocks."""
    numbers, size = block_size(packing)
    row = math.prod(shape[1:]) // numbers * size
    return raw[start * row : stop * row]


def keep_packed(module: nn.Module, tensors: Mapping[str, PackedTensor]) -> set[str]:
    """Put packed weights into the layers that can unpack them.

    Args:
        module: Changed in place.
        tensors: Name -> packed tensor of as many numbers as the module's.

    Returns:
        The names of those that were taken; the module has no use for the others packed.
    """
    kept: set[str] = set()
    for name, packed in tensors.items():
        path, _, field = name.rpartition(".")
        layer = module.get_submodule(path)
        kind = _LAYERS.get(type(layer)) if field == "weight" else None
        if kind is None:
            continue
        layer.__class__ = kind
        layer.packing = packed.packing  # type: ignore[assignment]
        layer.weight = nn.Parameter(packed.raw, requires_grad=False)
        if packed.scale is not None:
            layer.register_buffer(SCALE, packed.scale, persistent=False)
        kept.add(name)
    return kept


def _weight(layer: nn.Module, shape: Sequence[int], dtype: torch.dtype) -> Tensor:
    weight = layer.weight
    assert isinstance(weight, Tensor)
    if weight.dtype == STORED:
        scale = getattr(layer, SCALE, None)
        weight = unpack(weight, str(layer.packing), shape, scale, dtype)
    return weight.to(dtype)


def _bias(layer: nn.Module, dtype: torch.dtype) -> Tensor | None:
    bias = layer.bias
    return bias.to(dtype) if isinstance(bias, Tensor) else None


class _PackedLinear(nn.Linear):
    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 - torch's name
        weight = _weight(self, (self.out_features, self.in_features), input.dtype)
        return F.linear(input, weight, _bias(self, input.dtype))


class _PackedConv2d(nn.Conv2d):
    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 - torch's name
        shape = (self.out_channels, self.in_channels // self.groups, *self.kernel_size)
        weight = _weight(self, shape, input.dtype)
        output: Tensor = self._conv_forward(input, weight, _bias(self, input.dtype))
        return output


_LAYERS: Mapping[type[nn.Module], type[nn.Module]] = {
    nn.Linear: _PackedLinear,
    nn.Conv2d: _PackedConv2d,
}


@cache
def _packing(name: str) -> tuple[int, int, Callable[..., Tensor]]:
    """Numbers a block, bytes a block, and what unpacks them."""
    with importing():
        from diffusers.quantizers.gguf.utils import GGML_QUANT_SIZES, dequantize_functions

    for packing, function in dequantize_functions.items():
        if packing.name == name:
            return (*GGML_QUANT_SIZES[packing], function)
    raise ModelError(
        "model.unsupported_precision",
        f"The weights are quantised as {name}, which weft does not support.",
        expected=", ".join(sorted(packing.name for packing in dequantize_functions)),
        got=name,
        hint="Use the model in another quantisation, such as Q8_0 or Q4_K.",
    )
