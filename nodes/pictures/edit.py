"""Images of one color, and changes to the colors and the sharpness of an image."""

from __future__ import annotations

from typing import Annotated, Literal

from weft.diffusion.types import Image
from weft.engine.declaration.node import node
from weft.engine.declaration.widgets import Color, Curve, Range, Seed

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
    """Make images of one colour.

    Args:
        width: Width in pixels.
        height: Height in pixels.
        batch_size: Number of images.
        color: The colour as a number: 65536 red + 256 green + blue, each 0 to 255.

    Returns:
        The images, (batch_size, height, width, 3) float32 in [0, 1].
    """
    from weft.diffusion.pictures.shapes import empty_image as empty

    return empty(width, height, batch_size, color)


@node("ImageInvert", category="image/edit")
def image_invert(image: Image) -> Image:
    """Invert the colours of images. Transparency is unchanged.

    Args:
        image: The image. (B, H, W, 3) float32 in [0, 1].

    Returns:
        The inverted images: 1 - image.
    """
    import torch

    from weft.diffusion.pictures.image import check_image

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
    """Blend two images.

    Args:
        image1: The first image. (B, H, W, 3) float32 in [0, 1].
        image2: The second image. It is resized to the first (bicubic, cropped). (B, h, w, 3)
            float32 in [0, 1].
        blend_factor: Share of the blended result: 0 is `image1` alone, 1 the full blend.
        blend_mode: The blend mode.

    Returns:
        The image. (B, H, W, 3) float32 in [0, 1].
    """
    from weft.diffusion.pictures.filters import blend_images

    return blend_images(image1, image2, blend_factor, blend_mode)


@node("ImageBlur", category="image/edit")
def image_blur(
    image: Image,
    *,
    blur_radius: Annotated[int, Range(1, 31)] = 1,
    sigma: Annotated[float, Range(0.1, 10, step=0.1)] = 1.0,
) -> Image:
    """Blur images with a Gaussian.

    Args:
        image: The image. (B, H, W, 3) float32 in [0, 1].
        blur_radius: Radius in pixels.
        sigma: Width of the Gaussian, in units of the radius.

    Returns:
        The image. (B, H, W, 3) float32 in [0, 1].

    Raises:
        DiffusionError: A side is not longer than the radius.
    """
    from weft.diffusion.pictures.filters import blur_image

    return blur_image(image, blur_radius, sigma).clamp(0, 1)


@node("ImageSharpen", category="image/edit")
def image_sharpen(
    image: Image,
    *,
    sharpen_radius: Annotated[int, Range(1, 31)] = 1,
    sigma: Annotated[float, Range(0.1, 10, step=0.01)] = 1.0,
    alpha: Annotated[float, Range(0, 5, step=0.01)] = 1.0,
) -> Image:
    """Sharpen images with an unsharp mask.

    Args:
        image: The image. (B, H, W, 3) float32 in [0, 1].
        sharpen_radius: Radius in pixels.
        sigma: Width of the blur, in units of the radius.
        alpha: Strength. 0 leaves the image unchanged; 0.1 subtracts the whole blur once.

    Returns:
        The image. (B, H, W, 3) float32 in [0, 1].

    Raises:
        DiffusionError: A side is not longer than the radius.
    """
    from weft.diffusion.pictures.filters import sharpen_image

    return sharpen_image(image, sharpen_radius, sigma, alpha)


@node("ImageCurve", category="image/edit")
def image_curve(
    image: Image,
    *,
    curve: Annotated[list[list[float]], Curve()] = _STRAIGHT,
    channel: Literal["all", "red", "green", "blue"] = "all",
) -> Image:
    """Change the tones of images by a curve.

    Args:
        image: The image. (B, H, W, 3) float32 in [0, 1].
        curve: Points [old, new] that the curve passes through. It is constant before the first and
            after the last.
        channel: The colour channel that the curve changes.

    Returns:
        The image. (B, H, W, 3) float32 in [0, 1].

    Source: Fritsch & Carlson 1980: monotone between neighbouring points.
    """
    from weft.diffusion.pictures.filters import curve_image

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
    """Reduce images to a few colours, chosen for each image.

    Args:
        image: The image. (B, H, W, 3) float32 in [0, 1].
        colors: Number of colours.
        dither: The dithering method for tones in between.

    Returns:
        The images, (B, H, W, 3) float32 in [0, 1], in whole steps of 1/255.

    Source: median cut, through Pillow.
    """
    from weft.diffusion.pictures.filters import quantize_image

    return quantize_image(image, colors, dither)


@node("ImageAddNoise", category="image/edit")
def image_add_noise(
    image: Image,
    *,
    seed: Annotated[int, Seed()] = 0,
    strength: Annotated[float, Range(0, 1, step=0.01)] = 0.5,
) -> Image:
    """Add Gaussian noise to images.

    Args:
        image: The image. (B, H, W, 3) float32 in [0, 1].
        seed: Seed of the noise.
        strength: Standard deviation of the noise. 0 adds none.

    Returns:
        The images, (B, H, W, 3) float32, clipped to [0, 1].
    """
    from weft.diffusion.latents.noise import initial_noise
    from weft.diffusion.pictures.image import check_image

    check_image(image, alpha=True)
    return (image + strength * initial_noise(tuple(image.shape), seed)).clamp(0, 1)
