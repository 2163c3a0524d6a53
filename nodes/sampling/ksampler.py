"""Samplers with all settings on one node: KSampler."""

from __future__ import annotations

from typing import Annotated

from weft.diffusion.sampling.samplers import SAMPLER_NAMES
from weft.diffusion.sampling.schedules import SCHEDULER_NAMES
from weft.diffusion.types import Conditioning, Latent, Model
from weft.engine.declaration.context import Run
from weft.engine.declaration.node import node
from weft.engine.declaration.widgets import Choice, Range, Seed

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
    """Denoise a latent step by step into the image that the prompts describe.

    Args:
        model: The denoising model.
        positive: The positive prompt.
        negative: The negative prompt.
        latent_image: The latent to start from; it sets the image size. Its content matters when
            `denoise` is below 1.
        seed: Seed of the noise. The same seed and workflow give the same image.
        steps: Number of steps.
        cfg: Guidance scale: how strongly to follow the positive prompt away from the negative one.
            1 ignores the negative prompt and takes half the time.
        sampler_name: The sampler. Names with the ending `_gpu` mean the same as without it.
        scheduler: The scheduler, which spaces the sigmas.
        denoise: Share of the noise schedule that is run. 1 starts from pure noise, 0.5 keeps the
            composition of `latent_image`, 0 returns it unchanged.

    Returns:
        The denoised latent, of the same size.

    Raises:
        DiffusionError: The conditioning, a ControlNet or an adapter does not fit the model, or
        numbers overflowed.

    Source: k-diffusion (Crowson 2022) update rules in sigma space; noise from the CPU generator.
    """
    from weft.diffusion import sample

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

    The first sampler stops at a step and returns its leftover noise. The second starts at that
    step, with `add_noise` disabled and the same steps and scheduler.

    Args:
        model: The denoising model.
        positive: The positive prompt.
        negative: The negative prompt.
        latent_image: The latent to start from.
        add_noise: Whether noise is added to the latent first. Disable it for a latent that still
            has noise.
        noise_seed: Seed of the noise.
        steps: Number of steps of the whole schedule.
        cfg: Guidance scale. 1 ignores the negative prompt.
        sampler_name: The sampler. Names with the ending `_gpu` mean the same as without it.
        scheduler: The scheduler, which spaces the sigmas.
        start_at_step: Index of the first step, from 0. Past the end, nothing is sampled.
        end_at_step: Index of the step to stop before. Past the end, it samples to the end.
        return_with_leftover_noise: Whether a run that stops early returns the noise of that step.
            If disabled, its last step removes all noise.

    Returns:
        The latent at the last step, of the same size.

    Raises:
        DiffusionError: The conditioning, a ControlNet or an adapter does not fit the model, or
        numbers overflowed.
    """
    from weft.diffusion import sample

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
