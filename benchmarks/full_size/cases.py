"""Which sampler is compared with what, and over which noise levels.

Where diffusers has a scheduler of the same rule, its whole pipeline is the peer, and weft visits
the training steps that the scheduler visits. All else is compared with the float64 references of
the tests, run on diffusers' UNet. Their schedules are a second computation as well, but both sides
visit the levels that weft chose: a level between two training steps may fall to either by its last
bit, and how far levels lie apart is a number of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.full_size.weights import BETAS

LAST_SIGMA = 0.001
WINDOW = np.array([0.2, 0.8])


@dataclass(frozen=True)
class Scheduled:
    """A sampler of weft and the scheduler that carries out the same rule.

    Attributes:
        sampler: weft's name.
        build: Makes the scheduler.
        preserving: Whether it works on x / sqrt(1 + sigma**2).
        options: More arguments of the pipeline's call.
    """

    sampler: str
    build: Callable[[], Any]
    preserving: bool = False
    options: tuple[tuple[str, Any], ...] = ()


def _scheduler(name: str, **options: Any) -> Callable[[], Any]:
    def build() -> Any:
        import diffusers

        return getattr(diffusers, name)(**BETAS, **options)

    return build


def _uni_pc(variant: str) -> Callable[[], Any]:
    """UniPC that ends at 0.001 as weft's does: at 0 one of diffusers' two variants divides by 0."""
    plain = _scheduler(
        "UniPCMultistepScheduler",
        solver_type=variant,
        solver_order=3,
        final_sigmas_type="sigma_min",
    )

    def build() -> Any:
        scheduler = plain()
        own = scheduler.set_timesteps

        def set_timesteps(*given: Any, **named: Any) -> None:
            own(*given, **named)
            scheduler.sigmas[-1] = LAST_SIGMA

        scheduler.set_timesteps = set_timesteps
        return scheduler

    return build


_DPM: dict[str, Any] = {"algorithm_type": "dpmsolver++", "final_sigmas_type": "zero"}
_DDIM: dict[str, Any] = {"timestep_spacing": "trailing", "clip_sample": False}
SCHEDULED = {
    "euler": Scheduled("euler", _scheduler("EulerDiscreteScheduler")),
    "euler_ancestral": Scheduled("euler_ancestral", _scheduler("EulerAncestralDiscreteScheduler")),
    "heun": Scheduled("heun", _scheduler("HeunDiscreteScheduler")),
    "dpmpp_2m": Scheduled(
        "dpmpp_2m", _scheduler("DPMSolverMultistepScheduler", **_DPM), preserving=True
    ),
    "uni_pc": Scheduled("uni_pc", _uni_pc("bh1"), preserving=True),
    "uni_pc_bh2": Scheduled("uni_pc_bh2", _uni_pc("bh2"), preserving=True),
    "ddim": Scheduled("ddim", _scheduler("DDIMScheduler", **_DDIM), preserving=True),
    "ddpm": Scheduled(
        "ddpm", _scheduler("DDIMScheduler", **_DDIM), preserving=True, options=(("eta", 1.0),)
    ),
    "lcm": Scheduled("lcm", _scheduler("LCMScheduler"), preserving=True),
}


PLAIN = "normal"
"""The schedule that every sampler is tried on."""
BOTH_WAYS = ("euler", "dpmpp_2m")
"""The samplers that every schedule is tried with."""


@dataclass(frozen=True)
class Case:
    """A run to be compared.

    Attributes:
        sampler: weft's name.
        schedule: Likewise; None = the levels of the sampler's peer in `SCHEDULED`.
    """

    sampler: str
    schedule: str | None

    @property
    def name(self) -> str:
        return self.sampler if self.schedule is None else f"{self.sampler}, {self.schedule}"

    @property
    def peer(self) -> str:
        return "pipeline" if self.schedule is None else "reference"


def chosen(samplers: list[str], schedules: list[str], *, pairs: bool) -> list[Case]:
    """Every sampler once and every schedule with two samplers; or all of them with all."""
    if pairs:
        return [Case(sampler, schedule) for sampler in samplers for schedule in schedules]
    by_sampler = [Case(name, None if name in SCHEDULED else PLAIN) for name in samplers]
    by_schedule = [Case(name, schedule) for schedule in schedules for name in BOTH_WAYS]
    return [*by_sampler, *by_schedule]


def levels(case: Case, steps: int) -> list[float]:
    """The noise levels that weft visits, a trailing 0 included."""
    from weft.diffusion.prediction.sigmas import DiscreteSigmas
    from weft.diffusion.sampling.sample import run_sigmas
    from weft.diffusion.sampling.samplers import SAMPLERS

    table = DiscreteSigmas()
    if case.schedule is not None:
        return run_sigmas(table, SAMPLERS[case.sampler], case.schedule, steps)
    scheduler = SCHEDULED[case.sampler].build()
    scheduler.set_timesteps(steps)
    visited = dict.fromkeys(float(step) for step in scheduler.timesteps)
    assert all(step.is_integer() for step in visited), "weft asks for whole training steps"
    return [*(table.sigma(step) for step in visited), 0.0]


DROPPING = frozenset({"dpm_2", "dpm_2_ancestral", "uni_pc", "uni_pc_bh2"})
"""Samplers that leave out the last but one level of a schedule of one step more (numerics of the
field)."""


def reference_levels(case: Case, steps: int) -> list[float]:
    """The same by the float64 formulas of the tests."""
    from tests.diffusion.sampling.schedule_references import discrete, visited

    assert case.schedule is not None
    drops = case.sampler in DROPPING
    whole = [float(s) for s in visited(case.schedule, discrete(), steps + drops)]
    return [*whole[:-2], 0.0] if drops else whole


def noise_window() -> tuple[float, float]:
    """Where SA-Solver adds noise: from a fifth of the schedule on, to four fifths."""
    from tests.diffusion.sampling.schedule_references import discrete

    high, low = discrete().at((1 - WINDOW) * 999)
    return float(high), float(low)
