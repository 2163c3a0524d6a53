"""Rules that change a latent, as values that can be handed on. No torch at import."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from torch import Tensor


class LatentOperation(ABC):
    """A rule from (B, C, h, w) to the same shape."""

    __slots__ = ()
    __socket__: ClassVar[str] = "LATENT_OPERATION"

    @abstractmethod
    def __call__(self, samples: Tensor) -> Tensor:
        """Apply it; a new tensor."""


@dataclass(frozen=True, slots=True)
class Tonemap(LatentOperation):
    """Reinhard's curve on the lengths of channel vectors: long ones are shortened most.

    Attributes:
        multiplier: Length that nothing reaches, in units of the mean plus 5 standard deviations.

    Source: Reinhard et al. 2002; on latents as ComfyUI's LatentOperationTonemapReinhard.
    """

    multiplier: float

    def __call__(self, samples: Tensor) -> Tensor:
        length = samples.norm(dim=1, keepdim=True) + 1e-10
        mean = length.mean(dim=(1, 2, 3), keepdim=True)
        top = (length.std(dim=(1, 2, 3), keepdim=True) * 5 + mean) * self.multiplier
        found: Tensor = samples / length * (length * top / (length + top))
        return found


@dataclass(frozen=True, slots=True)
class Sharpen(LatentOperation):
    """Sharpens the directions of channel vectors and leaves their lengths.

    Attributes:
        radius: Cells; the kernel is 2 radius + 1 wide.
        sigma: Of the blur that is taken away, in units of the radius.
        alpha: How much, 0 nothing; 0.1 takes away the whole blur once.

    Source: unsharp masking; as ComfyUI's LatentOperationSharpen.
    """

    radius: int
    sigma: float
    alpha: float

    def __call__(self, samples: Tensor) -> Tensor:
        from ..pictures.filters import sharpened

        length = samples.norm(dim=1, keepdim=True) + 1e-6
        found: Tensor = length * sharpened(samples / length, self.radius, self.sigma, self.alpha)
        return found
