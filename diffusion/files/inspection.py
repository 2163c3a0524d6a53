"""The content of a model file, from its header, without torch.

No tensor is read but one small one of UNets, which tells offset weights from networks.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from ..formats.folder import folder_parts, network_files
from ..formats.gguf_header import read_model_header
from ..formats.safetensors_header import Header
from ..networks.identify import identify, identify_file
from ..networks.identity import Identity


@dataclass(frozen=True, slots=True)
class FileReport:
    """The content of a model file.

    Attributes:
        kind: A key of `networks.KINDS`, such as "checkpoint", "controlnet" or "unknown".
        family: "sd1", "sd2", "sdxl", "sd3", "flux", ... or "unknown".
        words: Both for people, with all that is known: "a ControlNet (SDXL inpainting)".
        precision: The type of most bytes, e.g. "F16", "Q4_0"; "F16+F32" when several matter.
        tensors: Number of tensors.
        bytes: Size of all tensors.
        metadata: The free text of the header (a folder has none).
    """

    kind: str
    family: str
    words: str
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
        return _report(replace(identify(first), kind="checkpoint"), headers, {})
    header = read_model_header(path)
    shapes = {name: info.shape for name, info in header.tensors.items()}
    return _report(identify_file([header], shapes), [header], header.metadata)


def _report(found: Identity, headers: list[Header], metadata: Mapping[str, str]) -> FileReport:
    sizes: Counter[str] = Counter()
    for header in headers:
        for info in header.tensors.values():
            sizes[info.dtype] += info.nbytes
    total = sum(sizes.values())
    # A handful of bytes in another type (counters, position ids) does not make a mixed file.
    main = [dtype for dtype, size in sizes.most_common() if size * 100 >= total]
    return FileReport(
        kind=found.kind,
        family=found.family,
        words=found.words(),
        precision="+".join(main) or "none",
        tensors=sum(len(header.tensors) for header in headers),
        bytes=total,
        metadata=metadata,
    )
