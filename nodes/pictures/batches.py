"""Batches of images."""

from __future__ import annotations

from typing import Annotated, NamedTuple

from weft.diffusion.types import Image
from weft.engine.declaration.node import node
from weft.engine.declaration.widgets import Range

Count = Annotated[int, Range(1, 4096)]


@node("ImageBatch", category="image/batch")
def image_batch(image1: Image, image2: Image) -> Image:
    """Join images into one batch.

    Args:
        image1: The first batch. (B1, H, W, 3) float32 in [0, 1].
        image2: The second batch. It is resized to the first (bilinear, cropped). (B2, h, w, 3)
            float32 in [0, 1].

    Returns:
        The batch, (B1 + B2, H, W, 3) float32 in [0, 1].
    """
    from weft.diffusion.pictures.shapes import batch_images

    return batch_images(image1, image2)


@node("ImageFromBatch", category="image/batch")
def image_from_batch(
    image: Image,
    *,
    batch_index: Annotated[int, Range(0, 4095)] = 0,
    length: Count = 1,
) -> Image:
    """Take some images from a batch.

    Args:
        image: The images. (B, H, W, 3) float32.
        batch_index: Index of the first one, from 0.
        length: Maximum number to take.

    Returns:
        The images, (up to length, H, W, 3) float32.

    Raises:
        DiffusionError: The batch has no image with this index.
    """
    from weft.diffusion.pictures.shapes import take_images

    return take_images(image, batch_index, length)


@node("RepeatImageBatch", category="image/batch")
def repeat_image_batch(image: Image, *, amount: Count = 1) -> Image:
    """Repeat a batch of images.

    Args:
        image: The images. (B, H, W, 3) float32.
        amount: Number of copies.

    Returns:
        The batch, (B * amount, H, W, 3) float32.
    """
    from weft.diffusion.pictures.image import check_image

    return check_image(image, alpha=True).repeat(amount, 1, 1, 1)


@node("RebatchImages", category="image/batch")
def rebatch_images(images: Image | list[Image], *, batch_size: Count = 1) -> list[Image]:
    """Split images into batches of another size, as a list.

    Args:
        images: The images, or a list of them. (B, H, W, 3) float32.
        batch_size: Images per batch. The last batch holds the rest. Images of another size start a
            new batch.

    Returns:
        The list of batches, (batch_size, H, W, 3) float32. Process it with a map.
    """
    from weft.diffusion.pictures.shapes import rebatch_images as rebatch

    return rebatch(images if isinstance(images, list) else [images], batch_size)


class ImageSize(NamedTuple):
    """The size of images, and their number."""

    width: int
    height: int
    batch_size: int


@node("GetImageSize", category="image", lane="inline")
def get_image_size(image: Image) -> ImageSize:
    """Get the size and the number of images.

    Args:
        image: The images. (B, H, W, 3) float32.

    Returns:
        Width and height in pixels, and the number of images.
    """
    batch, height, width = image.shape[:3]
    return ImageSize(width, height, batch)
