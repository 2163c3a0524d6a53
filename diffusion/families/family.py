"""What a model family is: one object with all that differs between families. No torch at import."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

from ..errors import ModelError, ParameterError, ShapeError
from ..prediction.model_sampling import ModelSampling
from ..vae.format import LatentFormat, same_space

if TYPE_CHECKING:
    from torch import Tensor

    from ..formats.network_facts import NetworkFacts
    from ..types import Clip, Conditioning, ConditioningEntry, ControlNet, ControlUse, Model

Inputs: TypeAlias = Mapping[str, Any]
Residuals: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True, slots=True, eq=False)
class FileSays:
    """What a file or folder says of the denoising network, beside its tensors' shapes.

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


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """One entry of one side of guidance."""

    entry: ConditioningEntry
    negative: bool


@dataclass(frozen=True, slots=True, eq=False)
class Control:
    """A ControlNet ready for one network call.

    Attributes:
        net: Which one, with what it is told.
        module: Its torch module.
        picture: From `Family.control_picture`, a row for each of the call's.
        strength: Factor on what it adds.
        kept: What a family makes of the picture once for all steps.
    """

    net: ControlNet
    module: Any
    picture: Tensor
    strength: float
    kept: dict[str, Any] = field(default_factory=dict)


class Family(ABC):
    """A model family.

    Attributes:
        name: `Model.family`, `Clip.family`.
        words: Its name for people.
        latent: The space its VAE and its network work in.
        sampling: What the network predicts, unless the file says otherwise.
        encoders: What each of its text encoders is, in the order of `Clip.encoders`: "CLIP-L",
            "CLIP-G", "CLIP-H", "T5" or "BERT".
        text_places: Where single files keep each encoder: prefixes, in the same order.
        controls: The `ControlNet.family` values that fit.
        control_fits: What a ControlNet must have in common with the network: in words, and the key
            of both configurations.
        may_lack_encoders: Whether the network runs with only some of its text encoders (SD3).
        image_merge_noise: Noise level, 0 to 1, put on several pictures' embeddings together.
        repeats_tokens: Whether a shorter text may be repeated to share a call with a longer one:
            right for plain cross-attention, which does not count tokens.
        takes_references: Whether the network can be shown pictures to draw from (Flux Kontext).
        takes_styles: Whether its text may hold tokens of style models (Flux Redux).
    """

    name: ClassVar[str]
    words: ClassVar[str]
    latent: ClassVar[LatentFormat]
    sampling: ClassVar[ModelSampling]
    encoders: ClassVar[tuple[str, ...]]
    text_places: ClassVar[tuple[tuple[str, ...], ...]]
    controls: ClassVar[tuple[str, ...]] = ()
    control_fits: ClassVar[tuple[tuple[str, str], ...]] = ()
    may_lack_encoders: ClassVar[bool] = False
    image_merge_noise: ClassVar[float] = 0.0
    repeats_tokens: ClassVar[bool] = True
    takes_references: ClassVar[bool] = False
    takes_styles: ClassVar[bool] = False

    @abstractmethod
    def owns(self, facts: NetworkFacts) -> bool:
        """Whether a network with these facts is of this family; at most one family says yes."""

    def sampling_of(self, model: Model) -> ModelSampling:
        """What this model predicts: as its file says, else as its family does."""
        stated = model.weights.extras.get("sampling")
        return stated if isinstance(stated, ModelSampling) else self.sampling

    def read_sampling(self, file: FileSays) -> ModelSampling:
        """What a file says of its network's prediction, in words, marks or a scheduler's JSON."""
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

    def image_width(self, model: Model) -> int | None:
        """Width of the pictures' embeddings that a model is told (unCLIP); None if it is not."""
        return None

    def show(self, entry: ConditioningEntry, vector: Tensor) -> ConditioningEntry:
        """An entry with a picture in it, (1, 2 * width): its embedding and that of its noise."""
        raise NotImplementedError

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

    def control_picture(
        self, use: ControlUse, size: tuple[int, int], batch: int, like: Tensor
    ) -> Tensor:
        """A control picture as its network takes it; made once for a run.

        Args:
            use: The network with its picture.
            size: (height, width) of the run in latent cells.
            batch: Items of the run.
            like: Device and type of the network.
        """
        from ..control.apply import fit_hint, latent_hint, takes_latents

        if takes_latents(use.net):
            return latent_hint(use, self.control_space(use.net), size, batch, like)
        cell = self.latent.downscale
        return fit_hint(use.image, (size[0] * cell, size[1] * cell), batch, like)

    def control_space(self, net: ControlNet) -> LatentFormat:
        """The space of the latents that a ControlNet takes its picture in."""
        return self.latent

    def control_module(self, model: Model, net: ControlNet) -> Any:
        """The torch module of a ControlNet that steers a model, in the type of the model's."""
        from ..weights.casting import module_in

        return module_in(net.weights, model.weights.dtype)

    def control(
        self, control: Control, x: Tensor, timestep: float, inputs: Inputs, network: Any
    ) -> Residuals:
        """What a ControlNet adds to a call; the values of several are summed by name.

        Args:
            control: The ControlNet with its picture.
            x: As for `forward`.
            timestep: As for `forward`.
            inputs: As for `forward`.
            network: The torch module that is steered.
        """
        raise self._no_control()

    def check_control(self, model: Model, use: ControlUse) -> None:
        """Refuse a ControlNet of another family or other widths; both kinds are named.

        Raises:
            ModelError: It does not fit.
        """
        net = use.net
        if not self.controls:
            raise self._no_control()
        if net.family not in self.controls:
            from ..formats.words import family_words

            raise ModelError(
                "model.kinds_do_not_fit",
                f'ControlNet "{net.weights.path.name}" ({family_words(net.family)}) does not fit '
                f'the model "{model.weights.path.name}" ({self.words}).',
                expected=f"a ControlNet for {self.words}",
                got=f"a ControlNet for {family_words(net.family)}",
                hint="Use a ControlNet that was trained for this model family.",
            )
        ours, theirs = model.weights.config, net.weights.config
        for what, key in self.control_fits:
            if theirs.get(key) is not None and ours[key] != theirs[key]:
                raise ModelError(
                    "model.widths_do_not_fit",
                    f'ControlNet "{net.weights.path.name}" does not fit the network of '
                    f'"{model.weights.path.name}": other {what}.',
                    expected=str(ours[key]),
                    got=str(theirs[key]),
                    hint="Use a ControlNet that was trained for this model family.",
                )
        if use.vae is not None and not same_space(use.vae.family, self.latent.name):
            raise ModelError(
                "model.kinds_do_not_fit",
                f'The VAE of ApplyControlNet ("{use.vae.weights.path.name}") is not one of '
                f"{self.words}.",
                expected=f"a VAE of {self.words}",
                got=f"a VAE of {use.vae.family}",
                hint="Connect the VAE of the model that is sampled.",
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
            "The prompt was encoded by a text encoder of another model.",
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
