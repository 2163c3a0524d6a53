"""Latents in batches, and the noise of their items."""

from __future__ import annotations

from typing import Annotated, Literal

from ...diffusion.types import Latent
from ...engine.declaration.node import node
from ...engine.declaration.widgets import Range


@node("LatentBatch", category="latent/batch")
def latent_batch(samples1: Latent, samples2: Latent) -> Latent:
    """Put latents into one batch.

    Each item keeps the number of its noise, so the first items of both begin with the same noise.

    Args:
        samples1: (B1, C, h, w) float32.
        samples2: (B2, C, any size) float32, scaled to the first (bilinear, cropped).

    Returns:
        (B1 + B2, C, h, w) float32.

    Raises:
        DiffusionError: They belong to different families.
    """
    from ...diffusion.latents.batches import batch_latents

    return batch_latents(samples1, samples2)


@node("LatentFromBatch", category="latent/batch")
def latent_from_batch(
    samples: Latent,
    *,
    batch_index: Annotated[int, Range(0, 63)] = 0,
    length: Annotated[int, Range(1, 64)] = 1,
) -> Latent:
    """Take some items out of a batch, with the noise that they had in it.

    Args:
        samples: (B, C, h, w) float32.
        batch_index: The first, counted from 0.
        length: How many at most.

    Returns:
        (up to length, C, h, w) float32.

    Raises:
        DiffusionError: The batch has no such item.
    """
    from ...diffusion.latents.batches import take_latents

    return take_latents(samples, batch_index, length)


@node("RepeatLatentBatch", category="latent/batch")
def repeat_latent_batch(samples: Latent, *, amount: Annotated[int, Range(1, 64)] = 1) -> Latent:
    """Repeat a batch of latents; each copy gets noise of its own.

    Args:
        samples: (B, C, h, w) float32.
        amount: How often.

    Returns:
        (B * amount, C, h, w) float32.
    """
    from ...diffusion.latents.batches import repeat_latents

    return repeat_latents(samples, amount)


@node("RebatchLatents", category="latent/batch")
def rebatch_latents(
    latents: Latent | list[Latent], *, batch_size: Annotated[int, Range(1, 4096)] = 1
) -> list[Latent]:
    """Give latents in batches of another size, as a list.

    Args:
        latents: A latent or a list of them.
        batch_size: Items in a batch; the last has what is left. Another size of item begins a new
            batch.

    Returns:
        A list of latents; go through it with a map.
    """
    from ...diffusion.latents.batches import rebatch_latents as rebatch

    return rebatch(latents if isinstance(latents, list) else [latents], batch_size)


@node("LatentBatchSeedBehavior", category="latent/batch", lane="inline")
def latent_batch_seed_behavior(
    samples: Latent, *, seed_behavior: Literal["random", "fixed"] = "fixed"
) -> Latent:
    """Choose whether the items of a batch begin with different noise.

    Args:
        samples: The latents.
        seed_behavior: `fixed` gives all the noise of the first, `random` each its own.

    Returns:
        The latents with the numbers of their noise.
    """
    from ...diffusion.latents.batches import seed_batch

    return seed_batch(samples, seed_behavior)
