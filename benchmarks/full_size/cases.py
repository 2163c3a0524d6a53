"""Which sampler is compared with what, and over which noise levels.

Where diffusers has a scheduler of the same rule, its whole pipeline is the peer, and weft visits
the training steps that the scheduler visits. All other samplers are compared with the float64
references of the tests, run on diffusers' UNet, over the levels that weft itself would choose.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from benchmarks.full_size.weights import BETAS

LAST_SIGMA = 0.001


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


def levels(name: str, steps: int) -> list[float]:
    """The noise levels of a case, a trailing 0 included."""
    from weft.diffusion.sampling.sample import run_sigmas
    from weft.diffusion.sampling.samplers import SAMPLERS
    from weft.diffusion.sampling.sigmas import DiscreteSigmas

    table = DiscreteSigmas()
    if name not in SCHEDULED:
        return run_sigmas(table, SAMPLERS[name], "normal", steps, 1.0, None, None, True)
    scheduler = SCHEDULED[name].build()
    scheduler.set_timesteps(steps)
    visited = dict.fromkeys(float(step) for step in scheduler.timesteps)
    assert all(step.is_integer() for step in visited), "weft asks for whole training steps"
    return [*(table.sigma(step) for step in visited), 0.0]
