"""Sampling with noise, guider, sampler and sigmas as separate values."""

from __future__ import annotations

from typing import Annotated, NamedTuple

from ...diffusion.types import (
    Conditioning,
    Guider,
    Latent,
    Model,
    NoiseSource,
    SamplerChoice,
    Schedule,
)
from ...engine.declaration.context import Run
from ...engine.declaration.node import node
from ...engine.declaration.widgets import Range, Seed

CATEGORY = "sampling/custom"


class SampledLatents(NamedTuple):
    """Where the run ended, and the clean picture as last seen."""

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
    """Sample with a given update rule over given noise levels.

    Args:
        model: The denoising model.
        positive: What to show.
        negative: What to avoid.
        sampler: Update rule.
        sigmas: Noise levels to visit; fewer than two return the latent as it is.
        latent_image: Where to start from.
        add_noise: Whether noise is added first; off for a latent that still holds some.
        noise_seed: Seed of the noise.
        cfg: Guidance; 1 leaves the negative out.

    Returns:
        The latent at the last noise level, and the clean picture as last seen; both are the same
        where the schedule ends at 0.

    Raises:
        DiffusionError: Something does not fit the model; numbers overflowed.
    """
    from ...diffusion import sample_custom
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
    """Sample with every part given.

    Args:
        noise: Seed, and whether the run begins with noise.
        guider: Model and prompts.
        sampler: Update rule.
        sigmas: Noise levels to visit; fewer than two return the latent as it is.
        latent_image: Where to start from.

    Returns:
        The latent at the last noise level, and the clean picture as last seen; both are the same
        where the schedule ends at 0.

    Raises:
        DiffusionError: Something does not fit the model; numbers overflowed.
    """
    from ...diffusion import sample_custom
    from .previews import reporter

    on_step = reporter(run, guider.model)
    return SampledLatents(
        *sample_custom(guider, sampler, sigmas, latent_image, noise, on_step=on_step)
    )
