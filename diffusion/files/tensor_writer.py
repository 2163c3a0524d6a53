"""Writing a safetensors file tensor by tensor, so that no second copy of the weights is needed.

The header is padded with blanks so that tensors begin in the file where tensors in memory begin
(`weights.layout`): files that weft writes can be used mapped.

Source: the safetensors format: 8 bytes little-endian header length, JSON header, tensor bytes.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from ..formats.safetensors_header import DTYPE_BITS
from ..weights.layout import ALIGNMENT
from .number_types import torch_types

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, slots=True)
class Planned:
    """A tensor to be written: its type as safetensors names it, and its shape."""

    dtype: str
    shape: tuple[int, ...]

    @property
    def nbytes(self) -> int:
        return math.prod(self.shape) * DTYPE_BITS[self.dtype] // 8


def write_tensors(
    stream: BinaryIO,
    planned: Mapping[str, Planned],
    read: Callable[[str], Tensor],
    metadata: Mapping[str, str] | None = None,
) -> None:
    """Write a safetensors file.

    Args:
        stream: Where to; from its present place on.
        planned: Every tensor. Larger types come first, then those of whole multiples of 64 bytes,
            so that as many as possible begin at such a multiple, then by name.
        read: A tensor by name, of the planned shape; asked for once each. It is converted to the
            planned type.
        metadata: Text for the header.
    """
    order = sorted(planned, key=lambda name: _place(name, planned[name]))
    header: dict[str, object] = {"__metadata__": {"format": "pt", **(metadata or {})}}
    at = 0
    for name in order:
        plan = planned[name]
        span = [at, at + plan.nbytes]
        header[name] = {"dtype": plan.dtype, "shape": list(plan.shape), "data_offsets": span}
        at += plan.nbytes
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-(8 + len(text)) % ALIGNMENT)
    stream.write(len(text).to_bytes(8, "little"))
    stream.write(text)
    for name in order:
        plan = planned[name]
        tensor = read(name)
        if tuple(tensor.shape) != plan.shape:
            raise AssertionError(f"{name} has shape {tuple(tensor.shape)}, not {plan.shape}")
        stream.write(_bytes(tensor, plan.dtype))


def _place(name: str, plan: Planned) -> tuple[int, bool, str]:
    return -DTYPE_BITS[plan.dtype], plan.nbytes % ALIGNMENT != 0, name


def _bytes(tensor: Tensor, dtype: str) -> memoryview:
    import torch

    flat = tensor.detach().to("cpu", torch_types()[dtype]).contiguous().reshape(-1)
    # numpy has no bfloat16 and no float8; the bytes are the same in any view.
    return flat.view(torch.uint8).numpy().data
