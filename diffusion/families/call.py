"""One call of a denoising network: its rows, its inputs, and what acts in it. No torch at import.

A denoiser plans calls whenever the set of what acts changes. For each it makes a `Call`: the family
fills in the arguments that follow from the prompts, then the handler of every kind of attachment
adds what its kind brings (`denoising.handlers`).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from ..types import Attachment, ConditioningEntry, Guider, Model
    from .family import Family

Residuals: TypeAlias = Mapping[str, "Sequence[Tensor]"]
"""What control adds inside of a network: tensors for each place in it, by the family's names."""


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """One entry of one side of guidance, with the attachments that act now."""

    entry: ConditioningEntry
    negative: bool


@dataclass(slots=True, eq=False)
class Inputs:
    """The inputs of a network beside every step's x.

    Attributes:
        arguments: Keyword arguments of its forward.
        channels: (N, C', h, w) beside the noise; None = none.
        tokens: Further image tokens, (N, T, C), with their places (T, 3); None = none.
        around: What is entered around the call, in this order.
    """

    arguments: dict[str, Any]
    channels: Tensor | None = None
    tokens: tuple[Tensor, Tensor] | None = None
    around: list[Callable[[], AbstractContextManager[object]]] = field(default_factory=list)


class Steering(ABC):
    """Gives residuals for a call: a ControlNet with its image, ready to run."""

    @abstractmethod
    def residuals(self, x: Tensor, timestep: float, network: Any) -> Residuals:
        """The residuals inside the network; those of several are summed by name.

        Args:
            x: (N, C, h, w), as the network gets it.
            timestep: The noise level as the network is told it.
            network: The torch module that is steered.
        """


@dataclass(slots=True, eq=False)
class Call:
    """A network call in the making.

    Attributes:
        model: The model.
        family: Its family.
        rows: The entries that run together.
        attached: What acts with every prompt, of the model.
        shape: (B, C, h, w) of one row's x; the call has len(rows) * B rows.
        like: Device and type of the network.
        inputs: What goes in; handlers add to it.
        steering: What gives residuals; handlers add to it.
    """

    model: Model
    family: Family
    rows: Sequence[Row]
    attached: Sequence[Attachment]
    shape: torch.Size
    like: Tensor
    inputs: Inputs
    steering: list[Steering] = field(default_factory=list)

    @property
    def batch(self) -> int:
        """Items of the run."""
        return self.shape[0]


class Handler:
    """The effect of some classes of attachments in a run; one object for all runs, without state.

    Attributes:
        kinds: The classes of attachments that it knows.
    """

    kinds: ClassVar[tuple[type[Attachment], ...]]

    def begin(self, guider: Guider, seed: int) -> Guider:
        """A guider whose prompts are ready for a run; called once, before it.

        Args:
            guider: Left as it is.
            seed: Of the run.
        """
        return guider

    def cut(
        self,
        attachment: Attachment,
        cut: Callable[[Tensor], Tensor],
        size: tuple[int, int],
    ) -> Attachment:
        """An attachment as it goes into a call that sees a part of the image.

        Args:
            attachment: Of one of its classes.
            cut: Of a tensor (..., h, w) that part.
            size: (height, width) of the whole latent in cells.
        """
        return attachment

    def prepare(self, call: Call) -> None:
        """Add what goes with a network call; called for every call, attached or not.

        Raises:
            ModelError: An attachment does not fit the model.
        """


def each_item(x: Tensor, batch: int) -> Tensor:
    """A batch of one or more as (batch, ...), repeated in turn."""
    return x[[number % len(x) for number in range(batch)]]
