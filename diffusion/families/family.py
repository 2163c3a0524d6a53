"""What a model family is: one object with all that differs between families. No torch at import."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

from ..errors import ModelError, ParameterError
from ..latent_format import LatentFormat
from ..model_sampling import ModelSampling

if TYPE_CHECKING:
    from torch import Tensor

    from ..types import Clip, Conditioning, ConditioningEntry, ControlNet, Model

Inputs: TypeAlias = Mapping[str, Any]
Residuals: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """One entry of one side of guidance."""

    entry: ConditioningEntry
    negative: bool


class Family(ABC):
    """A model family.

    Attributes:
        name: `Model.family`, `Clip.family`.
        words: Its name for people.
        latent: The space its VAE and its network work in.
        sampling: What the network predicts, unless the file says otherwise.
        encoders: What each of its text encoders is, in the order of `Clip.encoders`.
        controls: The `ControlNet.family` values that fit.
    """

    name: ClassVar[str]
    words: ClassVar[str]
    latent: ClassVar[LatentFormat]
    sampling: ClassVar[ModelSampling]
    encoders: ClassVar[tuple[str, ...]] = ("CLIP",)
    controls: ClassVar[tuple[str, ...]] = ()

    def sampling_of(self, model: Model) -> ModelSampling:
        """What this model predicts: as its file says, else as its family does."""
        stated = model.weights.extras.get("sampling")
        return stated if isinstance(stated, ModelSampling) else self.sampling

    def encode(
        self, clip: Clip, texts: Sequence[str], *, square_brackets: bool = True
    ) -> Conditioning:
        """Encode one text for each text encoder.

        Raises:
            ParameterError: Not as many texts as encoders.
        """
        if len(texts) != len(self.encoders):
            raise ParameterError(
                "text.wrong_number",
                f"{self.words} has {len(self.encoders)} text encoders.",
                expected=f"{len(self.encoders)} texts ({', '.join(self.encoders)})",
                got=str(len(texts)),
            )
        return self._encode(clip, texts, square_brackets)

    @abstractmethod
    def _encode(self, clip: Clip, texts: Sequence[str], square_brackets: bool) -> Conditioning: ...

    @abstractmethod
    def prepare(self, model: Model, rows: Sequence[Row], shape: Any, like: Tensor) -> Inputs:
        """What goes with every step's x: made once for rows that run together.

        Args:
            model: The model.
            rows: Entries of one call.
            shape: (B, C, h, w) of x; the call has len(rows) * B rows.
            like: Device and type of the network.
        """

    @abstractmethod
    def forward(
        self, network: Any, x: Tensor, timestep: float, inputs: Inputs, residuals: Residuals
    ) -> Tensor:
        """One call of the network: its output (N, C, h, w).

        Args:
            network: The torch module.
            x: (N, C, h, w), as `Parametrization.network_input` gives it.
            timestep: What the network is told of the noise level.
            inputs: From `prepare`.
            residuals: What ControlNets add; {} for none.
        """

    def control(
        self, net: Any, x: Tensor, timestep: float, inputs: Inputs, hint: Tensor, strength: float
    ) -> Residuals:
        """What a ControlNet adds to a call; the values of several are summed by name."""
        raise self._no_control()

    def check_control(self, model: Model, net: ControlNet) -> None:
        """Refuse a ControlNet of another family or other widths; both kinds are named.

        Raises:
            ModelError: It does not fit.
        """
        if not self.controls:
            raise self._no_control()
        if net.family not in self.controls:
            from ..formats.identify import family_words

            raise ModelError(
                "model.kinds_do_not_fit",
                f'ControlNet "{net.weights.path.name}" ({family_words(net.family)}) does not fit '
                f'the model "{model.weights.path.name}" ({self.words}).',
                expected=f"a ControlNet for {self.words}",
                got=f"a ControlNet for {family_words(net.family)}",
                hint="Use a ControlNet that was trained for this model family.",
            )

    def _no_control(self) -> ModelError:
        return ModelError(
            "model.no_control",
            f"weft runs no ControlNets with {self.words} yet.",
            hint="Remove ApplyControlNet, or use a model of another family.",
        )


def repeat_tokens(rows: Sequence[Row], batch: int, like: Tensor) -> Tensor:
    """Text of all rows, (len(rows) * batch, T, C); shorter prompts are repeated to one length."""
    import math

    import torch

    length = math.lcm(*(row.entry.tokens.shape[1] for row in rows))
    parts = [
        row.entry.tokens.repeat(1, length // row.entry.tokens.shape[1], 1).expand(batch, -1, -1)
        for row in rows
    ]
    return torch.cat(parts).to(like)


def pooled_of(rows: Sequence[Row], batch: int, width: int, like: Tensor) -> Tensor:
    """Pooled text of all rows, (len(rows) * batch, width); zeros where an entry has none."""
    import torch

    parts = [
        torch.zeros(1, width) if row.entry.pooled is None else row.entry.pooled for row in rows
    ]
    return torch.cat([part.expand(batch, -1) for part in parts]).to(like)
