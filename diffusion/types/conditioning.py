"""What a picture shall show: encoded prompts, and where, when and how strongly each acts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

from .adapters import ControlUse, Grounding
from .hooks import NO_HOOKS, Hooks

if TYPE_CHECKING:
    from torch import Tensor


ReferencePlaces = Literal["offset", "index", "diagonal"]


@dataclass(frozen=True, slots=True)
class SizeHint:
    """The sizes that SDXL was told of each training picture, in pixels.

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


@dataclass(frozen=True, slots=True, eq=False)
class Concat:
    """A picture that the network sees beside the noise (inpainting, InstructPix2Pix).

    Attributes:
        samples: (B, C, h, w) float32 latents as the VAE gives them.
        mask: (B, H, W) float32, 1 = repaint, any size; None for networks without a mask.
    """

    samples: Tensor
    mask: Tensor | None = None


@dataclass(frozen=True, slots=True)
class Area:
    """A rectangle of the picture.

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
class ImagePrompt:
    """Pictures as a prompt, for models that are told embeddings of pictures (unCLIP, Revision).

    Attributes:
        embeds: (N, D) float32, one row a picture, from a CLIP image encoder.
        strength: Factor on what the model is told.
        noise: How freely it follows, 0 to 1: noise put on the embeddings, which the model is told.
    """

    embeds: Tensor
    strength: float = 1.0
    noise: float = 0.0


@dataclass(frozen=True, slots=True)
class StyleTokens:
    """Which of a prompt's tokens a style model made of pictures.

    Attributes:
        start: The first of them.
        count: How many.
        weight: Factor on the attention that the picture and all tokens before them pay to them;
            1 = as the network was trained, 0 = none.
    """

    start: int
    count: int
    weight: float = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class ControlText:
    """A text for ControlNets alone.

    Attributes:
        tokens: (1, T, C) float32 embeddings.
        token_mask: (1, T) float32, 1 where a token is no padding; None = all are seen.
    """

    tokens: Tensor
    token_mask: Tensor | None = None


@dataclass(frozen=True, slots=True, eq=False)
class ConditioningEntry:
    """One encoded prompt and what goes with it.

    Attributes:
        tokens: (1, T, C) float32 embeddings, T a multiple of 77.
        pooled: (1, C) float32, or None.
        start, end: Part of the sampling schedule in which it acts, fractions in [0, 1].
        strength: Weight against other entries of the same conditioning.
        control: ControlNets that act together with this prompt; their residuals add up.
        size: What SDXL is told of sizes; None = the size of the run.
        aesthetic: What the SDXL refiner is told of beauty, 1 to 10; None = 6, negative 2.5.
        guidance: What a guidance-distilled network (Flux dev) is told; None = 3.5, "off" = nothing.
        concat: A picture that inpainting and editing networks see; None = an empty one.
        token_mask: (1, T) float32, 1 where a token is no padding; None = all are seen.
        area: Where it acts; the network then sees only this part. None = the whole picture.
        mask: (B or 1, H, W) float32 in [0, 1], any size: its weight from place to place; None = 1.
        mask_strength: Factor on the mask.
        mask_bounds: Whether the rectangle around the mask is its area as well.
        fallback: Whether it acts only where the other entries leave something over.
        composed: Which part of a composition it belongs to, and that part's weight: parts are added
            up ("a AND b"). None = averaged with the others.
        hooks: Changes of the network's weights for this prompt alone.
        encoded_start, encoded_end: Part of the schedule that its text was encoded for; it acts
            where both this and `start` to `end` hold.
        images: Pictures that act together with this prompt; made into one vector for each run.
        grounding: Things at places (GLIGEN); None = none.
        image_vector: That vector, (1, 2D) float32; None before a run, or without pictures.
        references: Pictures to draw from (Flux Kontext): (B, C, h, w) float32 as the VAE gives
            them, of any size.
        reference_places: Where those pictures are to the network: "offset" = beside each other,
            "index" = all at the place of what is drawn, each with a number of its own, "diagonal" =
            right below what is drawn, one behind the other.
        styles: The tokens that come from style models (Flux Redux), in order.
        control_text: What ControlNets read in place of `tokens`; None = the same.
    """

    tokens: Tensor
    pooled: Tensor | None = None
    start: float = 0.0
    end: float = 1.0
    strength: float = 1.0
    control: tuple[ControlUse, ...] = ()
    size: SizeHint | None = None
    aesthetic: float | None = None
    guidance: float | Literal["off"] | None = None
    concat: Concat | None = None
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
    images: tuple[ImagePrompt, ...] = ()
    image_vector: Tensor | None = None
    grounding: Grounding | None = None
    references: tuple[Tensor, ...] = ()
    reference_places: ReferencePlaces = "offset"
    styles: tuple[StyleTokens, ...] = ()
    control_text: ControlText | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Conditioning:
    """What the picture shall show: one or more entries, averaged by strength where both act."""

    __socket__: ClassVar[str] = "CONDITIONING"

    entries: tuple[ConditioningEntry, ...]
