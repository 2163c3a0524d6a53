"""Questions about the tensors of a file, by which its kind is told. No torch."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from ..formats.lora_family import is_lora
from ..formats.network_facts import NetworkFacts, control_facts, network_facts
from ..formats.pieces import Shapes

_WRAPPINGS = ("module.", "adapter.", "model.")
"""Prefixes that training programs put before every name of a file."""
TEXT_FAMILIES = {768: "sd1", 1024: "sd2", 2048: "sdxl"}
"""Width of the prompt that a cross-attention reads -> family."""
CONTROL_MARKS = ("controlnet_cond_embedding.", "controlnet_down_blocks.", "zero_convs.")
"""Parts of names that only ControlNets of UNets have."""
_PIXART = ("pixart_alpha", "pixart_sigma")
_LAST_NORM = {"ldm": "out.0.weight", "diffusers": "conv_norm_out.weight"}
_NEAR_0 = 0.25
"""Mean size below which the scale of a normalisation belongs to an offset."""
_WHOLE = (
    ("first_stage_model.", "vae."),
    ("cond_stage_model.", "conditioner.", "text_encoders."),
)


@dataclass(frozen=True)
class Names:
    """The tensors of a file.

    Attributes:
        shapes: Shape by name.
        stated: The family that the file's metadata names; asked only where shapes are equal.
        mean_size: Reads the mean absolute value of a tensor; None where only shapes are known.
    """

    shapes: Shapes
    stated: str = ""
    mean_size: Callable[[str], float | None] | None = None

    def has(self, *names: str) -> bool:
        """Whether there are tensors of all these names."""
        return all(name in self.shapes for name in names)

    def start(self, *prefixes: str) -> bool:
        """Whether a name starts with one of these."""
        return any(name.startswith(prefixes) for name in self.shapes)

    def hold(self, *parts: str) -> bool:
        """Whether a name contains one of these."""
        return any(part in name for name in self.shapes for part in parts)

    def end(self, *suffixes: str) -> bool:
        """Whether a name ends with one of these."""
        return any(name.endswith(suffixes) for name in self.shapes)

    def size(self, name: str, axis: int) -> int:
        """One side of a tensor; 0 if there is none."""
        shape = self.shapes.get(name, ())
        return shape[axis] if -len(shape) <= axis < len(shape) else 0

    def text(self, *suffixes: str) -> str:
        """The family whose prompt the first tensor of such a name reads; "unknown" if none does."""
        for name, shape in self.shapes.items():
            if name.endswith(suffixes) and len(shape) == 2:
                return TEXT_FAMILIES.get(shape[1], "unknown")
        return "unknown"

    @cached_property
    def bare(self) -> Names:
        """The same tensors without a prefix that training programs put before every name."""
        for wrapping in _WRAPPINGS:
            if self.shapes and all(name.startswith(wrapping) for name in self.shapes):
                shapes = {name.removeprefix(wrapping): s for name, s in self.shapes.items()}
                return Names(shapes, self.stated)
        return self

    @cached_property
    def has_lora(self) -> bool:
        """Whether tensors are offsets of low rank."""
        return is_lora(self.shapes)

    @cached_property
    def has_motion(self) -> bool:
        """Whether there are motion modules."""
        return self.hold("motion_modules.", ".temporal_attentions.")

    @cached_property
    def has_own_control(self) -> bool:
        """Whether there is a ControlNet of another method, whose file may hold a UNet as well."""
        from .anytext import is_anytext
        from .controlnet_xs import is_controlnet_xs
        from .ctrlora import is_ctrlora

        bare = self.bare
        return is_controlnet_xs(bare) or is_anytext(bare) or is_ctrlora(bare)

    @cached_property
    def control(self) -> NetworkFacts | None:
        """Facts about a ControlNet that runs as it is; None if there is none."""
        if self.has_motion or self.has_lora or self.has_own_control:
            return None
        return control_facts(self.shapes)

    @cached_property
    def network(self) -> NetworkFacts | None:
        """Facts about a denoising network; None if there is none, or a ControlNet in the file."""
        if self.has_motion or self.has_lora or self.has_own_control or self.control is not None:
            return None
        return network_facts(self.shapes)

    @cached_property
    def is_whole(self) -> bool:
        """Whether a VAE and text encoders stand beside the denoising network."""
        return all(self.start(*prefixes) for prefixes in _WHOLE)

    @cached_property
    def is_offset(self) -> bool:
        """Whether the tensors are to be added to a UNet's, by the scale of its last norm.

        A network's lies near 1, an offset's near 0. False where the file cannot be read.
        """
        facts = self.network
        if self.mean_size is None or facts is None or facts.body != "unet" or self.is_whole:
            return False
        mean = self.mean_size(facts.prefix + _LAST_NORM[facts.layout])
        return mean is not None and mean < _NEAR_0

    def family(self, facts: NetworkFacts) -> str:
        """The family of a network; "unknown" if weft runs none such."""
        from ..families import family_of

        untold = facts.body == "pixart" and not facts.sized and not facts.tokens
        if untold and self.stated in _PIXART:
            return self.stated
        return family_of(facts) or "unknown"

    def deepest(self, pattern: str) -> int:
        """The highest number that a pattern with one group finds in the names; -1 if none."""
        found = re.compile(pattern)
        return max((int(m[1]) for name in self.shapes if (m := found.search(name))), default=-1)
