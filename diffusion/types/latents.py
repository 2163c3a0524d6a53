"""Latents: images in a VAE's space."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, slots=True, eq=False)
class Latent:
    """Latents: images in a VAE's space.

    Attributes:
        samples: (B, C, H/8, W/8) float32, as the VAE takes them, that is *after* division by the
            family's scale (0.18215 for SD1.x). This is the convention of stored ComfyUI latents.
        family: Whose latent format this is, e.g. "sd1".
        noise_mask: (B or 1, H, W) float32 in [0, 1] of any size; 1 = repaint, 0 = keep. None = all.
        batch_index: For every item the number of its noise draw; None = 0, 1, 2, ... drawn as one
            block. One item of a batch can thus be made again alone.
    """

    __socket__: ClassVar[str] = "LATENT"

    samples: Tensor
    family: str = "sd1"
    noise_mask: Tensor | None = None
    batch_index: tuple[int, ...] | None = None
