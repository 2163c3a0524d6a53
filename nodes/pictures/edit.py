"""Images of one color, and changes to the colors and the sharpness of an image."""

from __future__ import annotations

from typing import Annotated, Literal

from ...diffusion.types import Image
from ...engine.declaration.node import node
from ...engine.declaration.widgets import Color, Curve, Range, Seed
from ..limits import MAX_SIDE

Side = Annotated[int, Range(1, MAX_SIDE)]
Colour = Annotated[int, Range(0, 0xFFFFFF), Color()]
_STRAIGHT = [[0.0, 0.0], [1.0, 1.0]]


@node("EmptyImage", category="image")
def empty_image(
    *,
    width: Side = 512,
    height: Side = 512,
    batch_size: Annotated[int, Range(1, 4096)] = 1,
    color: Colour = 0,
) -> Image:
    """Make pictures of one colour.

    Args:
        width: Pixels.
        height: Pixels.
        batch_size: Number of pictures.
        color: 65536 red + 256 green + blue, each 0 to 255.

    Returns:
        (batch_size, height, width, 3) float32 in [0, 1].
    """
    from ...diffusion.pictures.shapes import empty_image as empty

    return empty(width, height, batch_size, color)


@node("ImageInvert", category="image/edit")
def image_invert(image: Image) -> Image:
    """Turn colours into their opposites; transparency stays.

    Args:
        image: (B, H, W, 3) float32 in [0, 1].

    Returns:
        1 - image.
    """
    import torch

    from ...diffusion.pictures.image import check_image

    check_image(image, alpha=True)
    return torch.cat([1.0 - image[..., :3], image[..., 3:]], dim=-1)


@node("ImageBlend", category="image/edit")
def image_blend(
    image1: Image,
    image2: Image,
    *,
    blend_factor: Annotated[float, Range(0, 1, step=0.01)] = 0.5,
    blend_mode: Literal[
        "normal", "multiply", "screen", "overlay", "soft_light", "difference"
    ] = "normal",
) -> Image:
    """Mix two pictures.

    Args:
        image1: (B, H, W, 3) float32 in [0, 1].
        image2: (B, h, w, 3) float32 in [0, 1]; scaled to the first (bicubic, cropped).
        blend_factor: How much of the mixture is seen; 0 is `image1` alone.
        blend_mode: Rule of the mixture.

    Returns:
        (B, H, W, 3) float32 in [0, 1].
    """
    from ...diffusion.pictures.filters import blend_images

    return blend_images(image1, image2, blend_factor, blend_mode)


@node("ImageBlur", category="image/edit")
def image_blur(
    image: Image,
    *,
    blur_radius: Annotated[int, Range(1, 31)] = 1,
    sigma: Annotated[float, Range(0.1, 10, step=0.1)] = 1.0,
) -> Image:
    """Blur pictures with a Gaussian.

    Args:
        image: (B, H, W, 3) float32 in [0, 1].
        blur_radius: Pixels.
        sigma: Width of the Gaussian, in units of the radius.

    Returns:
        (B, H, W, 3) float32 in [0, 1].

    Raises:
        DiffusionError: A side is not longer than the radius.
    """
    from ...diffusion.pictures.filters import blur_image

    return blur_image(image, blur_radius, sigma).clamp(0, 1)


@node("ImageSharpen", category="image/edit")
def image_sharpen(
    image: Image,
    *,
    sharpen_radius: Annotated[int, Range(1, 31)] = 1,
    sigma: Annotated[float, Range(0.1, 10, step=0.01)] = 1.0,
    alpha: Annotated[float, Range(0, 5, step=0.01)] = 1.0,
) -> Image:
    """Sharpen pictures by taking some of their blur away.

    Args:
        image: (B, H, W, 3) float32 in [0, 1].
        sharpen_radius: Pixels.
        sigma: Width of the blur, in units of the radius.
        alpha: How much; 0 nothing, 0.1 the whole blur once.

    Returns:
        (B, H, W, 3) float32 in [0, 1].

    Raises:
        DiffusionError: A side is not longer than the radius.
    """
    from ...diffusion.pictures.filters import sharpen_image

    return sharpen_image(image, sharpen_radius, sigma, alpha)


@node("ImageCurve", category="image/edit")
def image_curve(
    image: Image,
    *,
    curve: Annotated[list[list[float]], Curve()] = _STRAIGHT,
    channel: Literal["all", "red", "green", "blue"] = "all",
) -> Image:
    """Change the tones of pictures by a curve.

    Args:
        image: (B, H, W, 3) float32 in [0, 1].
        curve: Pairs [old, new] that the curve passes through; level beyond the first and last.
        channel: The colour that it changes.

    Returns:
        (B, H, W, 3) float32 in [0, 1].

    Source: Fritsch & Carlson 1980: monotone between neighbouring points.
    """
    from ...diffusion.pictures.filters import curve_image

    return curve_image(image, curve, channel)


@node("ImageQuantize", category="image/edit")
def image_quantize(
    image: Image,
    *,
    colors: Annotated[int, Range(1, 256)] = 256,
    dither: Literal[
        "none", "floyd-steinberg", "bayer-2", "bayer-4", "bayer-8", "bayer-16"
    ] = "none",
) -> Image:
    """Use few colours, chosen for each picture.

    Args:
        image: (B, H, W, 3) float32 in [0, 1].
        colors: How many.
        dither: How tones between them are shown.

    Returns:
        (B, H, W, 3) float32 in [0, 1], whole 255ths.

    Source: median cut, through Pillow.
    """
    from ...diffusion.pictures.filters import quantize_image

    return quantize_image(image, colors, dither)


@node("ImageAddNoise", category="image/edit")
def image_add_noise(
    image: Image,
    *,
    seed: Annotated[int, Seed()] = 0,
    strength: Annotated[float, Range(0, 1, step=0.01)] = 0.5,
) -> Image:
    """Add Gaussian noise to pictures.

    Args:
        image: (B, H, W, 3) float32 in [0, 1].
        seed: Of the noise.
        strength: Standard deviation; 0 adds nothing.

    Returns:
        (B, H, W, 3) float32, cut to [0, 1].
    """
    from ...diffusion.latents.noise import initial_noise
    from ...diffusion.pictures.image import check_image

    check_image(image, alpha=True)
    return (image + strength * initial_noise(tuple(image.shape), seed)).clamp(0, 1)
