"""Control: ControlNets, images beside the noise, reference images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

from ..weights.handle import Weights
from .attachment import Attachment, lengths_fit
from .encoders import Vae

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from .conditioning import ConditioningEntry

ReferencePlaces = Literal["offset", "index", "diagonal"]


@dataclass(frozen=True, slots=True)
class ControlNet:
    """A ControlNet: a description that points to weights, loaded on first use.

    Attributes:
        control_type: The type of control image that a union network is told, a key of
            `control_types.CONTROL_TYPES`; None = it is told none.
    """

    __socket__: ClassVar[str] = "CONTROL_NET"

    family: str
    weights: Weights
    control_type: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class ControlUse(Attachment):
    """One use of a ControlNet with its control image.

    Attributes:
        net: The network.
        image: (B, H, W, 3) float32 in [0, 1], already preprocessed (edges, depth, pose, ...).
        strength: Factor on the residuals; 1 = as trained.
        start, end: Part of the sampling schedule in which it acts, fractions in [0, 1].
        vae: Encodes the image for networks that take latents; None for those that take pixels.
        mask: (B or 1, H, W) float32, 1 = repaint, for inpainting networks; None for others.
        both_sides: Whether the negative side is steered as well, if nothing else steers it.
    """

    single: ClassVar[bool] = False
    stored: ClassVar[bool] = False
    follows_area: ClassVar[bool] = True

    net: ControlNet
    image: Tensor
    strength: float = 1.0
    start: float = 0.0
    end: float = 1.0
    vae: Vae | None = None
    mask: Tensor | None = None
    both_sides: bool = False

    @property
    def window(self) -> tuple[float, float]:
        return self.start, self.end

    @property
    def for_both(self) -> bool:
        return self.both_sides

    def same_as(self, other: ControlUse) -> bool:
        """Whether both give the same residuals for the same input."""
        return self is other or (
            self.net == other.net
            and (self.strength, self.window) == (other.strength, other.window)
            and self.vae == other.vae
            and _same(self.mask, other.mask)
            and _same(self.image, other.image)
        )

    @classmethod
    def share_call(cls, entries: Sequence[ConditioningEntry], most_repeats: int) -> bool:
        first, last = entries[0].attachments(cls), entries[-1].attachments(cls)
        return len(first) == len(last) and all(
            one.same_as(other) for one, other in zip(first, last, strict=True)
        )


@dataclass(frozen=True, slots=True, eq=False)
class ControlText(Attachment):
    """A text for ControlNets alone, in place of the prompt's own.

    Attributes:
        tokens: (1, T, C) float32 embeddings.
        token_mask: (1, T) float32, 1 where a token is no padding; None = all are seen.
    """

    tokens: Tensor
    token_mask: Tensor | None = None

    @classmethod
    def share_call(cls, entries: Sequence[ConditioningEntry], most_repeats: int) -> bool:
        read = [entry.attachment(cls) or entry for entry in entries]
        return lengths_fit([text.tokens.shape[1] for text in read], most_repeats)


@dataclass(frozen=True, slots=True, eq=False)
class Concat(Attachment):
    """An image that the network sees beside the noise (inpainting, InstructPix2Pix).

    Attributes:
        samples: (B, C, h, w) float32 latents as the VAE gives them.
        mask: (B, H, W) float32, 1 = repaint, any size; None for networks without a mask.
    """

    samples: Tensor
    mask: Tensor | None = None


@dataclass(frozen=True, slots=True, eq=False)
class References(Attachment):
    """Reference images that the network sees as further tokens (Flux Kontext).

    Attributes:
        latents: (B, C, h, w) float32 each, as the VAE gives them, of any size.
        places: Where they are to the network: "offset" = beside each other, "index" = all at the
            place of the image that is sampled, each with a number of its own, "diagonal" = right
            below that image, one behind the other.
    """

    latents: tuple[Tensor, ...] = ()
    places: ReferencePlaces = "offset"

    @property
    def layout(self) -> tuple[str, list[torch.Size]]:
        """Places and sizes of the images; equal where rows can share a call."""
        return self.places if self.latents else "", [each.shape[1:] for each in self.latents]

    @classmethod
    def share_call(cls, entries: Sequence[ConditioningEntry], most_repeats: int) -> bool:
        first, last = (entry.attachment(cls) or cls() for entry in (entries[0], entries[-1]))
        return first.layout == last.layout


def _same(left: Tensor | None, right: Tensor | None) -> bool:
    import torch

    if left is None or right is None:
        return left is right
    return left is right or torch.equal(left, right)
