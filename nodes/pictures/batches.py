"""Pictures in batches."""

from __future__ import annotations

from typing import Annotated, NamedTuple

from ...diffusion.types import Image
from ...engine.declaration.node import node
from ...engine.declaration.widgets import Range

Count = Annotated[int, Range(1, 4096)]


@node("ImageBatch", category="image/batch")
def image_batch(image1: Image, image2: Image) -> Image:
    """Put pictures into one batch.

    Args:
        image1: (B1, H, W, 3) float32 in [0, 1].
        image2: (B2, h, w, 3) float32 in [0, 1]; scaled to the first (bilinear, cropped).

    Returns:
        (B1 + B2, H, W, 3) float32 in [0, 1].
    """
    from ...diffusion.pictures.shapes import batch_images

    return batch_images(image1, image2)


@node("ImageFromBatch", category="image/batch")
def image_from_batch(
    image: Image,
    *,
    batch_index: Annotated[int, Range(0, 4095)] = 0,
    length: Count = 1,
) -> Image:
    """Take some pictures out of a batch.

    Args:
        image: (B, H, W, 3) float32.
        batch_index: The first, counted from 0.
        length: How many at most.

    Returns:
        (up to length, H, W, 3) float32.

    Raises:
        DiffusionError: The batch has no such picture.
    """
    from ...diffusion.pictures.shapes import take_images

    return take_images(image, batch_index, length)


@node("RepeatImageBatch", category="image/batch")
def repeat_image_batch(image: Image, *, amount: Count = 1) -> Image:
    """Repeat a batch of pictures.

    Args:
        image: (B, H, W, 3) float32.
        amount: How often.

    Returns:
        (B * amount, H, W, 3) float32.
    """
    from ...diffusion.pictures.image import check_image

    return check_image(image, alpha=True).repeat(amount, 1, 1, 1)


@node("RebatchImages", category="image/batch")
def rebatch_images(images: Image | list[Image], *, batch_size: Count = 1) -> list[Image]:
    """Give pictures in batches of another size, as a list.

    Args:
        images: (B, H, W, 3) float32, or a list of such.
        batch_size: Pictures in a batch; the last has what is left. Another size of picture begins
            a new batch.

    Returns:
        A list of (batch_size, H, W, 3) float32; go through it with a map.
    """
    from ...diffusion.pictures.shapes import rebatch_images as rebatch

    return rebatch(images if isinstance(images, list) else [images], batch_size)


class ImageSize(NamedTuple):
    """Of pictures."""

    width: int
    height: int
    batch_size: int


@node("GetImageSize", category="image", lane="inline")
def get_image_size(image: Image) -> ImageSize:
    """Measure pictures.

    Args:
        image: (B, H, W, 3) float32.

    Returns:
        Width and height in pixels, and how many there are.
    """
    batch, height, width = image.shape[:3]
    return ImageSize(width, height, batch)
