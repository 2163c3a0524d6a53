"""Batches of latents, and the noise of their items."""

from __future__ import annotations

from typing import Annotated, Literal

from weft.diffusion.types import Latent
from weft.engine.declaration.node import node
from weft.engine.declaration.widgets import Range


@node("LatentBatch", category="latent/batch")
def latent_batch(samples1: Latent, samples2: Latent) -> Latent:
    """Join latents into one batch.

    Each latent keeps its index for the noise, so the first ones of both inputs get the same noise.

    Args:
        samples1: The first batch. (B1, C, h, w) float32.
        samples2: The second batch. It is resized to the first (bilinear, cropped). (B2, C, any
            size) float32.

    Returns:
        The batch, (B1 + B2, C, h, w) float32.

    Raises:
        DiffusionError: The latents belong to different model families.
    """
    from weft.diffusion.latents.batches import batch_latents

    return batch_latents(samples1, samples2)


@node("LatentFromBatch", category="latent/batch")
def latent_from_batch(
    samples: Latent,
    *,
    batch_index: Annotated[int, Range(0, 63)] = 0,
    length: Annotated[int, Range(1, 64)] = 1,
) -> Latent:
    """Take some latents from a batch; each keeps the noise that it has in the batch.

    Args:
        samples: The latent. (B, C, h, w) float32.
        batch_index: Index of the first one, from 0.
        length: Maximum number to take.

    Returns:
        The latents, (up to length, C, h, w) float32.

    Raises:
        DiffusionError: The batch has no latent with this index.
    """
    from weft.diffusion.latents.batches import take_latents

    return take_latents(samples, batch_index, length)


@node("RepeatLatentBatch", category="latent/batch")
def repeat_latent_batch(samples: Latent, *, amount: Annotated[int, Range(1, 64)] = 1) -> Latent:
    """Repeat a batch of latents. Each copy gets its own noise.

    Args:
        samples: The latent. (B, C, h, w) float32.
        amount: Number of copies.

    Returns:
        The batch, (B * amount, C, h, w) float32.
    """
    from weft.diffusion.latents.batches import repeat_latents

    return repeat_latents(samples, amount)


@node("RebatchLatents", category="latent/batch")
def rebatch_latents(
    latents: Latent | list[Latent], *, batch_size: Annotated[int, Range(1, 4096)] = 1
) -> list[Latent]:
    """Split latents into batches of another size, as a list.

    Args:
        latents: A latent or a list of latents.
        batch_size: Latents per batch. The last batch holds the rest. Latents of another size start
            a new batch.

    Returns:
        The list of latents. Process it with a map.
    """
    from weft.diffusion.latents.batches import rebatch_latents as rebatch

    return rebatch(latents if isinstance(latents, list) else [latents], batch_size)


@node("LatentBatchSeedBehavior", category="latent/batch", lane="inline")
def latent_batch_seed_behavior(
    samples: Latent, *, seed_behavior: Literal["random", "fixed"] = "fixed"
) -> Latent:
    """Choose whether all latents of a batch get the same noise.

    Args:
        samples: The latents.
        seed_behavior: `fixed` gives every latent the noise of the first, `random` gives each its
            own.

    Returns:
        The latents with their indices for the noise.
    """
    from weft.diffusion.latents.batches import seed_batch

    return seed_batch(samples, seed_behavior)
