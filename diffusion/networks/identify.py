"""What a file holds, told from its tensors alone, never from its name. No torch.

Every kind of the table is asked; names and shapes are enough for all but offset weights of a UNet,
which have those of a whole network. Of them one small tensor is read (`Names.is_offset`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..formats.safetensors_header import Header, TensorInfo
from . import KINDS
from .identity import Identity
from .names import Names

if TYPE_CHECKING:
    from numpy.typing import NDArray

_TYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2"}


def identify(shapes: Mapping[str, tuple[int, ...]], stated: str = "") -> Identity:
    """Tell kind and family of a set of tensors.

    Args:
        shapes: Name -> shape.
        stated: The family that a file's metadata names; asked only where shapes are equal (PixArt).

    Returns:
        What it is; of kind "ambiguous" where several kinds claim it, "unknown" where none does.
    """
    return _only(claims(Names(shapes, stated)))


def identify_file(headers: Sequence[Header], shapes: Mapping[str, tuple[int, ...]]) -> Identity:
    """Tell kind and family of a file, or of the shards of one network.

    Args:
        headers: Of the files.
        shapes: Of their tensors; without those that only scale others.

    Returns:
        As `identify`; offset weights of a UNet are kinds of their own.

    Raises:
        OSError: The file went away.
    """

    def mean_size(name: str) -> float | None:
        for header in headers:
            info = header.tensors.get(name)
            if info is not None and header.format == "safetensors" and info.dtype in _TYPES:
                return float(abs(_values(header, info)).mean())
        return None

    stated = headers[0].metadata.get("modelspec.architecture", "")
    return _only(claims(Names(shapes, stated, mean_size)))


def claims(names: Names) -> list[Identity]:
    """What a file is for each kind that claims it; one for every known file."""
    rules = (kind.recognise for kind in KINDS.values() if kind.recognise is not None)
    return [found for rule in rules if (found := rule(names)) is not None]


def _only(found: Sequence[Identity]) -> Identity:
    if len(found) == 1:
        return found[0]
    return Identity("ambiguous" if found else "unknown", "unknown")


def _values(header: Header, info: TensorInfo) -> NDArray[Any]:
    import numpy as np

    with header.path.open("rb") as file:
        file.seek(info.start)
        stored = np.frombuffer(file.read(info.nbytes), dtype=_TYPES[info.dtype])
    if info.dtype == "BF16":  # the upper half of a float32
        return (stored.astype("<u4") << 16).view("<f4")
    return stored.astype(np.float64)
