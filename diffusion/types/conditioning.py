"""Encoded prompts, and where, when and how strongly each acts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, Literal, TypeVar

from .attachment import Attachment
from .hooks import NO_HOOKS, Hooks

if TYPE_CHECKING:
    from torch import Tensor

Found = TypeVar("Found", bound=Attachment)


@dataclass(frozen=True, slots=True)
class SizeHint:
    """The size conditioning of SDXL: the sizes of a training image in pixels.

    Attributes:
        width, height: Of the original picture.
        crop_x, crop_y: What was cut off on the left and above.
        target_width, target_height: Of the picture it learned from.
    """

    width: int
    height: int
    crop_x: int = 0
    crop_y: int = 0
    target_width: int | None = None
    target_height: int | None = None


@dataclass(frozen=True, slots=True)
class Area:
    """A rectangle of the image.

    Attributes:
        x, y: Of its upper left corner.
        width, height: Its size.
        unit: "pixels", of which whole latent cells count, or "fraction" of the picture's sides.
    """

    x: float
    y: float
    width: float
    height: float
    unit: Literal["pixels", "fraction"] = "pixels"


@dataclass(frozen=True, slots=True)
class TimestepRange:
    """A part of the sampling schedule, fractions in [0, 1]; 0 is the noisy start."""

    __socket__: ClassVar[str] = "TIMESTEPS_RANGE"

    start: float = 0.0
    end: float = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class ConditioningEntry:
    """One encoded prompt and what goes with it.

    Attributes:
        tokens: (1, T, C) float32 embeddings, T a multiple of 77.
        pooled: (1, C) float32, or None.
        start, end: Part of the sampling schedule in which it acts, fractions in [0, 1].
        strength: Weight against other entries of the same conditioning.
        size: The sizes that SDXL and PixArt take beside the prompt; None = the size of the run.
        aesthetic: The aesthetic score that the SDXL refiner takes, 1 to 10; None = 6, and 2.5 in
            the negative prompt.
        guidance: The guidance scale that a guidance-distilled network (Flux dev) takes; None =
            3.5, "off" = none.
        token_mask: (1, T) float32, 1 where a token is no padding; None = all are seen.
        area: Where it acts; the network then sees only this part. None = the whole image.
        mask: (B or 1, H, W) float32 in [0, 1], any size: its weight from place to place; None = 1.
        mask_strength: Factor on the mask.
        mask_bounds: Whether the rectangle around the mask is its area as well.
        fallback: Whether it acts only where the other entries leave something over.
        composed: Which part of a composition it belongs to, and that part's weight: parts are added
            up ("a AND b"). None = averaged with the others.
        hooks: Changes of the network's weights for this prompt alone.
        encoded_start, encoded_end: Part of the schedule that its text was encoded for; it acts
            where both this and `start` to `end` hold.
        attached: What methods add to it (ControlNets, image prompts, boxes, references, ...), in
            the order in which it was attached.
    """

    tokens: Tensor
    pooled: Tensor | None = None
    start: float = 0.0
    end: float = 1.0
    strength: float = 1.0
    size: SizeHint | None = None
    aesthetic: float | None = None
    guidance: float | Literal["off"] | None = None
    token_mask: Tensor | None = None
    area: Area | None = None
    mask: Tensor | None = None
    mask_strength: float = 1.0
    mask_bounds: bool = False
    fallback: bool = False
    composed: tuple[int, float] | None = None
    hooks: Hooks = NO_HOOKS
    encoded_start: float = 0.0
    encoded_end: float = 1.0
    attached: tuple[Attachment, ...] = ()

    @property
    def window(self) -> tuple[float, float]:
        """Start and end of the part of the schedule in which it acts."""
        return max(self.start, self.encoded_start), min(self.end, self.encoded_end)

    def attachments(self, kind: type[Found]) -> tuple[Found, ...]:
        """All attachments of a class, in their order."""
        return tuple(each for each in self.attached if isinstance(each, kind))

    def attachment(self, kind: type[Found]) -> Found | None:
        """The attachment of a class of which there is at most one; None if there is none."""
        return next(iter(self.attachments(kind)), None)

    def attach(self, *more: Attachment) -> ConditioningEntry:
        """With more attachments; those of which there is at most one take the place of the old."""
        found = self.attached
        for each in more:
            if each.single:
                found = tuple(old for old in found if type(old) is not type(each))
            found = (*found, each)
        return replace(self, attached=found)

    def without(self, kind: type[Attachment]) -> ConditioningEntry:
        """Without the attachments of a class."""
        kept = tuple(each for each in self.attached if not isinstance(each, kind))
        return self if len(kept) == len(self.attached) else replace(self, attached=kept)


@dataclass(frozen=True, slots=True, eq=False)
class Conditioning:
    """Encoded prompts: one or more entries, averaged by strength where both act."""

    __socket__: ClassVar[str] = "CONDITIONING"

    entries: tuple[ConditioningEntry, ...]

    def attach(self, *more: Attachment) -> Conditioning:
        """With more attachments in every entry, see `ConditioningEntry.attach`."""
        return Conditioning(tuple(entry.attach(*more) for entry in self.entries))
