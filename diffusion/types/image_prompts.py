"""Images as prompts: IP-Adapters, unCLIP, and the tokens of style models."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from ..weights.handle import Weights
from .attachment import Attachment
from .encoders import ClipVision

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, slots=True)
class IPAdapter:
    """An IP-Adapter with the image encoder it was trained on."""

    __socket__: ClassVar[str] = "IPADAPTER"

    family: str
    weights: Weights
    clip_vision: ClipVision


@dataclass(frozen=True, slots=True, eq=False)
class IPAdapterUse(Attachment):
    """One use of an IP-Adapter; attached to a model, so that it acts with every prompt.

    Attributes:
        adapter: The adapter.
        positive: (N, D) float32 image embeddings, one row per reference image.
        negative: (N, D) float32 embeddings for the unconditional pass (zeros for the base layout).
        weight: Factor on the image attention; 1 = as trained.
        start, end: Part of the sampling schedule in which it acts, fractions in [0, 1].
    """

    single: ClassVar[bool] = False
    stored: ClassVar[bool] = False

    adapter: IPAdapter
    positive: Tensor
    negative: Tensor
    weight: float = 1.0
    start: float = 0.0
    end: float = 1.0

    @property
    def window(self) -> tuple[float, float]:
        return self.start, self.end


@dataclass(frozen=True, slots=True, eq=False)
class ImagePrompt(Attachment):
    """Images as a prompt for models that take image embeddings (unCLIP, Revision).

    Attributes:
        embeds: (N, D) float32, one row an image, from a CLIP image encoder.
        strength: Factor on the embedding that the model gets.
        noise: Noise put on the embeddings, 0 to 1, whose level the model is told; the more of it,
            the more freely the model follows the images.
    """

    single: ClassVar[bool] = False

    embeds: Tensor
    strength: float = 1.0
    noise: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class ImageVector(Attachment):
    """All image prompts of an entry as one vector; made when a run begins.

    Attributes:
        vector: (1, 2D) float32: the embedding and the level of its noise.
    """

    vector: Tensor


@dataclass(frozen=True, slots=True)
class StyleTokens(Attachment):
    """Which of a prompt's tokens a style model made of images (Flux Redux).

    Attributes:
        start: The first of them.
        count: How many.
        weight: Factor on the attention that the image and all tokens before them pay to them;
            1 = as the network was trained, 0 = none.
    """

    single: ClassVar[bool] = False

    start: int
    count: int
    weight: float = 1.0
