"""How the engine sees the values of the picture machine."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from ..engine.store.values import Codec

if TYPE_CHECKING:
    from torch import Tensor


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


CODECS: Mapping[str, Codec] = {"torch.Tensor": TensorCodec()}
