"""Calculating with latents."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from ...diffusion.latents.operations import LatentOperation, Sharpen, Tonemap
from ...diffusion.types import Latent, Mask
from ...engine.declaration.node import node
from ...engine.declaration.widgets import Range, Seed

Share = Annotated[float, Range(0, 1, step=0.01)]


@node("LatentAdd", category="latent/math")
def latent_add(samples1: Latent, samples2: Latent) -> Latent:
    """Add two latents.

    Args:
        samples1: (B, C, h, w) float32.
        samples2: Scaled to the first (bilinear, cropped) and repeated in turn to its batch.

    Returns:
        samples1 + samples2.

    Raises:
        DiffusionError: They belong to different families.
    """
    from ...diffusion.latents.arithmetic import add_latents

    return add_latents(samples1, samples2)


@node("LatentSubtract", category="latent/math")
def latent_subtract(samples1: Latent, samples2: Latent) -> Latent:
    """Take one latent away from another.

    Args:
        samples1: (B, C, h, w) float32.
        samples2: Scaled to the first (bilinear, cropped) and repeated in turn to its batch.

    Returns:
        samples1 - samples2.

    Raises:
        DiffusionError: They belong to different families.
    """
    from ...diffusion.latents.arithmetic import subtract_latents

    return subtract_latents(samples1, samples2)


@node("LatentMultiply", category="latent/math")
def latent_multiply(
    samples: Latent, *, multiplier: Annotated[float, Range(-10, 10, step=0.01)] = 1.0
) -> Latent:
    """Multiply a latent.

    Args:
        samples: (B, C, h, w) float32.
        multiplier: Factor.

    Returns:
        samples * multiplier.
    """
    from ...diffusion.latents.arithmetic import multiply_latent

    return multiply_latent(samples, multiplier)


@node("LatentInterpolate", category="latent/math")
def latent_interpolate(samples1: Latent, samples2: Latent, *, ratio: Share = 1.0) -> Latent:
    """Mix two latents so that the mixture is not paler than its parts.

    Args:
        samples1: (B, C, h, w) float32.
        samples2: Scaled to the first (bilinear, cropped) and repeated in turn to its batch.
        ratio: Share of the first.

    Returns:
        (B, C, h, w) float32: directions and lengths of the cells mixed apart.

    Raises:
        DiffusionError: They belong to different families.
    """
    from ...diffusion.latents.arithmetic import interpolate_latents

    return interpolate_latents(samples1, samples2, ratio)


@node("LatentBlend", category="latent/math")
def latent_blend(samples1: Latent, samples2: Latent, *, blend_factor: Share = 0.5) -> Latent:
    """Mix two latents linearly.

    Args:
        samples1: (B, C, h, w) float32.
        samples2: Scaled to the first (bicubic, cropped) and repeated in turn to its batch.
        blend_factor: Share of the first.

    Returns:
        (B, C, h, w) float32.

    Raises:
        DiffusionError: They belong to different families.
    """
    from ...diffusion.latents.arithmetic import blend_latents

    return blend_latents(samples1, samples2, blend_factor)


@node("LatentInjectNoise", category="latent/math")
def latent_inject_noise(
    samples: Latent,
    mask: Mask | None = None,
    *,
    seed: Annotated[int, Seed()] = 0,
    strength: Annotated[float, Range(0, 20, step=0.01)] = 0.2,
) -> Latent:
    """Add Gaussian noise to latents, for more detail in a second pass.

    Args:
        samples: (B, C, h, w) float32.
        mask: (B or 1, any size) float32, how much of it from place to place; None = all.
        seed: Of the noise, which is drawn as for sampling.
        strength: Standard deviation, where SD1.x latents have about 5.

    Returns:
        (B, C, h, w) float32.
    """
    from ...diffusion.latents.arithmetic import inject_noise

    return inject_noise(samples, seed, strength, mask)


@node("LatentOperationTonemapReinhard", category="latent/operations", lane="inline")
def latent_operation_tonemap_reinhard(
    *, multiplier: Annotated[float, Range(0, 100, step=0.01)] = 1.0
) -> LatentOperation:
    """Make a rule that tames contrast: the longer the vector of a cell, the more it is shortened.

    Args:
        multiplier: The length that nothing reaches, in units of mean plus 5 standard deviations.

    Returns:
        The rule.

    Source: Reinhard 2002.
    """
    return Tonemap(multiplier)


@node("LatentOperationSharpen", category="latent/operations", lane="inline")
def latent_operation_sharpen(
    *,
    sharpen_radius: Annotated[int, Range(1, 31)] = 9,
    sigma: Annotated[float, Range(0.1, 10, step=0.1)] = 1.0,
    alpha: Annotated[float, Range(0, 5, step=0.01)] = 0.1,
) -> LatentOperation:
    """Make a rule that sharpens the directions of the cells' vectors.

    Args:
        sharpen_radius: Cells.
        sigma: Width of the blur that is taken away, in units of the radius.
        alpha: How much; 0 nothing, 0.1 the whole blur once.

    Returns:
        The rule.
    """
    return Sharpen(sharpen_radius, sigma, alpha)


@node("LatentApplyOperation", category="latent/operations")
def latent_apply_operation(samples: Latent, operation: LatentOperation) -> Latent:
    """Apply a rule to latents.

    Args:
        samples: (B, C, h, w) float32.
        operation: The rule.

    Returns:
        (B, C, h, w) float32.

    Raises:
        DiffusionError: The latent is smaller than the rule's radius.
    """
    return replace(samples, samples=operation(samples.samples))
