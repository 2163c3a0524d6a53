"""Schedules of sigmas that belong to a model or to a table of one."""

from __future__ import annotations

from typing import Annotated

from weft.diffusion.sampling.schedules import SCHEDULER_NAMES
from weft.diffusion.sampling.sigma_spacings import ALIGN_YOUR_STEPS, OPTIMAL_STEPS
from weft.diffusion.types import Model, Schedule
from weft.engine.declaration.node import node
from weft.engine.declaration.widgets import Choice, Range

SCHEDULES = "sampling/custom/schedules"
MOST_STEPS = 10_000


@node("BasicScheduler", category=SCHEDULES, lane="cpu")
def basic_scheduler(
    model: Model,
    *,
    scheduler: Annotated[str, Choice(SCHEDULER_NAMES)] = "normal",
    steps: Annotated[int, Range(1, MOST_STEPS, soft=(1, 50))] = 20,
    denoise: Annotated[float, Range(0, 1, step=0.01)] = 1.0,
) -> Schedule:
    """Make the sigmas of a model with a named scheduler.

    Args:
        model: The model.
        scheduler: The scheduler, which spaces the sigmas.
        steps: Number of steps.
        denoise: Share of the schedule to run, at its end. 1 is all, 0 is none.

    Returns:
        The sigmas, ending at 0.
    """
    from weft.diffusion.families import sampling_of
    from weft.diffusion.sampling.sample import run_sigmas
    from weft.diffusion.sampling.samplers import SAMPLERS

    table = sampling_of(model).table()
    return Schedule(tuple(run_sigmas(table, SAMPLERS["euler"], scheduler, steps, denoise)))


@node("BetaSamplingScheduler", category=SCHEDULES, lane="cpu")
def beta_sampling_scheduler(
    model: Model,
    *,
    steps: Annotated[int, Range(1, MOST_STEPS, soft=(1, 50))] = 20,
    alpha: Annotated[float, Range(0, 50, step=0.01, above=True)] = 0.6,
    beta: Annotated[float, Range(0, 50, step=0.01, above=True)] = 0.6,
) -> Schedule:
    """The beta schedule: steps by the quantiles of a Beta distribution over time.

    Args:
        model: The model.
        steps: Number of steps. There are fewer where two fall on one training timestep.
        alpha: Alpha of the distribution, above 0. Low values put more steps at the low sigmas.
        beta: Beta of the distribution, above 0. Low values put more steps at the high sigmas.

    Returns:
        The sigmas, ending at 0.

    Raises:
        ParameterError: alpha or beta is 0.

    Source: Lee et al. 2024.
    """
    from weft.diffusion.families import sampling_of
    from weft.diffusion.sampling.schedules import beta_quantiles

    return Schedule(tuple(beta_quantiles(sampling_of(model).table(), steps, alpha, beta)))


@node("SDTurboScheduler", category=SCHEDULES, lane="cpu")
def sd_turbo_scheduler(
    model: Model,
    *,
    steps: Annotated[int, Range(1, 10)] = 1,
    denoise: Annotated[float, Range(0, 1, step=0.01)] = 1.0,
) -> Schedule:
    """The sigmas that SD-Turbo and SDXL-Turbo were distilled on.

    Args:
        model: The model.
        steps: Number of steps.
        denoise: Share of the schedule to run: 1 starts at the highest of the ten sigmas.

    Returns:
        The sigmas, ending at 0.

    Source: Sauer et al. 2023.
    """
    from weft.diffusion.families import sampling_of
    from weft.diffusion.sampling.schedules import turbo

    return Schedule(tuple(turbo(sampling_of(model).table(), steps, denoise)))


@node("AlignYourStepsScheduler", category=SCHEDULES, lane="cpu")
def align_your_steps_scheduler(
    *,
    model_type: Annotated[str, Choice(tuple(ALIGN_YOUR_STEPS))] = "SD1",
    steps: Annotated[int, Range(1, MOST_STEPS, soft=(1, 50))] = 10,
    denoise: Annotated[float, Range(0, 1, step=0.01)] = 1.0,
) -> Schedule:
    """Align Your Steps: sigmas optimised for few steps.

    Args:
        model_type: The model family that the sigmas are for.
        steps: Number of steps of the whole schedule. Other numbers than 10 are interpolated.
        denoise: Share of the steps to run, from the end. 1 is all, 0 is none.

    Returns:
        The sigmas, ending at 0.

    Source: Sabour et al. 2024, "Align Your Steps".
    """
    from weft.diffusion.sampling.sigma_spacings import align_your_steps, last_part

    return Schedule(tuple(last_part(align_your_steps(model_type, steps), steps, denoise)))


@node("OptimalStepsScheduler", category=SCHEDULES, lane="cpu")
def optimal_steps_scheduler(
    *,
    model_type: Annotated[str, Choice(tuple(OPTIMAL_STEPS))] = "FLUX",
    steps: Annotated[int, Range(3, 1000)] = 20,
    denoise: Annotated[float, Range(0, 1, step=0.01)] = 1.0,
) -> Schedule:
    """Optimal steps: sigmas of flow models, optimised for few steps.

    Args:
        model_type: The model family that the sigmas are for. Each is best at its own number of
            steps: FLUX 10, Wan 20, Chroma 40.
        steps: Number of steps of the whole schedule. Other numbers than these are interpolated.
        denoise: Share of the steps to run, from the end. 1 is all, 0 is none.

    Returns:
        The sigmas, ending at 0.

    Source: Pei et al. 2025, "Optimal Stepsize for Diffusion Sampling".
    """
    from weft.diffusion.sampling.sigma_spacings import last_part, optimal_steps

    return Schedule(tuple(last_part(optimal_steps(model_type, steps), steps, denoise)))
