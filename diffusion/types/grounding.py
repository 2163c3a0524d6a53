"""Objects at places in the image (GLIGEN)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from ..weights.handle import Weights
from .attachment import Attachment

if TYPE_CHECKING:
    from torch import Tensor

    from .conditioning import ConditioningEntry


@dataclass(frozen=True, slots=True)
class Gligen:
    """A GLIGEN network: a description that points to weights, loaded on first use."""

    __socket__: ClassVar[str] = "GLIGEN"

    family: str
    weights: Weights

    @property
    def text_width(self) -> int:
        """Width of the text embeddings in its boxes."""
        return int(self.weights.config["text_width"])


@dataclass(frozen=True, slots=True, eq=False)
class TextBox:
    """An object and its bounding box.

    Attributes:
        words: (1, C) float32, the pooled embedding of a text that says what the object is.
        x, y: Upper left corner, in latent cells.
        width, height: Size in latent cells.
    """

    words: Tensor
    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True, slots=True, eq=False)
class Grounding(Attachment):
    """Bounding boxes with objects, and the network that places them; it acts also without boxes."""

    stored: ClassVar[bool] = False

    net: Gligen
    boxes: tuple[TextBox, ...]

    @property
    def for_both(self) -> bool:
        return True

    @classmethod
    def share_call(cls, entries: Sequence[ConditioningEntry], most_repeats: int) -> bool:
        first, last = (entry.attachment(cls) for entry in (entries[0], entries[-1]))
        return (first and first.net) == (last and last.net)
