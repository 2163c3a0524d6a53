"""Number types of tensors: the names in safetensors, and torch's types."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

_READ = ("F64", "F32", "F16", "BF16", "F8_E4M3", "F8_E5M2", "I64", "I32")


@functools.cache
def torch_types() -> Mapping[str, torch.dtype]:
    """torch's number types by the names of safetensors: all that are written."""
    import torch

    return {
        "F64": torch.float64,
        "F32": torch.float32,
        "F16": torch.float16,
        "BF16": torch.bfloat16,
        "F8_E4M3": torch.float8_e4m3fn,
        "F8_E5M2": torch.float8_e5m2,
        "I64": torch.int64,
        "I32": torch.int32,
        "I16": torch.int16,
        "I8": torch.int8,
        "U8": torch.uint8,
        "BOOL": torch.bool,
    }


@functools.cache
def read_types() -> Mapping[str, torch.dtype]:
    """The number types that networks can be loaded from."""
    return {name: torch_types()[name] for name in _READ}
