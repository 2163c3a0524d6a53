"""Text encoders, VAEs and image encoders: the networks around the denoising network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from ..weights.handle import Weights
from .hooks import ClipHooks

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, slots=True)
class SentencePadding:
    """How the text of a T5 encoder is filled up.

    Attributes:
        always: Padding behind every prompt.
        least: Tokens a prompt has at least, padding and all.
    """

    always: int = 0
    least: int = 0


@dataclass(frozen=True, slots=True)
class Clip:
    """The text encoders of a model with their tokenizers.

    Attributes:
        weights: The first encoder.
        last_layer: Which layer's output is taken: -1 the last, -2 the one before ("clip skip 2");
            None = as the family was trained.
        others: Second and third encoder of families that have them, in the family's order.
        hooks: Changes of their weights while a prompt is encoded; None = none.
        padding: Of T5's text; None = as the family was trained.
    """

    __socket__: ClassVar[str] = "CLIP"

    family: str
    weights: Weights
    last_layer: int | None = None
    others: tuple[Weights, ...] = ()
    hooks: ClipHooks | None = None
    padding: SentencePadding | None = None

    @property
    def encoders(self) -> tuple[Weights, ...]:
        """All encoders, in the family's order."""
        return (self.weights, *self.others)

    def encoder(self, role: str) -> Weights | None:
        """One of the encoders by its role, "CLIP-L", "CLIP-G", "T5" ...; None if it is missing."""
        return next((w for w in self.encoders if w.extras.get("role") == role), None)


@dataclass(frozen=True, slots=True)
class Vae:
    """A VAE: an autoencoder between images and latents."""

    __socket__: ClassVar[str] = "VAE"

    family: str
    weights: Weights


@dataclass(frozen=True, slots=True)
class ClipVision:
    """An image encoder.

    Attributes:
        family: "clip" (vision tower with projection) or "siglip" (without).
        weights: Its network.
    """

    __socket__: ClassVar[str] = "CLIP_VISION"

    family: str
    weights: Weights


@dataclass(frozen=True, slots=True, eq=False)
class ImageEmbeds:
    """Image embeddings from an image encoder.

    Attributes:
        embeds: (N, D) float32, projected: one row a picture; None from SigLIP.
        family: Of the encoder, as `ClipVision.family`.
        tokens: (N, T, D) float32, after the last norm: one row a patch; None from CLIP.
    """

    __socket__: ClassVar[str] = "CLIP_VISION_OUTPUT"

    embeds: Tensor | None
    family: str = "clip"
    tokens: Tensor | None = None


@dataclass(frozen=True, slots=True)
class StyleModel:
    """Makes tokens from image embeddings (Flux Redux)."""

    __socket__: ClassVar[str] = "STYLE_MODEL"

    family: str
    weights: Weights


@dataclass(frozen=True, slots=True)
class UpscaleModel:
    """An upscaling network: a description that points to weights."""

    __socket__: ClassVar[str] = "UPSCALE_MODEL"

    weights: Weights

    @property
    def scale(self) -> int:
        """Factor of width and height."""
        return int(self.weights.config["scale"])
