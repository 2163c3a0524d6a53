"""A sampler by its name: its rule, and its properties for a run."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .added_noise import run_flow
from .protocol import AfterStep, Noise, Predict, Rule

if TYPE_CHECKING:
    from torch import Tensor


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
