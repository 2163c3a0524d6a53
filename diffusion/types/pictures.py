"""Images and masks: plain tensors, which have a type name only in the schema of nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

if TYPE_CHECKING:
    from torch import Tensor

    Image: TypeAlias = Tensor
    Mask: TypeAlias = Tensor
else:

    class Image:
        """Images: a tensor (B, H, W, 3) float32 in [0, 1], sRGB, channels last.

        A fourth channel is alpha, 1 = opaque; what cannot keep it refuses it.
        """

        __socket__: ClassVar[str] = "IMAGE"

        @staticmethod
        def __misfit__(value: Any) -> str | None:
            return tensor_misfit(value, "(B, H, W, C)")

    class Mask:
        """Masks: a tensor (B, H, W) float32 in [0, 1]; 1 = selected (for a noise mask: repaint)."""

        __socket__: ClassVar[str] = "MASK"

        @staticmethod
        def __misfit__(value: Any) -> str | None:
            return tensor_misfit(value, "(B, H, W)")


def tensor_misfit(value: Any, axes: str) -> str | None:
    """Why a value is no float tensor with so many axes; None if it is. Imports no torch.

    Args:
        value: Anything.
        axes: Such as `(B, H, W)`.
    """
    if not any((c.__module__, c.__name__) == ("torch", "Tensor") for c in type(value).__mro__):
        return f"expected a tensor {axes}"
    shape = tuple(value.shape)
    if len(shape) != axes.count(",") + 1:
        return f"expected a tensor {axes}, got the shape {shape}"
    return None if value.is_floating_point() else f"expected floats, got {value.dtype}"
