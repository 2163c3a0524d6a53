"""Offset weights of a UNet: recognised by the values of one small tensor. No torch.

IC-Light is published as a whole UNet in which every tensor is to be added to the same tensor of the
user's model. Names and shapes are those of an InstructPix2Pix network, so that the file loads and
gives noise. The scale of the last normalisation tells: a network's lies near 1, an offset near 0.

Source: Zhang et al. 2025, "IC-Light"; its files take 8 channels in (noise and foreground) or 12
(noise, foreground and background).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..formats.safetensors_header import Header, TensorInfo
from .identify import identify
from .identity import Identity

if TYPE_CHECKING:
    from numpy.typing import NDArray

_LAST_NORM = {"ldm": "out.0.weight", "diffusers": "conv_norm_out.weight"}
_NEAR_0 = 0.25
"""Mean size below which the scale of a normalisation belongs to an offset."""
_LIGHT = {8: "fc", 12: "fbc"}
"""Input channels of IC-Light's networks."""
_TYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2"}


def identify_file(headers: Sequence[Header], shapes: dict[str, tuple[int, ...]]) -> Identity:
    """Tell kind and family of a file, or of the shards of one network.

    Args:
        headers: Of the files.
        shapes: Of their tensors; without those that only scale others.

    Returns:
        As `identify`; offset weights of a UNet are kinds of their own.

    Raises:
        OSError: The file went away.
    """
    found = identify(shapes, headers[0].metadata.get("modelspec.architecture", ""))
    if found.kind != "unet" or found.facts is None or found.facts.body != "unet":
        return found
    name = found.prefix + _LAST_NORM[found.layout]
    for header in headers:
        info = header.tensors.get(name)
        if info is None or header.format != "safetensors" or info.dtype not in _TYPES:
            continue
        if float(abs(_values(header, info)).mean()) < _NEAR_0:
            light = _LIGHT.get(found.facts.in_channels, "") if found.family == "sd1" else ""
            kind = "iclight" if light else "unet_offset"
            return Identity(kind, found.family, found.layout, found.prefix, light)
    return found


def _values(header: Header, info: TensorInfo) -> NDArray[Any]:
    import numpy as np

    with header.path.open("rb") as file:
        file.seek(info.start)
        stored = np.frombuffer(file.read(info.nbytes), dtype=_TYPES[info.dtype])
    if info.dtype == "BF16":  # the upper half of a float32
        return (stored.astype("<u4") << 16).view("<f4")
    return stored.astype(np.float64)
