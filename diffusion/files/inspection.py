"""What is in a model file, from its header alone: no tensor is read, no torch is imported."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ..formats.folder import folder_parts, network_files
from ..formats.gguf_header import read_model_header
from ..formats.safetensors_header import Header
from .identify import identify


@dataclass(frozen=True, slots=True)
class FileReport:
    """What a model file holds.

    Attributes:
        kind: "checkpoint", "unet", "vae", "text_encoder", "controlnet", "ip_adapter",
            "clip_vision", "lora", "t2i_adapter", "embedding", "upscaler", "hypernetwork" or
            "unknown".
        family: "sd1", "sd2", "sdxl", "sd3", "flux", ... or "unknown".
        precision: The type of most bytes, e.g. "F16", "Q4_0"; "F16+F32" when several matter.
        tensors: Number of tensors.
        bytes: Size of all tensors.
        metadata: The free text of the header (a folder has none).
    """

    kind: str
    family: str
    precision: str
    tensors: int
    bytes: int
    metadata: Mapping[str, str]


def inspect_file(path: str | os.PathLike[str]) -> FileReport:
    """Report kind, family, precision and size of a safetensors or GGUF file, or a diffusers folder.

    Raises:
        ModelError: Neither safetensors nor GGUF (told by content), damaged, or not there.
    """
    path = Path(path)
    if path.is_dir():
        parts = [
            [read_model_header(f) for f in network_files(p)] for p in folder_parts(path).values()
        ]
        first = {n: info.shape for header in parts[0] for n, info in header.tensors.items()}
        headers = [header for part in parts for header in part]
        return _report("checkpoint", identify(first).family, headers, {})
    header = read_model_header(path)
    shapes = {name: info.shape for name, info in header.tensors.items()}
    found = identify(shapes, header.metadata.get("modelspec.architecture", ""))
    return _report(found.kind, found.family, [header], header.metadata)


def _report(
    kind: str, family: str, headers: list[Header], metadata: Mapping[str, str]
) -> FileReport:
    sizes: Counter[str] = Counter()
    for header in headers:
        for info in header.tensors.values():
            sizes[info.dtype] += info.nbytes
    total = sum(sizes.values())
    # A handful of bytes in another type (counters, position ids) does not make a mixed file.
    main = [dtype for dtype, size in sizes.most_common() if size * 100 >= total]
    return FileReport(
        kind=kind,
        family=family,
        precision="+".join(main) or "none",
        tensors=sum(len(header.tensors) for header in headers),
        bytes=total,
        metadata=metadata,
    )
