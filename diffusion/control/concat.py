"""Image conditioning beside the noise: inpainting and editing models.

How they are laid out differs: UNets take the mask as one channel before the image, and were trained
with a grey image where nothing is known; Flux takes the image and then the mask, whose pixels lie
in channels.

Source: Rombach et al. 2022 (inpainting), Brooks et al. 2023 (editing), black-forest-labs/flux
(Fill, Canny, Depth); order of channels as in ComfyUI.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from ..errors import ModelError, ShapeError
from ..families.call import Call, Handler, each_item
from ..pictures.image import check_image
from ..pictures.masks import fit_mask
from ..types import Concat, Conditioning, Image, Latent, Mask, Vae
from ..vae.coding import downscale, encode_image

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from ..types import Attachment
    from ..vae.format import LatentFormat

GREY = (0.8223, -0.6876, 0.6364, 0.1380)
"""A grey image in the latents of SD1.x, which inpainting networks were trained to paint over."""


def condition_on_rest(
    positive: Conditioning,
    negative: Conditioning,
    vae: Vae,
    image: Image,
    mask: Mask,
    *,
    noise_mask: bool = True,
) -> tuple[Conditioning, Conditioning, Latent]:
    """Show an inpainting model (9 channels) what surrounds the part that it paints.

    Args:
        positive, negative: Prompts.
        vae: The model's autoencoder.
        image: (B, H, W, 3) float32 in [0, 1]. Sides are cut evenly to multiples of 8.
        mask: (B or 1, h, w) any size, 1 = paint; resized to the picture.
        noise_mask: Whether the latent is also kept outside of the mask while sampling.

    Returns:
        Both prompts with the picture, whose masked part is grey, and with the mask; and the whole
        picture's latent to start from.

    Raises:
        ShapeError: The picture is not (B, H, W, 3).

    Source: rules of ComfyUI's InpaintModelConditioning.
    """
    import torch.nn.functional as F

    factor = downscale(vae)
    check_image(image, least=factor)
    fitted = F.interpolate(mask[:, None].float(), size=image.shape[1:3], mode="bilinear")[:, 0]
    pixels, fitted = _cut(image, factor), _cut(fitted[..., None], factor)[..., 0]
    kept = 1.0 - fitted.round()[..., None]
    concat = Concat(encode_image(vae, (pixels - 0.5) * kept + 0.5).samples, fitted)
    latent = encode_image(vae, pixels)
    if noise_mask:
        latent = replace(latent, noise_mask=fitted)
    return positive.attach(concat), negative.attach(concat), latent


def condition_on_picture(
    positive: Conditioning, negative: Conditioning, vae: Vae, image: Image
) -> tuple[Conditioning, Conditioning, Latent]:
    """Prepare an image as conditioning for an editing model (InstructPix2Pix, 8 channels).

    Args:
        positive, negative: Prompts; the positive one says what to change.
        vae: The model's autoencoder.
        image: (B, H, W, 3) float32 in [0, 1]. Sides are cut evenly to multiples of 8.

    Returns:
        Both prompts with the picture, and an empty latent of its size to start from.

    Raises:
        ShapeError: The picture is not (B, H, W, 3).

    Source: Brooks et al. 2023; rules of ComfyUI's InstructPixToPixConditioning.
    """
    latent = encode_image(vae, image)
    concat = Concat(latent.samples)
    empty = replace(latent, samples=latent.samples * 0.0)
    return positive.attach(concat), negative.attach(concat), empty


def _cut(image: Tensor, factor: int) -> Tensor:
    """(B, H, W, C) with sides cut evenly to multiples of a factor."""
    height, width = (side // factor * factor for side in image.shape[1:3])
    top, left = (image.shape[1] - height) // 2, (image.shape[2] - width) // 2
    return image[:, top : top + height, left : left + width]


class ConcatHandler(Handler):
    """Images beside the noise, for networks that have channels for them."""

    kinds = (Concat,)

    def cut(
        self,
        attachment: Attachment,
        cut: Callable[[Tensor], Tensor],
        size: tuple[int, int],
    ) -> Attachment:
        assert isinstance(attachment, Concat)
        if tuple(attachment.samples.shape[-2:]) != size:
            return attachment
        mask = attachment.mask
        return Concat(
            cut(attachment.samples), None if mask is None else cut(fit_mask(mask, size))[:, 0]
        )

    def prepare(self, call: Call) -> None:
        import torch

        extra = call.family.extra_channels(call.model)
        if extra == 0:
            return
        space, layout = call.family.latent, LAYOUTS.get(call.model.family, UNET)
        images = space.channels
        if extra not in {images, images + layout.mask_channels}:
            raise ModelError(
                "model.unsupported_layout",
                f"This network of {call.family.words} takes {extra} channels beside the latent.",
                expected=f"none, {images} ({layout.plain}) or "
                f"{images + layout.mask_channels} ({layout.masked})",
                got=str(extra),
            )
        parts = []
        for row in call.rows:
            concat = row.entry.attachment(Concat)
            if concat is not None:
                _check_size(concat, call.shape, space)
            parts.append(layout.channels(concat, call.shape, space, masked=extra > images))
        call.inputs.channels = torch.cat(parts).to(call.like)


def _check_size(concat: Concat, shape: torch.Size, space: LatentFormat) -> None:
    if concat.samples.shape[-3:] != (space.channels, *shape[-2:]):
        cell = space.downscale
        channels, tall, wide = concat.samples.shape[-3:]
        raise ShapeError(
            "concat.does_not_fit",
            "The image beside the noise has another size than the run, or is of another VAE.",
            expected=f"{space.channels} channels, {cell * shape[-1]} x {cell * shape[-2]}",
            got=f"{channels} channels, {cell * wide} x {cell * tall}",
            hint="Sample the latent that came with this conditioning.",
        )


def _unet(concat: Concat | None, shape: torch.Size, space: LatentFormat, *, masked: bool) -> Tensor:
    """(B, C or 1 + C, h, w): mask and image for inpainting, the image for editing."""
    import torch
    import torch.nn.functional as F

    batch, _, height, width = shape
    if concat is None:  # nothing is known of the image: all is to be painted
        blank = torch.zeros(batch, space.channels, height, width)
        if not masked:
            return blank
        grey = torch.tensor(GREY)[:, None, None].expand_as(blank)
        return torch.cat([torch.ones(batch, 1, height, width), grey], dim=1)
    if not masked:
        return each_item(concat.samples, batch)  # trained on latents without their scale
    image = each_item(space.to_network(concat.samples), batch)
    if concat.mask is None:
        return torch.cat([torch.ones(batch, 1, height, width), image], dim=1)
    small = F.interpolate(concat.mask[:, None].float(), size=(height, width), mode="bilinear")
    return torch.cat([each_item(small.round(), batch), image], dim=1)


def _flux(concat: Concat | None, shape: torch.Size, space: LatentFormat, *, masked: bool) -> Tensor:
    """(B, C or C + 64, h, w): the image, then the pixels of the mask in each cell."""
    import torch
    import torch.nn.functional as F

    batch, channels, height, width = shape
    cell = space.downscale
    image, mask = torch.zeros(batch, channels, height, width), None
    if concat is not None:
        image, mask = each_item(space.to_network(concat.samples), batch), concat.mask
    if not masked:
        return image
    if mask is None:
        pixels = torch.ones(batch, cell**2, height, width)
    else:
        fitted = F.interpolate(
            mask[:, None].float(), size=(height * cell, width * cell), mode="bilinear"
        )
        pixels = each_item(F.pixel_unshuffle(fitted, cell), batch)
    return torch.cat([image, pixels], dim=1)


class ConcatLayout(NamedTuple):
    """How networks take an image beside the noise.

    Attributes:
        mask_channels: Channels of the mask of those that inpaint.
        plain, masked: Names of models that take the image alone, and with a mask.
        channels: Makes the channels of one row, (B, ..., h, w).
    """

    mask_channels: int
    plain: str
    masked: str
    channels: Callable[..., Tensor]


UNET = ConcatLayout(1, "InstructPix2Pix", "inpainting", _unet)
LAYOUTS = {"flux": ConcatLayout(64, "Canny, Depth", "Fill", _flux)}
"""Family -> its layout; all others have that of UNets."""
