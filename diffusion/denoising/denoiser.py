"""The one thing samplers, guidance, control and adapters are written against."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from ..prediction.model_sampling import Parametrization
from ..types import Conditioning
from ..vae.format import LatentFormat

if TYPE_CHECKING:
    import torch
    from torch import Tensor


class Denoiser(Protocol):
    """A model ready to run, whatever the family behind it.

    Attributes:
        parametrization: What the network predicts, and its noise levels.
        latent: How stored latents and the space it works in differ.
        device: Where `x` must be.
    """

    @property
    def parametrization(self) -> Parametrization: ...
    @property
    def latent(self) -> LatentFormat: ...
    @property
    def device(self) -> torch.device: ...

    def predict(
        self, x: Tensor, sigma: float, conditioning: Conditioning, *, negative: bool = False
    ) -> Tensor:
        """The denoised prediction of the model for x.

        Args:
            x: (B, C, h, w) float32 at noise level sigma.
            sigma: Noise level, above 0.
            conditioning: What the picture shall show.
            negative: Whether this is the pass that guidance leads away from.

        Returns:
            x0, (B, C, h, w) float32.
        """
        ...

    def predict_sides(
        self, x: Tensor, sigma: float, sides: Sequence[tuple[Conditioning, bool]]
    ) -> list[Tensor]:
        """Several passes of guidance, as one network call where shapes allow.

        Args:
            x, sigma: As `predict`.
            sides: Conditionings, and whether each is one that guidance leads away from.
        """
        ...
