"""Pictures and masks: plain tensors, which bear a name only in the schema of nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, TypeAlias

if TYPE_CHECKING:
    from torch import Tensor

    Image: TypeAlias = Tensor
    Mask: TypeAlias = Tensor
else:

    class Image:
        """Pictures: a tensor (B, H, W, 3) float32 in [0, 1], sRGB, channels last.

        A fourth channel is alpha, 1 = opaque; what cannot keep it refuses it.
        """

        __socket__: ClassVar[str] = "IMAGE"

    class Mask:
        """Masks: a tensor (B, H, W) float32 in [0, 1]; 1 = selected (for a noise mask: repaint)."""

        __socket__: ClassVar[str] = "MASK"
