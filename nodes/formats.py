"""Serializers that write the values of diffusion nodes to the disk cache.

Images in whole steps of 1/255, such as those loaded from files, are stored as PNG, everything
else as safetensors. Values that refer to weights (models, conditioning with a ControlNet) are not
stored.
"""

from __future__ import annotations

import dataclasses
import io
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from weft.engine.store.storage import Format

if TYPE_CHECKING:
    from torch import Tensor

    from weft.diffusion.types import Conditioning, Latent


class TensorSerializer:
    """Tensors of any shape and type, exactly."""

    def encode(self, value: Tensor) -> bytes:
        """PNG for a batch of 8-bit images, else safetensors."""
        png = _as_png(value)
        return b"png\n" + png if png is not None else b"st\n" + _save({"t": value})

    def decode(self, data: bytes) -> Tensor:
        """The same tensor, on the CPU."""
        kind, _, payload = data.partition(b"\n")
        if kind == b"png":
            return _from_png(payload)
        return _load(payload)[0]["t"]


class LatentSerializer:
    """Latents with their noise mask and their indices for the noise."""

    def encode(self, value: Latent) -> bytes:
        """Samples and mask as tensors, the rest as JSON."""
        tensors = {"samples": value.samples}
        if value.noise_mask is not None:
            tensors["noise_mask"] = value.noise_mask
        return _save(tensors, {"family": value.family, "batch_index": value.batch_index})

    def decode(self, data: bytes) -> Latent:
        """The same latent."""
        from weft.diffusion.types import Latent

        tensors, rest = _load(data)
        index = rest["batch_index"]
        return Latent(
            tensors["samples"],
            rest["family"],
            tensors.get("noise_mask"),
            None if index is None else tuple(index),
        )


class ConditioningSerializer:
    """Conditioning without ControlNets or other references to weights."""

    def encode(self, value: Conditioning) -> bytes | None:
        """Tensors as tensors, the rest as JSON; None if a ControlNet or the like is in it."""
        tensors: dict[str, Tensor] = {}
        entries = []
        for number, entry in enumerate(value.entries):
            try:
                entries.append(_take_apart(entry, f"{number}", tensors))
            except TypeError:
                return None
        return _save(tensors, {"entries": entries})

    def decode(self, data: bytes) -> Conditioning:
        """The same conditioning."""
        from weft.diffusion.types import Conditioning

        tensors, rest = _load(data)
        return Conditioning(tuple(_put_together(entry, tensors) for entry in rest["entries"]))


FORMATS: Mapping[str, Format] = {
    "torch.Tensor": TensorSerializer(),
    "weft.Latent": LatentSerializer(),
    "weft.Conditioning": ConditioningSerializer(),
}


def _is_record(kind: type) -> bool:
    """Whether a class in a conditioning holds nothing but tensors and plain values."""
    from weft.diffusion import types

    if issubclass(kind, types.Attachment):
        return kind.stored
    return kind in (types.ConditioningEntry, types.SizeHint, types.Area)


def _take_apart(value: Any, name: str, tensors: dict[str, Tensor]) -> Any:
    """A value as JSON; its tensors go into `tensors`, under names that begin with `name`.

    Raises:
        TypeError: There is something in it that is not stored.
    """
    if _is_record(type(value)):
        fields = {
            field.name: _take_apart(getattr(value, field.name), f"{name}.{field.name}", tensors)
            for field in dataclasses.fields(value)
            if getattr(value, field.name) is not field.default
        }
        return {"record": type(value).__name__, "fields": fields}
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, tuple):
        parts = [_take_apart(each, f"{name}.{n}", tensors) for n, each in enumerate(value)]
        return {"tuple": parts}
    if type(value).__name__ == "Tensor":
        tensors[name] = value
        return {"tensor": name}
    raise TypeError(f"a {type(value).__name__} is not stored")


def _put_together(value: Any, tensors: Mapping[str, Tensor]) -> Any:
    """The opposite of `_take_apart`."""
    if not isinstance(value, dict):
        return value
    if "tuple" in value:
        return tuple(_put_together(each, tensors) for each in value["tuple"])
    if "tensor" in value:
        return tensors[value["tensor"]]
    from weft.diffusion import types

    kind = getattr(types, value["record"], None)
    if not (isinstance(kind, type) and _is_record(kind)):
        raise ValueError(f"no record {value['record']}")
    fields = {name: _put_together(field, tensors) for name, field in value["fields"].items()}
    return kind(**fields)


def _save(tensors: Mapping[str, Tensor], rest: Any = None) -> bytes:
    from safetensors.torch import save

    # Views share memory, which safetensors refuses to write twice.
    whole = {name: t.detach().cpu().contiguous().clone() for name, t in tensors.items()}
    return save(whole, {"weft": json.dumps(rest)})


def _load(data: bytes) -> tuple[dict[str, Tensor], Any]:
    from safetensors.torch import load

    from weft.diffusion.weights.layout import laid_out

    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + length])
    # What comes from the disk cache gives the same image as what was just computed.
    tensors = {name: laid_out(tensor) for name, tensor in load(data).items()}
    return tensors, json.loads(header["__metadata__"]["weft"])


def _as_png(value: Tensor) -> bytes | None:
    import torch
    from PIL import Image

    if value.dtype != torch.float32 or value.ndim != 4 or value.shape[-1] != 3 or not len(value):
        return None
    levels = (value * 255).round()
    if not torch.equal(levels / 255, value):
        return None
    batch, height, width, _ = value.shape
    stacked = levels.to(torch.uint8).reshape(batch * height, width, 3).numpy()
    file = io.BytesIO()
    Image.fromarray(stacked).save(file, "PNG", compress_level=1)
    return b"%d\n" % batch + file.getvalue()


def _from_png(data: bytes) -> Tensor:
    import numpy as np
    import torch
    from PIL import Image

    batch, _, payload = data.partition(b"\n")
    with Image.open(io.BytesIO(payload), formats=["PNG"]) as opened:
        levels = np.asarray(opened, dtype=np.float32)
    rows, width, _ = levels.shape
    return torch.from_numpy(levels / np.float32(255)).reshape(
        int(batch), rows // int(batch), width, 3
    )
