"""Noise as a value, and noise added to a latent."""

from __future__ import annotations

from typing import Annotated

from weft.diffusion.types import (
    Latent,
    Model,
    NoiseSource,
    Schedule,
)
from weft.engine.declaration.node import node
from weft.engine.declaration.widgets import Seed

from .custom import CATEGORY


@node("RandomNoise", category=CATEGORY, lane="inline")
def random_noise(*, noise_seed: Annotated[int, Seed()] = 0) -> NoiseSource:
    """Make a noise source from a seed.

    Args:
        noise_seed: The seed. Noise is drawn on the CPU, so it is the same on every device.

    Returns:
        The noise source.
    """
    return NoiseSource(noise_seed)


@node("DisableNoise", category=CATEGORY, lane="inline")
def disable_noise() -> NoiseSource:
    """Start without noise, for a latent that still has some.

    Returns:
        The noise source. Samplers that add noise at every step draw it from seed 0.
    """
    return NoiseSource(0, initial=False)


@node("AddNoise", category=CATEGORY, lane="cpu")
def add_noise(model: Model, noise: NoiseSource, sigmas: Schedule, latent_image: Latent) -> Latent:
    """Add noise to a latent without sampling.

    Args:
        model: The model that the sigmas belong to.
        noise: The noise source.
        sigmas: The strength of the noise: the first sigma minus the last, or the only one.
        latent_image: The latent that noise is added to.

    Returns:
        The noisy latent, of the same size.

    Raises:
        DiffusionError: The latent belongs to another model family.
    """
    from weft.diffusion.denoising.noising import noised_latent

    return noised_latent(model, latent_image, noise, sigmas)
