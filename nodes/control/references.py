"""Pictures that a model draws from (Flux Kontext)."""

from __future__ import annotations

from typing import Annotated, Literal

from ...diffusion.types import Conditioning, Image, Latent
from ...engine.declaration.node import node
from ...engine.declaration.widgets import Alias

KONTEXT_SIZES = (
    (672, 1568), (688, 1504), (720, 1456), (752, 1392), (800, 1328), (832, 1248),
    (880, 1184), (944, 1104), (1024, 1024), (1104, 944), (1184, 880), (1248, 832),
    (1328, 800), (1392, 752), (1456, 720), (1504, 688), (1568, 672),
)  # fmt: skip
"""Width and height that Flux Kontext was trained on. Source: black-forest-labs/flux."""


@node("ReferenceLatent", category="conditioning/families", lane="inline")
def reference_latent(conditioning: Conditioning, latent: Latent | None = None) -> Conditioning:
    """Show a model a picture that it draws from, beside those it was shown before (Flux Kontext).

    Args:
        conditioning: Encoded prompt: what shall become of the picture.
        latent: The picture, encoded with the VAE of the model, of any size; None shows nothing.

    Returns:
        The same prompt with the picture. Models that cannot be shown pictures refuse it.

    Source: Flux.1 Kontext, 2025; several pictures lie side by side, as in ComfyUI.
    """
    from ...diffusion.control.references import add_reference

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
    """Say where the pictures of ReferenceLatent are to the network.

    Args:
        conditioning: Encoded prompt, with pictures or before they are shown.
        places: `offset`: beside each other, as Flux Kontext learnt it. `index`: all at the place of
            what is drawn, told apart by a number. `uxo/uno`: right below what is drawn, one behind
            the other, for finetunes such as UNO and USO.

    Returns:
        The same prompt with these places.

    Source: as ComfyUI; UNO (Wu et al. 2025) for `uxo/uno`.
    """
    from ...diffusion.control.references import set_places

    where = "diagonal" if places == "uxo/uno" else places
    return set_places(conditioning, where)


@node("FluxKontextImageScale", category="image")
def flux_kontext_image_scale(image: Image) -> Image:
    """Scale pictures to the size of nearest shape that Flux Kontext was trained on.

    Args:
        image: (B, H, W, 3) float32 in [0, 1].

    Returns:
        The pictures by Lanczos, cut evenly to that shape; about a megapixel.

    Raises:
        DiffusionError: It is no picture.
    """
    from ...diffusion.pictures.image import check_image, scale_image

    check_image(image)
    shape = image.shape[2] / image.shape[1]
    width, height = min(KONTEXT_SIZES, key=lambda size: abs(shape - size[0] / size[1]))
    return scale_image(image, width, height, method="lanczos", center_crop=True)
