"""The parts of custom sampling: sampler, sigmas, noise and guider."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from .conditioning import Conditioning
from .models import Model


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
    """The sigmas of a run.

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
