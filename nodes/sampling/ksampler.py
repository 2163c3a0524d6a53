"""Noise into latents, with everything chosen on one node."""

from __future__ import annotations

from typing import Annotated

from ...diffusion.sampling.samplers import SAMPLER_NAMES
from ...diffusion.sampling.schedules import SCHEDULER_NAMES
from ...diffusion.types import Conditioning, Latent, Model
from ...engine.declaration.context import Run
from ...engine.declaration.node import node
from ...engine.declaration.widgets import Choice, Range, Seed

MOST_STEPS = 10_000


@node("KSampler", category="sampling", lane="gpu", version=3)
def ksampler(
    run: Run,
    model: Model,
    positive: Conditioning,
    negative: Conditioning,
    latent_image: Latent,
    *,
    seed: Annotated[int, Seed()] = 0,
    steps: Annotated[int, Range(1, MOST_STEPS, soft=(1, 50))] = 20,
    cfg: Annotated[float, Range(0, 100, step=0.1, soft=(1, 15))] = 8.0,
    sampler_name: Annotated[str, Choice(SAMPLER_NAMES)] = "euler",
    scheduler: Annotated[str, Choice(SCHEDULER_NAMES)] = "normal",
    denoise: Annotated[float, Range(0, 1, step=0.01)] = 1.0,
) -> Latent:
    """Sample: turn noise step by step into the picture that the conditioning describes.

    Args:
        model: The denoising model.
        positive: What to show.
        negative: What to avoid.
        latent_image: Where to start from; its size is the picture's. Its content matters when
            `denoise` is below 1.
        seed: Seed of the noise; the same seed and workflow give the same picture.
        steps: Number of steps.
        cfg: Guidance: how far to go from the negative to the positive; 1 leaves the negative out
            and takes half the time.
        sampler_name: Update rule. Names that end in `_gpu` mean the same as without.
        scheduler: How the noise levels are spaced.
        denoise: Share of the noise schedule that is run: 1 from pure noise, 0.5 keeps the
            composition of `latent_image`, 0 returns it as it is.

    Returns:
        The finished latent, same size.

    Raises:
        DiffusionError: Conditioning, control or adapter do not fit the model; numbers overflowed.

    Source: k-diffusion (Crowson 2022) update rules in sigma space; noise from the CPU generator.
    """
    from ...diffusion import sample
    from .previews import reporter

    return sample(
        model,
        positive,
        negative,
        latent_image,
        seed=seed,
        steps=steps,
        cfg=cfg,
        sampler_name=sampler_name,
        scheduler=scheduler,
        denoise=denoise,
        on_step=reporter(run, model),
    )


@node("KSamplerAdvanced", category="sampling", lane="gpu", version=2)
def ksampler_advanced(
    run: Run,
    model: Model,
    positive: Conditioning,
    negative: Conditioning,
    latent_image: Latent,
    *,
    add_noise: Annotated[str, Choice(("enable", "disable"))] = "enable",
    noise_seed: Annotated[int, Seed()] = 0,
    steps: Annotated[int, Range(1, MOST_STEPS, soft=(1, 50))] = 20,
    cfg: Annotated[float, Range(0, 100, step=0.1, soft=(1, 15))] = 8.0,
    sampler_name: Annotated[str, Choice(SAMPLER_NAMES)] = "euler",
    scheduler: Annotated[str, Choice(SCHEDULER_NAMES)] = "normal",
    start_at_step: Annotated[int, Range(0, MOST_STEPS)] = 0,
    end_at_step: Annotated[int, Range(0, MOST_STEPS)] = MOST_STEPS,
    return_with_leftover_noise: Annotated[str, Choice(("disable", "enable"))] = "disable",
) -> Latent:
    """Sample a part of a schedule, so that several samplers can share one.

    A first sampler ends at some step and returns with leftover noise; the second begins there with
    `add_noise` disabled, the same steps and scheduler.

    Args:
        model: The denoising model.
        positive: What to show.
        negative: What to avoid.
        latent_image: Where to start from.
        add_noise: Whether noise is added first; disable for a latent that still holds some.
        noise_seed: Seed of the noise.
        steps: Steps of the whole schedule.
        cfg: Guidance; 1 leaves the negative out.
        sampler_name: Update rule. Names that end in `_gpu` mean the same as without.
        scheduler: How the noise levels are spaced.
        start_at_step: First step to take, counted from 0; past the end nothing is done.
        end_at_step: Stop before this step; past the end means to the end.
        return_with_leftover_noise: Whether a run that stops early leaves the noise of that step;
            disabled, its last step goes to a clean picture.

    Returns:
        The latent where the run stopped, same size.

    Raises:
        DiffusionError: Conditioning, control or adapter do not fit the model; numbers overflowed.
    """
    from ...diffusion import sample
    from .previews import reporter

    return sample(
        model,
        positive,
        negative,
        latent_image,
        seed=noise_seed,
        steps=steps,
        cfg=cfg,
        sampler_name=sampler_name,
        scheduler=scheduler,
        start_step=start_at_step,
        last_step=end_at_step,
        add_noise=add_noise == "enable",
        force_full_denoise=return_with_leftover_noise == "disable",
        on_step=reporter(run, model),
    )
