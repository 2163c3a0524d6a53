"""Latent formats: how a VAE's space and the space a denoising network works in differ. No torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


ANY = "any"
"""The family of an empty latent: all zeros, of no VAE, and so right for every model."""


@dataclass(frozen=True, slots=True)
class LatentFormat:
    """What stored latents are, and what the network makes of them.

    Attributes:
        name: The VAE space, `Latent.family`; SD1.x and SD2.x share one.
        channels: Channels of a latent.
        scale: Factor from stored latents to the network's space.
        shift: Subtracted before that factor.
        mean, std: One number a channel; then shift is not used.
        downscale: Pixels per latent cell and side.
    """

    name: str
    channels: int = 4
    scale: float = 0.18215
    shift: float = 0.0
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()
    downscale: int = 8

    def to_network(self, samples: Tensor) -> Tensor:
        """Stored latents (B, C, h, w) in the network's space."""
        if self.mean:
            mean, std = self._columns(samples)
            return (samples - mean) * (self.scale / std)
        return (samples - self.shift) * self.scale if self.shift else samples * self.scale

    def start(self, samples: Tensor) -> Tensor:
        """As `to_network`; but an empty latent, all zeros, is no picture and stays zeros."""
        return self.to_network(samples) if bool(samples.any()) else samples

    def to_stored(self, x: Tensor) -> Tensor:
        """Back to what the VAE takes; inverse of `to_network`."""
        if self.mean:
            mean, std = self._columns(x)
            return x * (std / self.scale) + mean
        return x / self.scale + self.shift if self.shift else x / self.scale

    def _columns(self, like: Tensor) -> tuple[Tensor, Tensor]:
        mean = like.new_tensor(self.mean)[:, None, None]
        return mean, like.new_tensor(self.std)[:, None, None]


SD1 = LatentFormat("sd1")
SDXL = LatentFormat("sdxl", scale=0.13025)
SD3 = LatentFormat("sd3", channels=16, scale=1.5305, shift=0.0609)
FLUX = LatentFormat("flux", channels=16, scale=0.3611, shift=0.1159)
PLAYGROUND = LatentFormat(
    "sdxl",
    scale=0.5,
    mean=(-1.6574, 1.886, -1.383, 2.5155),
    std=(8.4927, 5.9022, 6.5498, 5.2299),
)

_SPACES: Mapping[str, tuple[str, ...]] = {
    "kl4": ("sd1", "sdxl"),
    "kl16": ("sd3", "flux"),
}
"""VAE files of one shape that belong to several spaces: the file alone cannot tell which."""


def same_space(left: str, right: str) -> bool:
    """Whether latents of one family can be used as those of another, as far as files show."""
    if left == right or ANY in {left, right}:
        return True
    return right in _SPACES.get(left, ()) or left in _SPACES.get(right, ())
