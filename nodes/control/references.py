"""Reference images for editing models (Flux Kontext)."""

from __future__ import annotations

from typing import Annotated, Literal

from weft.diffusion.types import Conditioning, Image, Latent
from weft.engine.declaration.node import node
from weft.engine.declaration.widgets import Alias

KONTEXT_SIZES = (
    (672, 1568), (688, 1504), (720, 1456), (752, 1392), (800, 1328), (832, 1248),
    (880, 1184), (944, 1104), (1024, 1024), (1104, 944), (1184, 880), (1248, 832),
    (1328, 800), (1392, 752), (1456, 720), (1504, 688), (1568, 672),
)  # fmt: skip
"""Widths and heights that Flux Kontext was trained on. Source: black-forest-labs/flux."""


@node("ReferenceLatent", category="conditioning/families", lane="inline")
def reference_latent(conditioning: Conditioning, latent: Latent | None = None) -> Conditioning:
    """Add a reference image to a prompt, for editing models such as Flux Kontext.

    Args:
        conditioning: The encoded prompt, which says how to change or use the reference image.
        latent: The reference image, encoded with the VAE of the model, of any size. Empty adds
            none. Several of these nodes add several images.

    Returns:
        The prompt with the reference image. Models that take no reference images report an error.

    Source: Flux.1 Kontext, 2025; several images are placed side by side, as in ComfyUI.
    """
    from weft.diffusion.control.references import add_reference

    return conditioning if latent is None else add_reference(conditioning, latent)


@node(
    "ReferencePlaces",
    category="conditioning/families",
    aliases=["FluxKontextMultiReferenceLatentMethod"],
    lane="inline",
)
def reference_places(
    conditioning: Conditioning,
    *,
    places: Annotated[
        Literal["offset", "index", "uxo/uno"], Alias("reference_latents_method")
    ] = "offset",
) -> Conditioning:
    """Set where the model's position encoding puts reference images.

    Args:
        conditioning: The encoded prompt. Reference images can be added before or after.
        places: `offset`: side by side, as in Flux Kontext's training. `index`: at the position of
            the generated image, told apart by an index. `uxo/uno`: to the lower right of the
            generated image, one after the other, for finetunes such as UNO and USO.

    Returns:
        The prompt with these positions.

    Source: as ComfyUI; UNO (Wu et al. 2025) for `uxo/uno`.
    """
    from weft.diffusion.control.references import set_places

    where = "diagonal" if places == "uxo/uno" else places
    return set_places(conditioning, where)


@node("FluxKontextImageScale", category="image")
def flux_kontext_image_scale(image: Image) -> Image:
    """Resize images to the nearest size that Flux Kontext was trained on.

    Args:
        image: The image. (B, H, W, 3) float32 in [0, 1].

    Returns:
        The images, resized with Lanczos and cropped evenly to the aspect ratio; about one
        megapixel.

    Raises:
        DiffusionError: The input is no image.
    """
    from weft.diffusion.pictures.image import check_image, scale_image

    check_image(image)
    shape = image.shape[2] / image.shape[1]
    width, height = min(KONTEXT_SIZES, key=lambda size: abs(shape - size[0] / size[1]))
    return scale_image(image, width, height, method="lanczos", center_crop=True)
