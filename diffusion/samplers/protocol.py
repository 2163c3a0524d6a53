"""What a sampler is given and what it gives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from torch import Tensor


class Predict(Protocol):
    """x0 = predict(x, sigma): the clean picture the model sees in x, same shape."""

    def __call__(self, x: Tensor, sigma: float) -> Tensor: ...


class Noise(Protocol):
    """Unit-variance noise for the way from one sigma to a lower one, shaped like `like`."""

    def __call__(self, like: Tensor, sigma: float, following: float) -> Tensor: ...


class AfterStep(Protocol):
    """Called after step `index` (from 0) with its sigma, its first x0 and the new x."""

    def __call__(self, index: int, sigma: float, denoised: Tensor, x: Tensor) -> None: ...


class Rule(Protocol):
    """A sampler's function.

    Args:
        predict: The model with guidance.
        x: Start, (B, C, h, w) at noise level sigmas[0].
        sigmas: Falling noise levels, n + 1 for n steps, mostly with a trailing 0.
        noise: Source of fresh noise; only ancestral samplers draw from it.
        after_step: Called after every step; may raise to stop.

    Returns:
        x at noise level sigmas[-1].
    """

    def __call__(
        self,
        predict: Predict,
        x: Tensor,
        sigmas: Sequence[float],
        *,
        noise: Noise,
        after_step: AfterStep,
    ) -> Tensor: ...


@dataclass(frozen=True, slots=True)
class Sampler:
    """A named sampler.

    Attributes:
        name: As the field knows it.
        run: Its function.
        ancestral: Whether it adds fresh noise.
        brownian: Whether that noise is the increments of one Brownian path, so that the picture
            keeps its shape when the number of steps changes (SDE samplers).
        drops_penultimate: Whether it is given a schedule of one step more, whose last but one sigma
            is dropped (the rule of second-order samplers that evaluate between sigmas).
    """

    name: str
    run: Rule
    ancestral: bool = False
    brownian: bool = False
    drops_penultimate: bool = False

    @property
    def doc(self) -> str:
        """One line for people."""
        return (self.run.__doc__ or "").strip().splitlines()[0]


def slope(x: Tensor, sigma: float, denoised: Tensor) -> Tensor:
    """dx/dsigma of the probability flow: (x - x0) / sigma. Source: Karras et al. 2022, eq. 1."""
    return (x - denoised) / sigma
