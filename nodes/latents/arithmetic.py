"""Arithmetic with latents."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from weft.diffusion.latents.operations import LatentOperation, Sharpen, Tonemap
from weft.diffusion.types import Latent, Mask
from weft.engine.declaration.node import node
from weft.engine.declaration.widgets import Range, Seed

Share = Annotated[float, Range(0, 1, step=0.01)]


@node("LatentAdd", category="latent/math")
def latent_add(samples1: Latent, samples2: Latent) -> Latent:
    """Add two latents.

    Args:
        samples1: The first latent. (B, C, h, w) float32.
        samples2: The second latent. It is resized to the first (bilinear, cropped) and repeated to
            its batch size.

    Returns:
        The sum: samples1 + samples2.

    Raises:
        DiffusionError: The latents belong to different model families.
    """
    from weft.diffusion.latents.arithmetic import add_latents

    return add_latents(samples1, samples2)


@node("LatentSubtract", category="latent/math")
def latent_subtract(samples1: Latent, samples2: Latent) -> Latent:
    """Subtract one latent from another.

    Args:
        samples1: The first latent. (B, C, h, w) float32.
        samples2: The second latent. It is resized to the first (bilinear, cropped) and repeated to
            its batch size.

    Returns:
        The difference: samples1 - samples2.

    Raises:
        DiffusionError: The latents belong to different model families.
    """
    from weft.diffusion.latents.arithmetic import subtract_latents

    return subtract_latents(samples1, samples2)


@node("LatentMultiply", category="latent/math")
def latent_multiply(
    samples: Latent, *, multiplier: Annotated[float, Range(-10, 10, step=0.01)] = 1.0
) -> Latent:
    """Multiply a latent by a number.

    Args:
        samples: The latent. (B, C, h, w) float32.
        multiplier: The factor. 1 leaves the latent unchanged.

    Returns:
        The product: samples * multiplier.
    """
    from weft.diffusion.latents.arithmetic import multiply_latent

    return multiply_latent(samples, multiplier)


@node("LatentInterpolate", category="latent/math")
def latent_interpolate(samples1: Latent, samples2: Latent, *, ratio: Share = 1.0) -> Latent:
    """Interpolate two latents, keeping their contrast.

    Args:
        samples1: The first latent. (B, C, h, w) float32.
        samples2: The second latent. It is resized to the first (bilinear, cropped) and repeated to
            its batch size.
        ratio: Share of the first latent: 1 is the first alone, 0 the second alone.

    Returns:
        The interpolated latent, (B, C, h, w) float32. Directions and lengths of the cells' vectors
        are interpolated separately.

    Raises:
        DiffusionError: The latents belong to different model families.
    """
    from weft.diffusion.latents.arithmetic import interpolate_latents

    return interpolate_latents(samples1, samples2, ratio)


@node("LatentBlend", category="latent/math")
def latent_blend(samples1: Latent, samples2: Latent, *, blend_factor: Share = 0.5) -> Latent:
    """Blend two latents linearly.

    Args:
        samples1: The first latent. (B, C, h, w) float32.
        samples2: The second latent. It is resized to the first (bicubic, cropped) and repeated to
            its batch size.
        blend_factor: Share of the first latent: 1 is the first alone, 0 the second alone.

    Returns:
        The latent. (B, C, h, w) float32.

    Raises:
        DiffusionError: The latents belong to different model families.
    """
    from weft.diffusion.latents.arithmetic import blend_latents

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
        samples: The latent. (B, C, h, w) float32.
        mask: Strength of the noise by region: 1 is full, 0 is none. Empty means everywhere. (B or
            1, any size) float32.
        seed: Seed of the noise, which is drawn as for sampling.
        strength: Standard deviation of the noise. SD1.x latents have one of about 5.

    Returns:
        The latent. (B, C, h, w) float32.
    """
    from weft.diffusion.latents.arithmetic import inject_noise

    return inject_noise(samples, seed, strength, mask)


@node("LatentOperationTonemapReinhard", category="latent/operations", lane="inline")
def latent_operation_tonemap_reinhard(
    *, multiplier: Annotated[float, Range(0, 100, step=0.01)] = 1.0
) -> LatentOperation:
    """Make a Reinhard tone mapping for latents: it lowers contrast, strong values most.

    Args:
        multiplier: The length that no vector exceeds, in units of the mean plus 5 standard
            deviations.

    Returns:
        The operation, for LatentApplyOperation or LatentApplyOperationCFG.

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
    """Make a sharpening operation for latents.

    Args:
        sharpen_radius: Radius of the blur in latent cells of 8 pixels.
        sigma: Width of the blur, in units of the radius.
        alpha: Strength. 0 leaves the latent unchanged; 0.1 subtracts the whole blur once.

    Returns:
        The operation, for LatentApplyOperation or LatentApplyOperationCFG.
    """
    return Sharpen(sharpen_radius, sigma, alpha)


@node("LatentApplyOperation", category="latent/operations")
def latent_apply_operation(samples: Latent, operation: LatentOperation) -> Latent:
    """Apply an operation, such as sharpening, to latents.

    Args:
        samples: The latent. (B, C, h, w) float32.
        operation: The operation, for LatentApplyOperation or LatentApplyOperationCFG.

    Returns:
        The latent. (B, C, h, w) float32.

    Raises:
        DiffusionError: The latent is smaller than the operation's radius.
    """
    return replace(samples, samples=operation(samples.samples))
