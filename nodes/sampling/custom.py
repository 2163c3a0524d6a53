"""Sampling with noise, guider, sampler and sigmas as separate values."""

from __future__ import annotations

from typing import Annotated, NamedTuple

from weft.diffusion.types import (
    Conditioning,
    Guider,
    Latent,
    Model,
    NoiseSource,
    SamplerChoice,
    Schedule,
)
from weft.engine.declaration.context import Run
from weft.engine.declaration.node import node
from weft.engine.declaration.widgets import Range, Seed

CATEGORY = "sampling/custom"


class SampledLatents(NamedTuple):
    """The latent at the end of the run, and the denoised latent of its last step."""

    output: Latent
    denoised_output: Latent


@node("SamplerCustom", category=CATEGORY, lane="gpu", version=2)
def sampler_custom(
    run: Run,
    model: Model,
    positive: Conditioning,
    negative: Conditioning,
    sampler: SamplerChoice,
    sigmas: Schedule,
    latent_image: Latent,
    *,
    add_noise: bool = True,
    noise_seed: Annotated[int, Seed()] = 0,
    cfg: Annotated[float, Range(0, 100, step=0.1, soft=(1, 15))] = 8.0,
) -> SampledLatents:
    """Sample with a given sampler and given sigmas.

    Args:
        model: The denoising model.
        positive: The positive prompt.
        negative: The negative prompt.
        sampler: The sampler.
        sigmas: The sigmas, in the order of the steps. With fewer than two, the latent is returned
            unchanged.
        latent_image: The latent to start from.
        add_noise: Whether noise is added to the latent first. Disable it for a latent that still
            has noise.
        noise_seed: Seed of the noise.
        cfg: Guidance scale. 1 ignores the negative prompt.

    Returns:
        The latent at the last sigma, and the denoised latent; both are the same if the schedule
        ends at 0.

    Raises:
        DiffusionError: An input does not fit the model, or numbers overflowed.
    """
    from weft.diffusion import sample_custom

    from .previews import reporter

    guider = Guider(model, positive, negative, cfg)
    noise = NoiseSource(noise_seed, initial=add_noise)
    on_step = reporter(run, model)
    return SampledLatents(
        *sample_custom(guider, sampler, sigmas, latent_image, noise, on_step=on_step)
    )


@node("SamplerCustomAdvanced", category=CATEGORY, lane="gpu", version=2)
def sampler_custom_advanced(
    run: Run,
    noise: NoiseSource,
    guider: Guider,
    sampler: SamplerChoice,
    sigmas: Schedule,
    latent_image: Latent,
) -> SampledLatents:
    """Sample with a given guider, sampler, sigmas and noise.

    Args:
        noise: The noise source, from RandomNoise or DisableNoise.
        guider: The guider: the model and its prompts.
        sampler: The sampler.
        sigmas: The sigmas, in the order of the steps. With fewer than two, the latent is returned
            unchanged.
        latent_image: The latent to start from.

    Returns:
        The latent at the last sigma, and the denoised latent; both are the same if the schedule
        ends at 0.

    Raises:
        DiffusionError: An input does not fit the model, or numbers overflowed.
    """
    from weft.diffusion import sample_custom

    from .previews import reporter

    on_step = reporter(run, guider.model)
    return SampledLatents(
        *sample_custom(guider, sampler, sigmas, latent_image, noise, on_step=on_step)
    )
