"""A control method: how a network with a control image guides another. No torch at import.

Strength, window and both sides of guidance are the same for every method and applied in one place
(`handler`); a method says only what is its own.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from ..errors import ModelError
from ..families import family_named
from ..families.call import Residuals
from ..families.family import Family
from ..formats.words import family_words
from ..vae.format import LatentFormat, same_space
from .hints import fit_hint, latent_hint

if TYPE_CHECKING:
    from torch import Tensor

    from ..types import ControlNet, ControlUse, Model


@dataclass(frozen=True, slots=True, eq=False)
class Active:
    """A control network ready for one network call.

    Attributes:
        use: The network with its control image and strength.
        module: Its torch module.
        hint: From `ControlMethod.hint`, a row for each of the call's.
        arguments: Keyword arguments of the denoising network, of the text that control reads.
        kept: What a method makes of the hint once for all steps.
    """

    use: ControlUse
    module: Any
    hint: Tensor
    arguments: Mapping[str, Any]
    kept: dict[str, Any] = field(default_factory=dict)


class ControlMethod(ABC):
    """One method of control by a network; a row of `METHODS`.

    Attributes:
        name: Its name, for people.
        steers: `ControlNet.family` -> the families of models that it acts on.
        fits: What a network must have in common with the model: in words, and the key of both
            configurations.
    """

    name: ClassVar[str]
    steers: ClassVar[Mapping[str, tuple[str, ...]]]
    fits: ClassVar[tuple[tuple[str, str], ...]] = ()

    @abstractmethod
    def owns(self, net: ControlNet) -> bool:
        """Whether a network works by this method; one method says yes."""

    def takes_latents(self, net: ControlNet) -> bool:
        """Whether a network takes its control image through the model's VAE, not as pixels."""
        return False

    def takes_mask(self, net: ControlNet) -> bool:
        """Whether a network takes a mask of what to repaint beside its control image."""
        return bool(net.weights.config.get("extra_conditioning_channels"))

    def latent_space(self, net: ControlNet, family: Family) -> LatentFormat:
        """The space of the latents that a network takes its control image in."""
        return family.latent

    def hint(
        self, use: ControlUse, family: Family, size: tuple[int, int], batch: int, like: Tensor
    ) -> Tensor:
        """A control image as its network takes it; made once for a run.

        Args:
            use: The network with its control image.
            family: Of the model.
            size: (height, width) of the run in latent cells.
            batch: Items of the run.
            like: Device and type of the network.
        """
        if self.takes_latents(use.net):
            return latent_hint(use, self.latent_space(use.net, family), size, batch, like)
        cell = family.latent.downscale
        return fit_hint(use.image, (size[0] * cell, size[1] * cell), batch, like)

    def module(self, model: Model, net: ControlNet) -> Any:
        """The torch module of a control network, in the number type of the model's."""
        from ..weights.casting import module_in

        return module_in(net.weights, model.weights.dtype)

    @abstractmethod
    def residuals(self, active: Active, x: Tensor, timestep: float, network: Any) -> Residuals:
        """The residuals of a network at strength 1.

        Args:
            active: The network with its hint.
            x: (N, C, h, w), as the denoising network gets it.
            timestep: The noise level as the network is told it.
            network: The torch module that is steered.
        """

    def check(self, model: Model, use: ControlUse) -> None:
        """Refuse a network of another family or other widths; both files are named.

        Raises:
            ModelError: It does not fit.
        """
        net, family = use.net, family_named(model.family)
        if model.family not in self.steers.get(net.family, ()):
            raise ModelError(
                "model.kinds_do_not_fit",
                f'ControlNet "{net.weights.path.name}" ({family_words(net.family)}) does not fit '
                f'the model "{model.weights.path.name}" ({family.words}).',
                expected=f"a ControlNet for {family.words}",
                got=f"a ControlNet for {family_words(net.family)}",
                hint="Use a ControlNet that was trained for this model family.",
            )
        ours, theirs = model.weights.config, net.weights.config
        for what, key in self.fits:
            if theirs.get(key) is not None and ours[key] != theirs[key]:
                raise ModelError(
                    "model.widths_do_not_fit",
                    f'ControlNet "{net.weights.path.name}" does not fit the network of '
                    f'"{model.weights.path.name}": other {what}.',
                    expected=str(ours[key]),
                    got=str(theirs[key]),
                    hint="Use a ControlNet that was trained for this model family.",
                )
        if use.vae is not None and not same_space(use.vae.family, family.latent.name):
            raise ModelError(
                "model.kinds_do_not_fit",
                f'The VAE of ApplyControlNet ("{use.vae.weights.path.name}") is not one of '
                f"{family.words}.",
                expected=f"a VAE of {family.words}",
                got=f"a VAE of {use.vae.family}",
                hint="Connect the VAE of the model that is sampled.",
            )


UNET_FITS = (
    ("level widths", "block_out_channels"),
    ("layers per level", "layers_per_block"),
    ("text width", "cross_attention_dim"),
)
JOINT_FITS = (
    ("heads", "num_attention_heads"),
    ("widths of heads", "attention_head_dim"),
    ("text width", "joint_attention_dim"),
    ("width of the pooled text", "pooled_projection_dim"),
    ("channels", "in_channels"),
)
