"""GGUF files of tiny models, written with the `gguf` package, and what is in them unpacked."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any


def write_gguf(
    path: Path,
    tensors: Mapping[str, Any],
    packing: str,
    *,
    architecture: str = "flux",
    values: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Write a GGUF file as converters of the field do.

    Args:
        path: Where to.
        tensors: Name -> torch tensor.
        packing: For all tensors of two or more dimensions: "F16", "Q8_0", "Q4_0", ... Kernels
            whose rows fill no blocks are stored flat if that fills blocks, else in float32.
        architecture: Of the header.
        values: More metadata: texts, lists of texts or of numbers.

    Returns:
        Name -> float32 tensor that a reader should get, by the package's own unpacking.
    """
    import gguf
    import torch

    kind = gguf.GGMLQuantizationType[packing]
    block, _ = gguf.GGML_QUANT_SIZES[kind]
    writer = gguf.GGUFWriter(path, architecture)
    for key, value in (values or {}).items():
        if isinstance(value, list):
            writer.add_array(key, value)
        else:
            writer.add_string(key, value)
    unpacked: dict[str, Any] = {}
    for name, tensor in tensors.items():
        numbers = tensor.detach().float().contiguous().numpy()
        flat = numbers
        if numbers.ndim > 1 and numbers.shape[-1] % block and numbers.size % block == 0:
            flat = numbers.reshape(-1, block)
            writer.add_array(f"comfy.gguf.orig_shape.{name}", list(numbers.shape))
        if numbers.ndim > 1 and flat.shape[-1] % block == 0:
            packed = gguf.quantize(flat, kind)
            writer.add_tensor(name, packed, raw_dtype=kind)
            found = gguf.dequantize(packed, kind).reshape(numbers.shape)
            unpacked[name] = torch.from_numpy(found.copy())
        else:
            writer.add_tensor(name, numbers)
            unpacked[name] = torch.from_numpy(numbers.copy())
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return unpacked
