"""What a sampler is given and what it gives, and the loop that all step rules share."""

from __future__ import annotations

import functools
import inspect
import math
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

if TYPE_CHECKING:
    from torch import Tensor


class Predict(Protocol):
    """The model with guidance: x0 = predict(x, sigma), the clean picture it sees in x."""

    def __call__(self, x: Tensor, sigma: float) -> Tensor: ...

    def both(self, x: Tensor, sigma: float) -> tuple[Tensor, Tensor]:
        """The clean picture, and the one of the negative side alone; for CFG++ samplers."""
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
class Step:
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
                step = Step(i, sigma, following, sigmas, predict, noise, flow, seen, free)
                new = rule(step, x, denoised, **options)
                seen.append(Seen(sigma, following, x, denoised, free))
                x = new
                after_step(i, sigma, denoised, x)
            return x

        return run

    return make


@dataclass(frozen=True, slots=True)
class Sampler:
    """A named sampler.

    Attributes:
        name: As the field knows it.
        rule: Its function.
        ancestral: Whether it adds fresh noise.
        brownian: Whether that noise is the increments of one Brownian path, so that the picture
            keeps its shape when the number of steps changes (SDE samplers).
        drops_penultimate: Whether it is given a schedule of one step more, whose last but one sigma
            is dropped (the rule of second-order samplers that evaluate between sigmas).
        added_noise: Whether its rule is made for noise added to the picture; a flow is then run in
            these terms.
        windowed: Whether it adds noise only between the options `sde_start_sigma` and
            `sde_end_sigma`; a run that does not say sets them to 0.2 and 0.8 of the schedule.
        own_stream: Whether its fresh noise is drawn from seed + 1. Others draw from the run's own
            seed, so that their first draw is the initial noise again, as in ComfyUI 0.3.64 on the
            CPU; solvers of high order do not forgive that, and get what later versions draw.
        fresh_mask_noise: Whether the kept part of an inpainted picture is noised by a draw of its
            own (seed + 1) in place of the run's initial noise.
        resizes: Whether x comes back in another size.
    """

    name: str
    rule: Rule
    ancestral: bool = False
    brownian: bool = False
    drops_penultimate: bool = False
    added_noise: bool = False
    windowed: bool = False
    own_stream: bool = False
    fresh_mask_noise: bool = False
    resizes: bool = False

    def run(
        self,
        predict: Predict,
        x: Tensor,
        sigmas: Sequence[float],
        *,
        noise: Noise,
        after_step: AfterStep,
        flow: bool = False,
        **options: Any,
    ) -> Tensor:
        """Run it; see `Rule`."""
        if flow and self.added_noise:
            from .added_noise import run_flow

            return run_flow(self.rule, predict, x, sigmas, noise, after_step, options)
        return self.rule(
            predict, x, sigmas, noise=noise, after_step=after_step, flow=flow, **options
        )

    @property
    def options(self) -> Mapping[str, Any]:
        """Its own options with their defaults, by name."""
        parameters = inspect.signature(self.rule).parameters.values()
        own = (p for p in parameters if p.kind is p.KEYWORD_ONLY and p.name not in _SHARED)
        return {p.name: p.default for p in own}

    @property
    def doc(self) -> str:
        """One line for people."""
        return (self.rule.__doc__ or "").strip().splitlines()[0]


_SHARED = frozenset({"noise", "after_step", "flow"})


def slope(x: Tensor, sigma: float, denoised: Tensor) -> Tensor:
    """dx/dsigma of the probability flow: (x - x0) / sigma. Source: Karras et al. 2022, eq. 1."""
    return (x - denoised) / sigma


def glide(x: Tensor, sigma: float, to: float, denoised: Tensor) -> Tensor:
    """From sigma to another noise level along the line to a clean picture that stays."""
    return (to / sigma) * x + (1.0 - to / sigma) * denoised
