"""A model family: one object with all differences between families. No torch at import."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

from ..errors import ParameterError, ShapeError
from ..prediction.model_sampling import ModelSampling
from ..vae.format import LatentFormat
from .call import Inputs, Residuals, Row

if TYPE_CHECKING:
    from torch import Tensor

    from ..formats.network_facts import NetworkFacts
    from ..types import Clip, Conditioning, Model


@dataclass(frozen=True, slots=True, eq=False)
class FileSays:
    """The metadata of a file or folder about the denoising network, beside its tensors' shapes.

    Attributes:
        facts: What the shapes say.
        metadata: Free text of the header.
        scheduler: A folder's scheduler_config.json; {} for files.
        tensor: Reads one tensor of the network by its diffusers name; None if there is none.
    """

    facts: NetworkFacts
    metadata: Mapping[str, str]
    scheduler: Mapping[str, Any]
    tensor: Callable[[str], Tensor | None]


def stated_sampling(usual: ModelSampling, file: FileSays) -> ModelSampling:
    """A discrete family's prediction as a file states it; `usual` where it says nothing."""
    scheduler = file.scheduler
    says = scheduler.get("prediction_type") or file.metadata.get("modelspec.prediction_type", "")
    found = usual
    if "v_pred" in file.facts.markers or says in {"v", "v_prediction"}:
        found = replace(found, prediction="v_prediction")
    elif says in {"sample", "x0"}:
        found = replace(found, prediction="x0")
    elif says in {"epsilon", "eps"}:
        found = replace(found, prediction="eps")
    if "ztsnr" in file.facts.markers or scheduler.get("rescale_betas_zero_snr"):
        found = replace(found, zero_snr=True)
    if "beta_start" in scheduler and "beta_end" in scheduler:
        betas = (float(scheduler["beta_start"]), float(scheduler["beta_end"]))
        linear = scheduler.get("beta_schedule") == "linear"
        found = replace(found, betas=betas, linear=linear)
    return found


class Family(ABC):
    """A model family.

    Attributes:
        name: `Model.family`, `Clip.family`.
        words: Its name for people.
        pipeline: The diffusers pipeline that reads a folder written of it.
        inpaint_pipeline: The same for an inpainting network; None if it is `pipeline`.
        latent: The space its VAE and its network work in.
        sampling: What the network predicts, unless the file says otherwise.
        encoders: What each of its text encoders is, in the order of `Clip.encoders`: "CLIP-L",
            "CLIP-G", "CLIP-H", "T5" or "BERT".
        text_places: Where single files keep each encoder: prefixes, in the same order.
        may_lack_encoders: Whether the network runs with only some of its text encoders (SD3).
        repeats_tokens: Whether a shorter text may be repeated to share a call with a longer one:
            right for plain cross-attention, which does not count tokens.
    """

    name: ClassVar[str]
    words: ClassVar[str]
    pipeline: ClassVar[str]
    inpaint_pipeline: ClassVar[str | None] = None
    latent: ClassVar[LatentFormat]
    sampling: ClassVar[ModelSampling]
    encoders: ClassVar[tuple[str, ...]]
    text_places: ClassVar[tuple[tuple[str, ...], ...]]
    may_lack_encoders: ClassVar[bool] = False
    repeats_tokens: ClassVar[bool] = True

    @abstractmethod
    def owns(self, facts: NetworkFacts) -> bool:
        """Whether a network with these facts is of this family; at most one family says yes."""

    def sampling_of(self, model: Model) -> ModelSampling:
        """The prediction type of this model: as its file states, else as its family does."""
        stated = model.weights.extras.get("sampling")
        return stated if isinstance(stated, ModelSampling) else self.sampling

    def read_sampling(self, file: FileSays) -> ModelSampling:
        """The prediction type in a file: in words, marks or a scheduler's JSON."""
        return stated_sampling(self.sampling, file)

    def of_folder(self, vae: Mapping[str, Any]) -> str:
        """The family of a diffusers folder with this network, told by its VAE's configuration."""
        return self.name

    def text_width(self, model: Model) -> int | None:
        """Width of the text that a model takes; None if any."""
        width = model.weights.config.get("cross_attention_dim")
        return None if width is None else int(width)

    def width_of(self, clip: Clip) -> int | None:
        """Width of the text that these encoders give together; None if it fits any network."""
        return sum(int(weights.config["hidden_size"]) for weights in clip.encoders)

    def encode(
        self, clip: Clip, texts: Sequence[str], *, square_brackets: bool = False
    ) -> Conditioning:
        """Encode one text for each text encoder, without hooks.

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

    def extra_channels(self, model: Model) -> int:
        """Channels that a network takes beside the latent's (inpainting, editing)."""
        return 0

    @abstractmethod
    def prepare(
        self, model: Model, rows: Sequence[Row], shape: Any, like: Tensor
    ) -> dict[str, Any]:
        """Keyword arguments of the network that follow from prompts; made once for a call.

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
            timestep: The noise level as the network is told it.
            inputs: What goes in beside x.
            residuals: What control adds; {} for none.
        """


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


def same_length_tokens(
    rows: Sequence[Row], batch: int, like: Tensor, width: int, words: str, *, exact: bool = False
) -> Tensor:
    """Text of rows of one length, (len(rows) * batch, T, C).

    Raises:
        ShapeError: It is wider than the network takes, or (exact) not just as wide.
    """
    import torch

    found = rows[0].entry.tokens.shape[-1]
    if found > width or (exact and found != width):
        raise ShapeError(
            "conditioning.does_not_fit",
            "The prompt was encoded by the text encoder of another model.",
            expected=f"width {width} ({words})",
            got=str(found),
            hint="Encode it with the text encoders of the model that is sampled.",
        )
    return torch.cat([row.entry.tokens.expand(batch, -1, -1) for row in rows]).to(like)


def even(x: Tensor) -> Tensor:
    """x with sides that patches of 2 cover; what is added continues from the other side."""
    import torch.nn.functional as F

    height, width = x.shape[-2:]
    if height % 2 == 0 and width % 2 == 0:
        return x
    return F.pad(x, (0, width % 2, 0, height % 2), mode="circular")
