"""Noise onto a latent, without sampling."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ..errors import ParameterError

if TYPE_CHECKING:
    from ..types import Latent, Model, NoiseSource, Schedule


def noised_latent(model: Model, latent: Latent, noise: NoiseSource, schedule: Schedule) -> Latent:
    """A latent at a noise level.

    Args:
        model: Whose noise levels these are.
        latent: What to add noise to.
        noise: Seed; without initial noise none is added (a flow's picture still fades).
        schedule: How much: its first level minus its last, or its only one; none = as it is.

    Returns:
        A new latent of the same shape.

    Raises:
        ShapeError: The latent belongs to another model.
        ParameterError: A flow has no such level.
    """
    import torch

    from ..families import family_named, sampling_of
    from ..families.fitting import for_model
    from ..latents.noise import initial_noise
    from ..prediction.model_sampling import Parametrization

    if not schedule.sigmas:
        return latent
    latent = for_model(latent, model)
    first, *rest = schedule.sigmas
    level = abs(first - rest[-1]) if rest else first
    frame = Parametrization(sampling_of(model))
    if frame.sampling.is_flow and level > 1.0:
        raise ParameterError(
            "noise.bad_level", "A flow has no such noise level.", expected="0 to 1", got=str(level)
        )
    drawn = initial_noise(tuple(latent.samples.shape), noise.seed, latent.batch_index)
    if not noise.initial:
        drawn = torch.zeros_like(drawn)
    space = family_named(model.family).latent
    mixed = frame.mixed(space.to_network(latent.samples), drawn, level)
    return replace(latent, samples=space.to_stored(mixed))
