"""Sampling with every part as a value of its own: noise, guider, sampler, sigmas."""

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
from ...engine.declaration.widgets import Choice, Range, Seed

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


@node("RandomNoise", category=CATEGORY, lane="inline")
def random_noise(*, noise_seed: Annotated[int, Seed()] = 0) -> NoiseSource:
    """Noise of a seed.

    Args:
        noise_seed: The seed; draws are made on the CPU, so that every device starts alike.

    Returns:
        The source.
    """
    return NoiseSource(noise_seed)


@node("DisableNoise", category=CATEGORY, lane="inline")
def disable_noise() -> NoiseSource:
    """No noise to begin with, for a latent that still holds some.

    Returns:
        The source; samplers that add noise at every step draw it from seed 0.
    """
    return NoiseSource(0, initial=False)


@node("AddNoise", category=CATEGORY, lane="cpu")
def add_noise(model: Model, noise: NoiseSource, sigmas: Schedule, latent_image: Latent) -> Latent:
    """Add noise to a latent without sampling.

    Args:
        model: Whose noise levels these are.
        noise: Where the noise comes from.
        sigmas: How much: the first level minus the last, or the only one.
        latent_image: What to add it to.

    Returns:
        The noisy latent, same size.

    Raises:
        DiffusionError: The latent belongs to another model.
    """
    from ...diffusion.denoising.noising import noised_latent

    return noised_latent(model, latent_image, noise, sigmas)


@node("BasicGuider", category=CATEGORY, lane="inline")
def basic_guider(model: Model, conditioning: Conditioning) -> Guider:
    """A model with one prompt and no guidance; for distilled models.

    Args:
        model: The denoising model.
        conditioning: What to show.

    Returns:
        The guider.
    """
    return Guider(model, conditioning)


@node("CFGGuider", category=CATEGORY, lane="inline")
def cfg_guider(
    model: Model,
    positive: Conditioning,
    negative: Conditioning,
    *,
    cfg: Annotated[float, Range(0, 100, step=0.1, soft=(1, 15))] = 8.0,
) -> Guider:
    """A model with classifier-free guidance.

    Args:
        model: The denoising model.
        positive: What to show.
        negative: What to avoid.
        cfg: How far to go from the negative to the positive; 1 leaves the negative out.

    Returns:
        The guider.

    Source: Ho & Salimans 2022.
    """
    return Guider(model, positive, negative, cfg)


@node("DualCFGGuider", category=CATEGORY, lane="inline")
def dual_cfg_guider(
    model: Model,
    cond1: Conditioning,
    cond2: Conditioning,
    negative: Conditioning,
    *,
    cfg_conds: Annotated[float, Range(0, 100, step=0.1, soft=(1, 15))] = 8.0,
    cfg_cond2_negative: Annotated[float, Range(0, 100, step=0.1, soft=(1, 15))] = 8.0,
    style: Annotated[str, Choice(("regular", "nested"))] = "regular",
) -> Guider:
    """A model with guidance between three prompts, as InstructPix2Pix was made for.

    Of the model's rules of guidance only those that act inside of the network (FreeU) are used.

    Args:
        model: The denoising model.
        cond1: What to show.
        cond2: The prompt in the middle, such as the picture without the instruction.
        negative: What to avoid.
        cfg_conds: How far to go from the middle to `cond1`.
        cfg_cond2_negative: How far to go from the negative to the middle.
        style: Regular adds both ways up; nested guides from the negative to the outcome of the
            first guidance.

    Returns:
        The guider.

    Source: Brooks et al. 2023, eq. 3.
    """
    return Guider(
        model,
        cond1,
        negative,
        cfg_conds,
        middle=cond2,
        cfg_middle=cfg_cond2_negative,
        nested=style == "nested",
    )


@node("PerpNegGuider", category=CATEGORY, lane="inline")
def perp_neg_guider(
    model: Model,
    positive: Conditioning,
    negative: Conditioning,
    empty_conditioning: Conditioning,
    *,
    cfg: Annotated[float, Range(0, 100, step=0.1, soft=(1, 15))] = 8.0,
    neg_scale: Annotated[float, Range(0, 100, step=0.01)] = 1.0,
) -> Guider:
    """A model that avoids only what the negative prompt does not share with the positive one.

    Args:
        model: The denoising model.
        positive: What to show.
        negative: What to avoid.
        empty_conditioning: An empty prompt, encoded; both are measured against it.
        cfg: Strength of guidance.
        neg_scale: Strength of the negative prompt; 0 = none.

    Returns:
        The guider.

    Source: Armandpour et al. 2023.
    """
    from .guidance import perp_neg

    ruled = perp_neg(model, empty_conditioning, neg_scale=neg_scale)
    return Guider(ruled, positive, negative, cfg)
