"""Noise levels as values: schedules, and what cuts and joins them."""

from __future__ import annotations

from typing import Annotated, NamedTuple

from ...diffusion.sampling.schedules import SCHEDULER_NAMES
from ...diffusion.sampling.sigma_spacings import ALIGN_YOUR_STEPS, OPTIMAL_STEPS
from ...diffusion.types import Model, Schedule
from ...engine.declaration.node import node
from ...engine.declaration.widgets import Choice, Range
from ..rules import schedule

SCHEDULES = "sampling/custom/schedules"
SIGMAS = "sampling/custom/sigmas"
MOST_STEPS = 10_000
SIGMA_MAX, SIGMA_MIN = 14.614642, 0.0291675


class SplitSchedule(NamedTuple):
    """A schedule in two parts that share one noise level."""

    high_sigmas: Schedule
    low_sigmas: Schedule


Sigma = Annotated[float, Range(0, 5000, step=0.01, above=True)]


@node("BasicScheduler", category=SCHEDULES, lane="cpu")
def basic_scheduler(
    model: Model,
    *,
    scheduler: Annotated[str, Choice(SCHEDULER_NAMES)] = "normal",
    steps: Annotated[int, Range(1, MOST_STEPS, soft=(1, 50))] = 20,
    denoise: Annotated[float, Range(0, 1, step=0.01)] = 1.0,
) -> Schedule:
    """A model's noise levels, spaced by a named rule.

    Args:
        model: Whose levels.
        scheduler: How they are spaced.
        steps: Steps to take.
        denoise: Share of the schedule to run: the steps are spread over its end; 0 = none.

    Returns:
        The schedule, ending at 0.
    """
    from ...diffusion.families import sampling_of
    from ...diffusion.sampling.sample import run_sigmas
    from ...diffusion.sampling.samplers import SAMPLERS

    table = sampling_of(model).table()
    return Schedule(tuple(run_sigmas(table, SAMPLERS["euler"], scheduler, steps, denoise)))


@node("KarrasScheduler", category=SCHEDULES, lane="cpu", refuses=schedule)
def karras_scheduler(
    *,
    steps: Annotated[int, Range(1, MOST_STEPS, soft=(1, 50))] = 20,
    sigma_max: Sigma = SIGMA_MAX,
    sigma_min: Sigma = SIGMA_MIN,
    rho: Annotated[float, Range(0, 100, step=0.01, above=True)] = 7.0,
) -> Schedule:
    """Smaller steps where the picture is nearly clean.

    Args:
        steps: Steps to take.
        sigma_max: First noise level.
        sigma_min: Last noise level above 0.
        rho: How strongly the steps crowd at the end; above 0, 1 = even in sigma.

    Returns:
        The schedule, ending at 0.

    Raises:
        ParameterError: The levels are not 0 < sigma_min <= sigma_max, or rho is 0.

    Source: Karras et al. 2022, eq. 5.
    """
    from ...diffusion.sampling.sigma_spacings import karras

    return Schedule(tuple(karras(steps, sigma_min, sigma_max, rho)))


@node("ExponentialScheduler", category=SCHEDULES, lane="cpu", refuses=schedule)
def exponential_scheduler(
    *,
    steps: Annotated[int, Range(1, MOST_STEPS, soft=(1, 50))] = 20,
    sigma_max: Sigma = SIGMA_MAX,
    sigma_min: Sigma = SIGMA_MIN,
) -> Schedule:
    """Even steps in log sigma.

    Args:
        steps: Steps to take.
        sigma_max: First noise level.
        sigma_min: Last noise level above 0.

    Returns:
        The schedule, ending at 0.

    Raises:
        ParameterError: The levels are not 0 < sigma_min <= sigma_max.
    """
    from ...diffusion.sampling.sigma_spacings import exponential

    return Schedule(tuple(exponential(steps, sigma_min, sigma_max)))


@node("PolyexponentialScheduler", category=SCHEDULES, lane="cpu", refuses=schedule)
def polyexponential_scheduler(
    *,
    steps: Annotated[int, Range(1, MOST_STEPS, soft=(1, 50))] = 20,
    sigma_max: Sigma = SIGMA_MAX,
    sigma_min: Sigma = SIGMA_MIN,
    rho: Annotated[float, Range(0, 100, step=0.01)] = 1.0,
) -> Schedule:
    """Steps along a power of the way in log sigma.

    Args:
        steps: Steps to take.
        sigma_max: First noise level.
        sigma_min: Last noise level above 0.
        rho: The power; 1 = even in log sigma.

    Returns:
        The schedule, ending at 0.

    Raises:
        ParameterError: The levels are not 0 < sigma_min <= sigma_max.

    Source: k-diffusion.
    """
    from ...diffusion.sampling.sigma_spacings import polyexponential

    return Schedule(tuple(polyexponential(steps, sigma_min, sigma_max, rho)))


@node("LaplaceScheduler", category=SCHEDULES, lane="cpu", refuses=schedule)
def laplace_scheduler(
    *,
    steps: Annotated[int, Range(1, MOST_STEPS, soft=(1, 50))] = 20,
    sigma_max: Sigma = SIGMA_MAX,
    sigma_min: Sigma = SIGMA_MIN,
    mu: Annotated[float, Range(-10, 10, step=0.1)] = 0.0,
    beta: Annotated[float, Range(0, 10, step=0.1)] = 0.5,
) -> Schedule:
    """Steps by the quantiles of a Laplace distribution of log sigma.

    Args:
        steps: Number of noise levels; there is one step less, and no 0 at the end.
        sigma_max: Highest noise level.
        sigma_min: Lowest noise level.
        mu: Log sigma around which the steps crowd.
        beta: How wide they spread.

    Returns:
        The schedule, ending at or above sigma_min.

    Raises:
        ParameterError: The levels are not 0 < sigma_min <= sigma_max.

    Source: Hang & Gu 2024.
    """
    from ...diffusion.sampling.sigma_spacings import laplace

    return Schedule(tuple(laplace(steps, sigma_min, sigma_max, mu, beta)))


@node("VPScheduler", category=SCHEDULES, lane="cpu")
def vp_scheduler(
    *,
    steps: Annotated[int, Range(1, MOST_STEPS, soft=(1, 50))] = 20,
    beta_d: Annotated[float, Range(0, 5000, step=0.01)] = 19.9,
    beta_min: Annotated[float, Range(0, 5000, step=0.01)] = 0.1,
    eps_s: Annotated[float, Range(0, 1, step=0.0001)] = 0.001,
) -> Schedule:
    """Even steps in the time of the continuous variance-preserving process.

    Args:
        steps: Steps to take.
        beta_d: How fast the noise grows faster.
        beta_min: How fast it grows at first.
        eps_s: Time of the last noise level above 0; the start is 1.

    Returns:
        The schedule, ending at 0.

    Source: Song et al. 2021; Karras et al. 2022.
    """
    from ...diffusion.sampling.sigma_spacings import variance_preserving

    return Schedule(tuple(variance_preserving(steps, beta_d, beta_min, eps_s)))


@node("BetaSamplingScheduler", category=SCHEDULES, lane="cpu")
def beta_sampling_scheduler(
    model: Model,
    *,
    steps: Annotated[int, Range(1, MOST_STEPS, soft=(1, 50))] = 20,
    alpha: Annotated[float, Range(0, 50, step=0.01, above=True)] = 0.6,
    beta: Annotated[float, Range(0, 50, step=0.01, above=True)] = 0.6,
) -> Schedule:
    """Steps by the quantiles of a Beta distribution over a model's time.

    Args:
        model: Whose noise levels.
        steps: Steps to take; fewer come out where two fall on one training step.
        alpha: Of the distribution, above 0; small ones crowd the steps at the clean end.
        beta: Of the distribution, above 0; small ones crowd them at the noisy end.

    Returns:
        The schedule, ending at 0.

    Raises:
        ParameterError: alpha or beta is 0.

    Source: Lee et al. 2024.
    """
    from ...diffusion.families import sampling_of
    from ...diffusion.sampling.schedules import beta_quantiles

    return Schedule(tuple(beta_quantiles(sampling_of(model).table(), steps, alpha, beta)))


@node("SDTurboScheduler", category=SCHEDULES, lane="cpu")
def sd_turbo_scheduler(
    model: Model,
    *,
    steps: Annotated[int, Range(1, 10)] = 1,
    denoise: Annotated[float, Range(0, 1, step=0.01)] = 1.0,
) -> Schedule:
    """The noise levels that SD-Turbo and SDXL-Turbo were distilled on.

    Args:
        model: Whose noise levels.
        steps: Steps to take.
        denoise: Which of the ten levels to begin with; 1 = the noisiest.

    Returns:
        The schedule, ending at 0.

    Source: Sauer et al. 2023.
    """
    from ...diffusion.families import sampling_of
    from ...diffusion.sampling.schedules import turbo

    return Schedule(tuple(turbo(sampling_of(model).table(), steps, denoise)))


@node("AlignYourStepsScheduler", category=SCHEDULES, lane="cpu")
def align_your_steps_scheduler(
    *,
    model_type: Annotated[str, Choice(tuple(ALIGN_YOUR_STEPS))] = "SD1",
    steps: Annotated[int, Range(1, MOST_STEPS, soft=(1, 50))] = 10,
    denoise: Annotated[float, Range(0, 1, step=0.01)] = 1.0,
) -> Schedule:
    """Noise levels optimised for few steps.

    Args:
        model_type: Kind of model the levels are for.
        steps: Steps of the whole schedule; other numbers than 10 are interpolated.
        denoise: Share of the steps to take, from the end; 0 = none.

    Returns:
        The schedule, ending at 0.

    Source: Sabour et al. 2024, "Align Your Steps".
    """
    from ...diffusion.sampling.sigma_spacings import align_your_steps, last_part

    return Schedule(tuple(last_part(align_your_steps(model_type, steps), steps, denoise)))


@node("OptimalStepsScheduler", category=SCHEDULES, lane="cpu")
def optimal_steps_scheduler(
    *,
    model_type: Annotated[str, Choice(tuple(OPTIMAL_STEPS))] = "FLUX",
    steps: Annotated[int, Range(3, 1000)] = 20,
    denoise: Annotated[float, Range(0, 1, step=0.01)] = 1.0,
) -> Schedule:
    """Noise levels of flow models, optimised for few steps.

    Args:
        model_type: Kind of model the levels are for; each is best at its own number of steps
            (FLUX 10, Wan 20, Chroma 40).
        steps: Steps of the whole schedule; other numbers are interpolated.
        denoise: Share of the steps to take, from the end; 0 = none.

    Returns:
        The schedule, ending at 0.

    Source: Pei et al. 2025, "Optimal Stepsize for Diffusion Sampling".
    """
    from ...diffusion.sampling.sigma_spacings import last_part, optimal_steps

    return Schedule(tuple(last_part(optimal_steps(model_type, steps), steps, denoise)))


@node("SplitSigmas", category=SIGMAS, lane="inline")
def split_sigmas(
    sigmas: Schedule, *, step: Annotated[int, Range(0, MOST_STEPS)] = 0
) -> SplitSchedule:
    """Cut a schedule before a step.

    Args:
        sigmas: The schedule.
        step: Steps of the first part.

    Returns:
        The noisy part and the clean part; both hold the level between them.
    """
    levels = sigmas.sigmas
    return SplitSchedule(Schedule(levels[: step + 1]), Schedule(levels[step:]))


@node("SplitSigmasDenoise", category=SIGMAS, lane="inline")
def split_sigmas_denoise(
    sigmas: Schedule, *, denoise: Annotated[float, Range(0, 1, step=0.01)] = 1.0
) -> SplitSchedule:
    """Cut a schedule so that the second part holds a share of the steps.

    Args:
        sigmas: The schedule.
        denoise: Share of the steps in the second part.

    Returns:
        The noisy part and the clean part; both hold the level between them.
    """
    levels = sigmas.sigmas
    steps = max(0, len(levels) - 1)
    cut = steps - round(steps * denoise)
    return SplitSchedule(Schedule(levels[: cut + 1]), Schedule(levels[cut:]))


@node("FlipSigmas", category=SIGMAS, lane="inline")
def flip_sigmas(sigmas: Schedule) -> Schedule:
    """Turn a schedule round, to go from a picture to its noise.

    Args:
        sigmas: The schedule.

    Returns:
        The levels in the other order; a leading 0 becomes 0.0001, at which a model can be asked.
    """
    levels = list(reversed(sigmas.sigmas))
    if levels and levels[0] == 0:
        levels[0] = 0.0001
    return Schedule(tuple(levels))


@node("SetFirstSigma", category=SIGMAS, lane="inline")
def set_first_sigma(
    sigmas: Schedule, *, sigma: Annotated[float, Range(0, 20_000, step=0.001)] = 136.0
) -> Schedule:
    """Replace the first noise level.

    Args:
        sigmas: The schedule.
        sigma: The new first level.

    Returns:
        The schedule; an empty one stays empty.
    """
    levels = sigmas.sigmas
    return Schedule((sigma, *levels[1:])) if levels else sigmas


@node("ExtendIntermediateSigmas", category=SIGMAS, lane="inline")
def extend_intermediate_sigmas(
    sigmas: Schedule,
    *,
    steps: Annotated[int, Range(1, 100)] = 2,
    start_at_sigma: Annotated[float, Range(-1, 20_000, step=0.01)] = -1.0,
    end_at_sigma: Annotated[float, Range(0, 20_000, step=0.01)] = 12.0,
    spacing: Annotated[str, Choice(("linear", "cosine", "sine"))] = "linear",
) -> Schedule:
    """Divide the steps that begin in a range of noise levels.

    Args:
        sigmas: The schedule.
        steps: How many steps each becomes; 1 = as it is.
        start_at_sigma: Steps that begin above are left alone; below 0 = none is.
        end_at_sigma: Steps that begin below are left alone.
        spacing: How the new levels lie: evenly, crowded at the end (cosine) or start (sine).

    Returns:
        The longer schedule.
    """
    from ...diffusion.sampling.sigma_edits import extended

    high = float("inf") if start_at_sigma < 0 else start_at_sigma
    return Schedule(tuple(extended(sigmas.sigmas, steps, high, end_at_sigma, spacing)))


class SigmaValue(NamedTuple):
    """One noise level."""

    sigma_value: float


@node("SamplingPercentToSigma", category=SIGMAS, lane="cpu")
def sampling_percent_to_sigma(
    model: Model,
    *,
    sampling_percent: Annotated[float, Range(0, 1, step=0.0001)] = 0.0,
    return_actual_sigma: bool = False,
) -> SigmaValue:
    """The noise level at a part of a model's schedule.

    Args:
        model: Whose schedule.
        sampling_percent: 0 = the start, 1 = the end.
        return_actual_sigma: Whether the ends give the model's largest and smallest level; else they
            give what windows of the schedule use there: more than any level, and 0.

    Returns:
        The level.
    """
    from ...diffusion.families import sampling_of

    table = sampling_of(model).table()
    if return_actual_sigma and sampling_percent in {0.0, 1.0}:
        return SigmaValue(table.sigma_min if sampling_percent else table.sigma_max)
    return SigmaValue(table.at_fraction(sampling_percent))
