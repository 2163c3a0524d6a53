"""The interface of a sampler, and the loop that all step rules share."""

from __future__ import annotations

import functools
import math
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

if TYPE_CHECKING:
    from torch import Tensor


class Predict(Protocol):
    """The model with guidance: x0 = predict(x, sigma), the clean picture it sees in x."""

    def __call__(self, x: Tensor, sigma: float) -> Tensor: ...

    def both(self, x: Tensor, sigma: float) -> tuple[Tensor, Tensor]:
        """The guided prediction, and the unconditional one alone; for CFG++ samplers."""
        ...


class Noise(Protocol):
    """Unit-variance noise for the way from one sigma to a lower one, shaped like `like`."""

    def __call__(self, like: Tensor, sigma: float, following: float) -> Tensor: ...


class AfterStep(Protocol):
    """Called after step `index` (from 0) with its sigma, its first x0 and the new x."""

    def __call__(self, index: int, sigma: float, denoised: Tensor, x: Tensor) -> None: ...


Rule: TypeAlias = Callable[..., "Tensor"]
"""A sampler's function: rule(predict, x, sigmas, *, noise, after_step, flow, **options) -> x.

Args:
    predict: The model with guidance.
    x: Start, (B, C, h, w) at noise level sigmas[0].
    sigmas: Falling noise levels, n + 1 for n steps, mostly with a trailing 0.
    noise: Source of fresh noise; only ancestral samplers draw from it.
    after_step: Called after every step; may raise to stop.
    flow: Whether sigma is the share of noise in a mixture (flow models) in place of noise added
        to the picture.
    options: The sampler's own.

Returns:
    x at noise level sigmas[-1].
"""


@dataclass(frozen=True, slots=True)
class Seen:
    """An earlier step: where it began and led, what the model saw there."""

    sigma: float
    following: float
    x: Tensor
    denoised: Tensor
    unguided: Tensor | None

    @property
    def slope(self) -> Tensor:
        """dx/dsigma there."""
        return slope(self.x, self.sigma, self.denoised)


@dataclass(frozen=True, slots=True)
class SamplerStep:
    """One step of a run, as a step rule sees it.

    Attributes:
        index: Number, from 0.
        sigma: Noise level where it begins.
        following: Noise level where it ends; 0 for the clean picture.
        sigmas: All noise levels of the run.
        predict: The model, for more evaluations.
        draw: Source of fresh noise.
        flow: Whether sigma is the share of noise in a mixture.
        past: Earlier steps, the newest last; as many as the rule asked for.
        unguided: The clean picture of the negative side, for rules that asked for it.
    """

    index: int
    sigma: float
    following: float
    sigmas: Sequence[float]
    predict: Predict
    draw: Noise
    flow: bool
    past: Sequence[Seen]
    unguided: Tensor | None

    @property
    def h(self) -> float:
        """Length of the step in log(1 / sigma)."""
        return math.log(self.sigma / self.following)

    @property
    def free(self) -> Tensor:
        """`unguided`, for rules that asked for it."""
        assert self.unguided is not None
        return self.unguided

    def noise(self, like: Tensor) -> Tensor:
        """Fresh noise for the whole step."""
        return self.draw(like, self.sigma, self.following)


StepRule: TypeAlias = Callable[..., "Tensor"]
"""new x = rule(step, x, denoised, **options)"""


def stepwise(*, past: int = 0, unguided: bool = False) -> Callable[[StepRule], Rule]:
    """Make a sampler of a rule for one step: the loop that nearly all of them share.

    Args:
        past: How many earlier steps the rule looks at.
        unguided: Whether it needs the clean picture of the negative side.
    """

    def make(rule: StepRule) -> Rule:
        @functools.wraps(rule)
        def run(
            predict: Predict,
            x: Tensor,
            sigmas: Sequence[float],
            *,
            noise: Noise,
            after_step: AfterStep,
            flow: bool = False,
            **options: Any,
        ) -> Tensor:
            seen: deque[Seen] = deque(maxlen=past)
            free: Tensor | None = None
            for i, (sigma, following) in enumerate(pairwise(sigmas)):
                if unguided:
                    denoised, free = predict.both(x, sigma)
                else:
                    denoised = predict(x, sigma)
                step = SamplerStep(i, sigma, following, sigmas, predict, noise, flow, seen, free)
                new = rule(step, x, denoised, **options)
                seen.append(Seen(sigma, following, x, denoised, free))
                x = new
                after_step(i, sigma, denoised, x)
            return x

        return run

    return make


def slope(x: Tensor, sigma: float, denoised: Tensor) -> Tensor:
    """dx/dsigma of the probability flow: (x - x0) / sigma. Source: Karras et al. 2022, eq. 1."""
    return (x - denoised) / sigma


def glide(x: Tensor, sigma: float, to: float, denoised: Tensor) -> Tensor:
    """From sigma to another sigma along the line to a constant denoised prediction."""
    return (to / sigma) * x + (1.0 - to / sigma) * denoised
