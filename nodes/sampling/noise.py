"""Noise as a value, and noise added to a latent."""

from __future__ import annotations

from typing import Annotated

from ...diffusion.types import (
    Latent,
    Model,
    NoiseSource,
    Schedule,
)
from ...engine.declaration.node import node
from ...engine.declaration.widgets import Seed
from .custom import CATEGORY


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
