"""Hashes and sizes of diffusion values for the engine."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING

from blake3 import blake3

from weft.engine.store.values import Codec

if TYPE_CHECKING:
    from torch import Tensor


_SAMPLES = 1 << 14
_BITS = {1: "uint8", 2: "int16", 4: "int32", 8: "int64"}  # by the bytes of an element


class TensorCodec:
    """Tensors: content is dtype, shape and bytes, wherever they lie."""

    def parts(self, value: Tensor) -> Iterable[bytes | memoryview]:
        """A header, then the elements in row-major order."""
        import torch

        yield f"{value.dtype}{tuple(value.shape)}".encode()
        flat = value.detach().cpu().contiguous().reshape(-1)
        # numpy has no bfloat16; the bytes are the same in any view.
        yield flat.view(torch.uint8).numpy().data

    def nbytes(self, value: Tensor) -> int:
        """Bytes of the elements."""
        return value.numel() * value.element_size()

    def mark(self, value: Tensor) -> Hashable:
        """Torch's count of changes in place, and the elements: all of a small tensor, of a large
        one so many, spread evenly. What writes through numpy is not counted by torch."""
        import torch

        try:
            version = value._version
        except RuntimeError:  # made in inference mode, where nothing is counted
            version = -1
        whole = value.detach()
        sized = _BITS.get(value.element_size())
        if sized is not None:
            whole = whole.view(getattr(torch, sized))  # so that every type is compared by its bits
        if whole.numel() > _SAMPLES:
            whole = whole.take(_places(whole.numel()).to(whole.device))
        sample = whole.cpu().contiguous().reshape(-1).view(torch.uint8).numpy().data
        return (version, str(value.dtype), tuple(value.shape), blake3(sample).digest())


@lru_cache(maxsize=16)
def _places(count: int) -> Tensor:
    """(_SAMPLES,) int64: places among so many, spread evenly and in step with no row or column."""
    import torch

    golden = (5**0.5 - 1) / 2
    places = torch.arange(_SAMPLES, dtype=torch.float64).mul(golden).frac().mul(count).long()
    return places.clamp_(max=count - 1).sort().values


CODECS: Mapping[str, Codec] = {"torch.Tensor": TensorCodec()}
