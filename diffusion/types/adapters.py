"""What steers a network beside its prompt, and one use of it: ControlNets, GLIGEN, IP-Adapters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from ..weights.handle import Weights
from .encoders import ClipVision, Vae

if TYPE_CHECKING:
    from torch import Tensor


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
