"""Pictures changed: colours, filters, cut, turned, widened."""

from __future__ import annotations

from typing import Annotated, Literal

from ...diffusion.types import Image
from ...engine.declaration.node import node
from ...engine.declaration.widgets import Box, Color, Curve, Range, Seed
from .composite import ImageAndMask
from .image import Filter

MAX_SIDE = 16_384
Side = Annotated[int, Range(1, MAX_SIDE)]
Place = Annotated[int, Range(0, MAX_SIDE)]
Margin = Annotated[int, Range(0, MAX_SIDE, step=8)]
Colour = Annotated[int, Range(0, 0xFFFFFF), Color()]
_STRAIGHT = [[0.0, 0.0], [1.0, 1.0]]
_COLOURS = {"white": 0xFFFFFF, "black": 0, "red": 0xFF0000, "green": 0x00FF00, "blue": 0x0000FF}


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


@node("ImageCrop", category="image/transform")
def image_crop(
    image: Image,
    *,
    width: Annotated[Side, Box("width")] = 512,
    height: Annotated[Side, Box("height")] = 512,
    x: Annotated[Place, Box("x")] = 0,
    y: Annotated[Place, Box("y")] = 0,
) -> Image:
    """Cut a rectangle out of pictures. What lies outside of the picture is left out.

    Args:
        image: (B, H, W, 3) float32.
        width: Width in pixels.
        height: Height in pixels.
        x: Left edge in pixels.
        y: Upper edge in pixels.

    Returns:
        (B, up to height, up to width, 3) float32.

    Raises:
        DiffusionError: The corner lies outside of the picture.
    """
    from ...diffusion.pictures.shapes import crop_image

    return crop_image(image, x, y, width, height)


@node("ImageFlip", category="image/transform")
def image_flip(
    image: Image,
    *,
    flip_method: Literal["x-axis: vertically", "y-axis: horizontally"] = "x-axis: vertically",
) -> Image:
    """Mirror pictures.

    Args:
        image: (B, H, W, 3) float32.
        flip_method: At the x axis, upside down, or at the y axis, left to right.

    Returns:
        Same shape.
    """
    from ...diffusion.pictures.shapes import flip_image

    return flip_image(image, "x" if flip_method.startswith("x") else "y")


@node("ImageRotate", category="image/transform")
def image_rotate(
    image: Image,
    *,
    rotation: Literal["none", "90 degrees", "180 degrees", "270 degrees"] = "none",
) -> Image:
    """Turn pictures clockwise.

    Args:
        image: (B, H, W, 3) float32.
        rotation: By how much.

    Returns:
        (B, H, W, 3) or (B, W, H, 3) float32.
    """
    from ...diffusion.pictures.shapes import rotate_image

    return rotate_image(image, QUARTERS[rotation])


QUARTERS = {"none": 0, "90 degrees": 1, "180 degrees": 2, "270 degrees": 3}


@node("ImagePadForOutpaint", category="image/transform")
def image_pad_for_outpaint(
    image: Image,
    *,
    left: Margin = 0,
    top: Margin = 0,
    right: Margin = 0,
    bottom: Margin = 0,
    feathering: Place = 40,
) -> ImageAndMask:
    """Widen pictures with grey, and say what is to be painted.

    Args:
        image: (B, H, W, 3) float32 in [0, 1].
        left: Pixels to add at the left.
        top: Pixels to add at the top.
        right: Pixels to add at the right.
        bottom: Pixels to add at the bottom.
        feathering: Over how many pixels of the old picture the mask fades towards widened sides;
            not at all if it is half of a side or more.

    Returns:
        image: (B, H', W', 3) float32. mask: (1, H', W') float32, 1 where there was no picture.
    """
    from ...diffusion.pictures.shapes import pad_for_outpaint

    return ImageAndMask(*pad_for_outpaint(image, left, top, right, bottom, feathering))


@node("ImageStitch", category="image/transform")
def image_stitch(
    image1: Image,
    image2: Image | None = None,
    *,
    direction: Literal["right", "down", "left", "up"] = "right",
    match_image_size: bool = True,
    spacing_width: Annotated[int, Range(0, 1024, step=2)] = 0,
    spacing_color: Literal["white", "black", "red", "green", "blue"] = "white",
) -> Image:
    """Put two pictures beside each other.

    Args:
        image1: (B, H, W, 3) float32 in [0, 1].
        image2: (B, h, w, 3) float32 in [0, 1]; None gives `image1`.
        direction: On which side of the first the second goes.
        match_image_size: Scale the second to the touching side of the first; off, the smaller one
            is centred on black.
        spacing_width: Pixels between them.
        spacing_color: Colour of the space between them.

    Returns:
        (B, H', W', 3) float32 in [0, 1].
    """
    from ...diffusion.pictures.shapes import stitch_images

    if image2 is None:
        return image1
    return stitch_images(
        image1,
        image2,
        direction,
        match_size=match_image_size,
        spacing=spacing_width,
        color=_COLOURS[spacing_color],
    )


@node("ResizeAndPadImage", category="image/transform")
def resize_and_pad_image(
    image: Image,
    *,
    target_width: Side = 512,
    target_height: Side = 512,
    padding_color: Literal["white", "black"] = "white",
    interpolation: Filter = "area",
) -> Image:
    """Scale pictures to fit into a size, and fill what is left over evenly with a colour.

    Args:
        image: (B, H, W, 3) float32 in [0, 1].
        target_width: Pixels.
        target_height: Pixels.
        padding_color: Colour of what is left over.
        interpolation: How new pixels are made.

    Returns:
        (B, target_height, target_width, 3) float32 in [0, 1].
    """
    from ...diffusion.pictures.shapes import resize_and_pad

    return resize_and_pad(
        image, target_width, target_height, method=interpolation, color=_COLOURS[padding_color]
    )
