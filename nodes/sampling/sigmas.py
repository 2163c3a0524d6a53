"""Sigmas that exist already: split, reversed, extended, looked up."""

from __future__ import annotations

from typing import Annotated, NamedTuple

from weft.diffusion.types import Model, Schedule
from weft.engine.declaration.node import node
from weft.engine.declaration.widgets import Choice, Range

from .schedules import MOST_STEPS

SIGMAS = "sampling/custom/sigmas"


class SplitSchedule(NamedTuple):
    """A schedule in two parts that share one sigma."""

    high_sigmas: Schedule
    low_sigmas: Schedule


@node("SplitSigmas", category=SIGMAS, lane="inline")
def split_sigmas(
    sigmas: Schedule, *, step: Annotated[int, Range(0, MOST_STEPS)] = 0
) -> SplitSchedule:
    """Split sigmas into two parts at a step.

    Args:
        sigmas: The sigmas.
        step: Number of steps of the first part.

    Returns:
        The part with high sigmas and the part with low sigmas. Both include the sigma between them.
    """
    levels = sigmas.sigmas
    return SplitSchedule(Schedule(levels[: step + 1]), Schedule(levels[step:]))


@node("SplitSigmasDenoise", category=SIGMAS, lane="inline")
def split_sigmas_denoise(
    sigmas: Schedule, *, denoise: Annotated[float, Range(0, 1, step=0.01)] = 1.0
) -> SplitSchedule:
    """Split sigmas so that the second part has a share of the steps.

    Args:
        sigmas: The sigmas.
        denoise: Share of the steps in the second part.

    Returns:
        The part with high sigmas and the part with low sigmas. Both include the sigma between them.
    """
    levels = sigmas.sigmas
    steps = max(0, len(levels) - 1)
    cut = steps - round(steps * denoise)
    return SplitSchedule(Schedule(levels[: cut + 1]), Schedule(levels[cut:]))


@node("FlipSigmas", category=SIGMAS, lane="inline")
def flip_sigmas(sigmas: Schedule) -> Schedule:
    """Reverse sigmas, to go from an image to its noise.

    Args:
        sigmas: The sigmas.

    Returns:
        The sigmas in reverse order. A leading 0 becomes 0.0001, which a model can evaluate.
    """
    levels = list(reversed(sigmas.sigmas))
    if levels and levels[0] == 0:
        levels[0] = 0.0001
    return Schedule(tuple(levels))


@node("SetFirstSigma", category=SIGMAS, lane="inline")
def set_first_sigma(
    sigmas: Schedule, *, sigma: Annotated[float, Range(0, 20_000, step=0.001)] = 136.0
) -> Schedule:
    """Replace the first sigma.

    Args:
        sigmas: The sigmas.
        sigma: The new first sigma.

    Returns:
        The sigmas; empty ones stay empty.
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
    """Subdivide the steps in a range of sigmas.

    Args:
        sigmas: The sigmas.
        steps: Number of steps that each step becomes. 1 leaves them unchanged.
        start_at_sigma: Upper end of the range: steps that begin at a higher sigma are unchanged.
            Below 0 there is no upper end.
        end_at_sigma: Lower end of the range: steps that begin at a lower sigma are unchanged.
        spacing: Spacing of the new sigmas: even, denser at the end (cosine) or denser at the start
            (sine).

    Returns:
        The longer list of sigmas.
    """
    from weft.diffusion.sampling.sigma_edits import extended

    high = float("inf") if start_at_sigma < 0 else start_at_sigma
    return Schedule(tuple(extended(sigmas.sigmas, steps, high, end_at_sigma, spacing)))


class SigmaValue(NamedTuple):
    """One sigma."""

    sigma_value: float


@node("SamplingPercentToSigma", category=SIGMAS, lane="cpu")
def sampling_percent_to_sigma(
    model: Model,
    *,
    sampling_percent: Annotated[float, Range(0, 1, step=0.0001)] = 0.0,
    return_actual_sigma: bool = False,
) -> SigmaValue:
    """Get the sigma at a fraction of a model's schedule.

    Args:
        model: The model.
        sampling_percent: The fraction: 0 is the start, 1 is the end.
        return_actual_sigma: Whether 0 and 1 give the model's largest and smallest sigma. If off,
            they give the bounds that timestep ranges use: a value above every sigma, and 0.

    Returns:
        The sigma.
    """
    from weft.diffusion.families import sampling_of

    table = sampling_of(model).table()
    if return_actual_sigma and sampling_percent in {0.0, 1.0}:
        return SigmaValue(table.sigma_min if sampling_percent else table.sigma_max)
    return SigmaValue(table.at_fraction(sampling_percent))
