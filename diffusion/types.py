"""The values that pass between operations: small frozen records and tensors with a stated layout.

Importable without torch, so that the schema of every node loads fast. Nothing here is ever mutated:
an operation returns a new value. Every class carries `__socket__`, its name in the field.

Tensors handed around stay on the CPU in float32; moving to a device is the business of the function
that computes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal, TypeAlias

from .adapters.hooks import NO_HOOKS, ClipHooks, Hooks
from .denoising.model_sampling import ModelSampling
from .sampling.guidance.rule import GuidanceRule
from .weights.handle import Weights

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


__all__ = [
    "Area",
    "Clip",
    "ClipVision",
    "Concat",
    "Conditioning",
    "ConditioningEntry",
    "ControlNet",
    "ControlUse",
    "Gligen",
    "Grounding",
    "Guider",
    "IPAdapter",
    "IPAdapterUse",
    "Image",
    "ImageEmbeds",
    "ImagePrompt",
    "Latent",
    "Mask",
    "Model",
    "NoiseSource",
    "SamplerChoice",
    "Schedule",
    "SentencePadding",
    "SizeHint",
    "TextBox",
    "TimestepRange",
    "UpscaleModel",
    "Vae",
    "Weights",
]


@dataclass(frozen=True, slots=True, eq=False)
class Latent:
    """Pictures in a VAE's space.

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


@dataclass(frozen=True, slots=True)
class ControlNet:
    """A ControlNet: a description that points to weights, loaded on first use.

    Attributes:
        picture: What a union network is told its picture is, a key of `control_types.PICTURES`;
            None = nothing.
    """

    __socket__: ClassVar[str] = "CONTROL_NET"

    family: str
    weights: Weights
    picture: str | None = None


@dataclass(frozen=True, slots=True)
class UpscaleModel:
    """A network that makes pictures larger: a description that points to weights."""

    __socket__: ClassVar[str] = "UPSCALE_MODEL"

    weights: Weights

    @property
    def scale(self) -> int:
        """Factor of width and height."""
        return int(self.weights.config["scale"])


@dataclass(frozen=True, slots=True, eq=False)
class ControlUse:
    """One use of a ControlNet with its picture.

    Attributes:
        net: The network.
        image: (B, H, W, 3) float32 in [0, 1], already preprocessed (edges, depth, pose, ...).
        strength: Factor on the residuals; 1 = as trained.
        start, end: Part of the sampling schedule in which it acts, fractions in [0, 1].
        vae: Encodes the picture for networks that take latents; None for those that take pixels.
        mask: (B or 1, H, W) float32, 1 = repaint, for inpainting networks; None for others.
        both_sides: Whether the negative side is steered as well, if nothing else steers it.
    """

    net: ControlNet
    image: Tensor
    strength: float = 1.0
    start: float = 0.0
    end: float = 1.0
    vae: Vae | None = None
    mask: Tensor | None = None
    both_sides: bool = False


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


@dataclass(frozen=True, slots=True)
class Gligen:
    """A GLIGEN network: a description that points to weights, loaded on first use."""

    __socket__: ClassVar[str] = "GLIGEN"

    family: str
    weights: Weights

    @property
    def text_width(self) -> int:
        """Width of the words in its boxes."""
        return int(self.weights.config["text_width"])


@dataclass(frozen=True, slots=True, eq=False)
class TextBox:
    """A thing at a place.

    Attributes:
        words: (1, C) float32, what it is.
        x, y: Upper left corner, in latent cells.
        width, height: Size in latent cells.
    """

    words: Tensor
    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True, slots=True, eq=False)
class Grounding:
    """Things at places, and the network that puts them there; it acts also without boxes."""

    net: Gligen
    boxes: tuple[TextBox, ...]


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
        guidance: What a guidance-distilled network (Flux dev) is told; None = 3.5.
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
    """

    tokens: Tensor
    pooled: Tensor | None = None
    start: float = 0.0
    end: float = 1.0
    strength: float = 1.0
    control: tuple[ControlUse, ...] = ()
    size: SizeHint | None = None
    aesthetic: float | None = None
    guidance: float | None = None
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


@dataclass(frozen=True, slots=True, eq=False)
class Conditioning:
    """What the picture shall show: one or more entries, averaged by strength where both act."""

    __socket__: ClassVar[str] = "CONDITIONING"

    entries: tuple[ConditioningEntry, ...]


@dataclass(frozen=True, slots=True)
class IPAdapter:
    """An IP-Adapter with the image encoder it was trained on."""

    __socket__: ClassVar[str] = "IPADAPTER"

    family: str
    weights: Weights
    clip_vision: ClipVision


@dataclass(frozen=True, slots=True, eq=False)
class IPAdapterUse:
    """One use of an IP-Adapter.

    Attributes:
        adapter: The adapter.
        positive: (N, D) float32 image embeddings, one row per reference picture.
        negative: (N, D) float32 embeddings for the unconditional pass (zeros for the base layout).
        weight: Factor on the image attention; 1 = as trained.
        start, end: Part of the sampling schedule in which it acts, fractions in [0, 1].
    """

    adapter: IPAdapter
    positive: Tensor
    negative: Tensor
    weight: float = 1.0
    start: float = 0.0
    end: float = 1.0


@dataclass(frozen=True, slots=True)
class Model:
    """A denoising network: shared weights, and a list of patches applied when it is used.

    Attributes:
        patches: What acts inside of the network.
        sampling: What it predicts and at which noise levels; None = as its family was trained.
        guidance: What changes its guidance, in this order.
    """

    __socket__: ClassVar[str] = "MODEL"

    family: str
    weights: Weights
    patches: tuple[IPAdapterUse, ...] = ()
    sampling: ModelSampling | None = None
    guidance: tuple[GuidanceRule, ...] = ()


@dataclass(frozen=True, slots=True)
class SamplerChoice:
    """An update rule with its options.

    Attributes:
        name: A key of `SAMPLERS` or one of their aliases.
        options: What differs from the rule's defaults, by name.
    """

    __socket__: ClassVar[str] = "SAMPLER"

    name: str
    options: tuple[tuple[str, float | int | str | bool], ...] = ()


@dataclass(frozen=True, slots=True)
class Schedule:
    """The noise levels that a run visits.

    Attributes:
        sigmas: n + 1 of them for n steps, mostly falling and with a trailing 0; fewer than two =
            nothing is done.
    """

    __socket__: ClassVar[str] = "SIGMAS"

    sigmas: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class NoiseSource:
    """Where noise comes from.

    Attributes:
        seed: 0 to 2**64 - 1.
        initial: Whether a run begins with noise; False for a latent that still holds some.
    """

    __socket__: ClassVar[str] = "NOISE"

    seed: int = 0
    initial: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class Guider:
    """A model with its prompts, ready to be sampled.

    Attributes:
        model: What to sample.
        positive: What the picture shall show.
        negative: What guidance leads away from; None = no guidance.
        cfg: Strength of guidance; between `middle` and `positive` where there is a middle.
        middle: A third prompt between the two, or None.
        cfg_middle: Strength of guidance from the negative prompt to the middle one.
        nested: Whether the outer guidance goes to the inner one's outcome instead of the middle.
    """

    __socket__: ClassVar[str] = "GUIDER"

    model: Model
    positive: Conditioning
    negative: Conditioning | None = None
    cfg: float = 1.0
    middle: Conditioning | None = None
    cfg_middle: float = 1.0
    nested: bool = False


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
    """An autoencoder between pictures and latents."""

    __socket__: ClassVar[str] = "VAE"

    family: str
    weights: Weights


@dataclass(frozen=True, slots=True)
class ClipVision:
    """An image encoder (CLIP vision tower with projection)."""

    __socket__: ClassVar[str] = "CLIP_VISION"

    family: str
    weights: Weights


@dataclass(frozen=True, slots=True, eq=False)
class ImageEmbeds:
    """What an image encoder sees in pictures.

    Attributes:
        embeds: (N, D) float32, projected: one row a picture.
        family: Of the encoder.
    """

    __socket__: ClassVar[str] = "CLIP_VISION_OUTPUT"

    embeds: Tensor
    family: str = "clip"
