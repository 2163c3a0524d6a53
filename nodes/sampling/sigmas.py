"""Sigmas that exist already: split, reversed, extended, looked up."""

from __future__ import annotations

from typing import Annotated, NamedTuple

from ...diffusion.types import Model, Schedule
from ...engine.declaration.node import node
from ...engine.declaration.widgets import Choice, Range
from .schedules import MOST_STEPS

SIGMAS = "sampling/custom/sigmas"


class SplitSchedule(NamedTuple):
    """A schedule in two parts that share one noise level."""

    high_sigmas: Schedule
    low_sigmas: Schedule


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
