"""Images cropped, flipped, rotated, padded and joined."""

from __future__ import annotations

from typing import Annotated, Literal

from weft.diffusion.types import Image
from weft.engine.declaration.node import node
from weft.engine.declaration.widgets import Box, Range

from ..limits import MAX_SIDE
from .composite import ImageAndMask
from .edit import Side
from .scale import Filter

Place = Annotated[int, Range(0, MAX_SIDE)]
Margin = Annotated[int, Range(0, MAX_SIDE, step=8)]
_COLOURS = {"white": 0xFFFFFF, "black": 0, "red": 0xFF0000, "green": 0x00FF00, "blue": 0x0000FF}


@node("ImageCrop", category="image/transform")
def image_crop(
    image: Image,
    *,
    width: Annotated[Side, Box("width")] = 512,
    height: Annotated[Side, Box("height")] = 512,
    x: Annotated[Place, Box("x")] = 0,
    y: Annotated[Place, Box("y")] = 0,
) -> Image:
    """Crop images to a rectangle, which is cut at the edges of the image.

    Args:
        image: The images. (B, H, W, 3) float32.
        width: Width in pixels.
        height: Height in pixels.
        x: Left edge in pixels.
        y: Top edge in pixels.

    Returns:
        The images, (B, up to height, up to width, 3) float32.

    Raises:
        DiffusionError: The corner lies outside the image.
    """
    from weft.diffusion.pictures.shapes import crop_image

    return crop_image(image, x, y, width, height)


@node("ImageFlip", category="image/transform")
def image_flip(
    image: Image,
    *,
    flip_method: Literal["x-axis: vertically", "y-axis: horizontally"] = "x-axis: vertically",
) -> Image:
    """Flip images.

    Args:
        image: The images. (B, H, W, 3) float32.
        flip_method: `x-axis: vertically` flips upside down, `y-axis: horizontally` flips left to
            right.

    Returns:
        The flipped images, of the same shape.
    """
    from weft.diffusion.pictures.shapes import flip_image

    return flip_image(image, "x" if flip_method.startswith("x") else "y")


@node("ImageRotate", category="image/transform")
def image_rotate(
    image: Image,
    *,
    rotation: Literal["none", "90 degrees", "180 degrees", "270 degrees"] = "none",
) -> Image:
    """Rotate images clockwise.

    Args:
        image: The images. (B, H, W, 3) float32.
        rotation: The angle in degrees.

    Returns:
        The images, (B, H, W, 3) or (B, W, H, 3) float32.
    """
    from weft.diffusion.pictures.shapes import rotate_image

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
    """Pad images for outpainting: add grey borders and a mask of them.

    Args:
        image: The image. (B, H, W, 3) float32 in [0, 1].
        left: Pixels to add on the left.
        top: Pixels to add at the top.
        right: Pixels to add on the right.
        bottom: Pixels to add at the bottom.
        feathering: Width in pixels of the soft edge of the mask, inside the original image. It is
            off if it reaches half of a side.

    Returns:
        The padded images, (B, H', W', 3) float32, and the mask of the added borders, (1, H', W')
        float32: 1 is added.
    """
    from weft.diffusion.pictures.shapes import pad_for_outpaint

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
    """Put two images side by side.

    Args:
        image1: The first image. (B, H, W, 3) float32 in [0, 1].
        image2: The second image. Without it, the result is `image1`. (B, h, w, 3) float32 in [0,
            1].
        direction: Position of the second image, seen from the first.
        match_image_size: Whether the second image is resized to the length of the shared side. If
            off, the smaller image is centred on black.
        spacing_width: Width of the gap between the images in pixels.
        spacing_color: Colour of the gap.

    Returns:
        The joined image, (B, H', W', 3) float32 in [0, 1].
    """
    from weft.diffusion.pictures.shapes import stitch_images

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
    """Resize images to fit a size, keeping the aspect ratio, and pad the rest.

    Args:
        image: The image. (B, H, W, 3) float32 in [0, 1].
        target_width: Width in pixels.
        target_height: Height in pixels.
        padding_color: Colour of the padding.
        interpolation: The resampling filter.

    Returns:
        The images, (B, target_height, target_width, 3) float32 in [0, 1].
    """
    from weft.diffusion.pictures.shapes import resize_and_pad

    return resize_and_pad(
        image, target_width, target_height, method=interpolation, color=_COLOURS[padding_color]
    )
