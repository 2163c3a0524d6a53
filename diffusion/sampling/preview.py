"""Preview images while sampling: from latents by a linear map, or by a tiny decoder.

A linear map from the channels of a latent to red, green and blue shows composition and colours for
next to nothing. A tiny decoder (TAESD) shows more, if its file is there. Both are made for one
latent space: a model's own map comes first, and a published decoder is used only for the latents of
the VAE that it was made for.

Source: the factors for SD1.x, SDXL, SD3 and Flux are the field's usual ones (fitted by T. Birch and
others); for latents in the network's space, giving -1 to 1.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from ..errors import ModelError
from ..vae.format import FLUX, SD1, SD3, SDXL, LatentFormat

if TYPE_CHECKING:
    from torch import Tensor

    from ..types import Model

LARGEST = 512
"""Longest side of a preview in pixels."""
QUALITY = 85

Painter: TypeAlias = Callable[["Tensor"], "Tensor"]
"""(1, C, h, w) stored latents -> (H, W, 3) in [0, 1], float32."""


@dataclass(frozen=True, slots=True)
class LatentColours:
    """A linear map from latents in the network's space to red, green and blue from -1 to 1.

    Attributes:
        factors: One row (r, g, b) for each channel.
        bias: Added to the sum.
    """

    factors: tuple[tuple[float, float, float], ...]
    bias: tuple[float, float, float] = (0.0, 0.0, 0.0)


COLOURS: Mapping[str, LatentColours] = {
    "sd1": LatentColours((
        (0.3512, 0.2297, 0.3227), (0.3250, 0.4974, 0.2350),
        (-0.2829, 0.1762, 0.2721), (-0.2120, -0.2616, -0.7177),
    )),
    "sdxl": LatentColours(
        (
            (0.3651, 0.4232, 0.4341), (-0.2533, -0.0042, 0.1068),
            (0.1076, 0.1111, -0.0362), (-0.3165, -0.2492, -0.2188),
        ),
        (0.1084, -0.0175, -0.0011),
    ),
    "sd3": LatentColours(
        (
            (-0.0922, -0.0175, 0.0749), (0.0311, 0.0633, 0.0954), (0.1994, 0.0927, 0.0458),
            (0.0856, 0.0339, 0.0902), (0.0587, 0.0272, -0.0496), (-0.0006, 0.1104, 0.0309),
            (0.0978, 0.0306, 0.0427), (-0.0042, 0.1038, 0.1358), (-0.0194, 0.0020, 0.0669),
            (-0.0488, 0.0130, -0.0268), (0.0922, 0.0988, 0.0951), (-0.0278, 0.0524, -0.0542),
            (0.0332, 0.0456, 0.0895), (-0.0069, -0.0030, -0.0810), (-0.0596, -0.0465, -0.0293),
            (-0.1448, -0.1463, -0.1189),
        ),
        (0.2394, 0.2135, 0.1925),
    ),
    "flux": LatentColours(
        (
            (-0.0346, 0.0244, 0.0681), (0.0034, 0.0210, 0.0687), (0.0275, -0.0668, -0.0433),
            (-0.0174, 0.0160, 0.0617), (0.0859, 0.0721, 0.0329), (0.0004, 0.0383, 0.0115),
            (0.0405, 0.0861, 0.0915), (-0.0236, -0.0185, -0.0259), (-0.0245, 0.0250, 0.1180),
            (0.1008, 0.0755, -0.0421), (-0.0515, 0.0201, 0.0011), (0.0428, -0.0012, -0.0036),
            (0.0817, 0.0765, 0.0749), (-0.1264, -0.0522, -0.1103), (-0.0280, -0.0881, -0.0499),
            (-0.1262, -0.0982, -0.0778),
        ),
        (-0.0329, -0.0718, -0.0851),
    ),
}  # fmt: skip
"""By the name of the latent format."""

TINY_DECODERS: Mapping[str, tuple[str, ...]] = {
    "sd1": ("taesd_decoder.safetensors", "taesd.safetensors"),
    "sdxl": ("taesdxl_decoder.safetensors", "taesdxl.safetensors"),
    "sd3": ("taesd3_decoder.safetensors", "taesd3.safetensors"),
    "flux": ("taef1_decoder.safetensors", "taef1.safetensors"),
}
"""Files of tiny decoders by latent format, as the field names them."""

_PUBLISHED: Mapping[str, LatentFormat] = {s.name: s for s in (SD1, SDXL, SD3, FLUX)}
"""What maps and tiny decoders are made for; a family may scale the same VAE's latents otherwise."""
_VAE_WIDTH = 512
"""Channels behind the first layer of the decoder in every published VAE of these spaces."""


def tiny_decoder_names(model: Model) -> tuple[str, ...]:
    """Name the published tiny decoders that are made for a model's latents.

    Returns:
        File names, the best first. None for a model with a latent space of its own: one that
        brings its map (`NAME.latent_rgb.json`), or whose file holds a VAE of another size than the
        published ones.
    """
    from ..families import family_named

    if _own_map(model).is_file():
        return ()
    stored = model.weights.stored
    for prefix in ("first_stage_model.", "vae."):
        conv = stored.tensors.get(f"{prefix}decoder.conv_in.weight") if stored else None
        if conv is not None and conv.shape[0] != _VAE_WIDTH:
            return ()
    return TINY_DECODERS.get(family_named(model.family).latent.name, ())


def linear_painter(model: Model) -> Painter | None:
    """A painter by a linear map; None if no map is known for the model's latents.

    A checkpoint with a VAE of its own may bring its map along: `NAME.latent_rgb.json` beside
    `NAME.safetensors`, with "factors" and "bias".

    Raises:
        ModelError: Such a file does not hold a map for the model's channels.
    """
    from ..families import family_named

    space, own = family_named(model.family).latent, _own_map(model)
    if own.is_file():
        colours = _read(own, space.channels)
    elif space.name in COLOURS:
        space, colours = _PUBLISHED[space.name], COLOURS[space.name]
    else:
        return None

    def paint(samples: Tensor) -> Tensor:
        x = space.to_network(samples)[0].float()
        factors = x.new_tensor(colours.factors)
        rgb = (x.movedim(0, -1) @ factors + x.new_tensor(colours.bias) + 1.0) / 2.0
        return rgb.clamp(0.0, 1.0)

    return paint


def tiny_painter(path: Path, model: Model) -> Painter:
    """A painter by a tiny decoder (TAESD and its kin).

    Args:
        path: A safetensors file, of the decoder alone or with the encoder.
        model: Whose latents it shall decode.

    Raises:
        ModelError: The file holds no tiny decoder for the model's channels.
    """
    from ..families import family_named
    from .tiny_decoder import load_tiny_decoder

    space = family_named(model.family).latent
    space = _PUBLISHED.get(space.name, space)
    network = load_tiny_decoder(path, space.channels)

    def paint(samples: Tensor) -> Tensor:
        import torch

        with torch.no_grad():
            x = space.to_network(samples).to(next(network.parameters()))
            pixels: Tensor = network(x)
        return ((pixels[0].float().movedim(0, -1) + 1.0) / 2.0).clamp(0.0, 1.0)

    return paint


def preview_jpeg(picture: Tensor) -> bytes:
    """A preview image as JPEG, enlarged 4 times if it has latent size, with a limited size.

    Args:
        picture: (H, W, 3) in [0, 1].
    """
    import torch
    from PIL import Image

    height, width = picture.shape[:2]
    levels = (picture * 255.0).round().to(device="cpu", dtype=torch.uint8).numpy()
    image = Image.fromarray(levels)
    scale = min(4.0, LARGEST / max(height, width))
    if (scale > 1.0 and max(height, width) <= LARGEST // 4) or scale < 1.0:
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        image = image.resize(size, Image.Resampling.BILINEAR)
    file = io.BytesIO()
    image.save(file, "JPEG", quality=QUALITY)
    return file.getvalue()


def _own_map(model: Model) -> Path:
    return model.weights.path.with_suffix(".latent_rgb.json")


def _read(path: Path, channels: int) -> LatentColours:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        factors = tuple((float(r), float(g), float(b)) for r, g, b in data["factors"])
        red, green, blue = (float(v) for v in data["bias"])
        if len(factors) != channels:
            raise ValueError(f"{len(factors)} channels")
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise ModelError(
            "preview.bad_colours",
            f'"{path.name}" holds no linear map from latents to colours: {error}.',
            expected=f'"factors" of {channels} rows of 3 numbers and "bias" of 3',
            got=type(error).__name__,
            hint="Delete the file, or write it again.",
        ) from error
    return LatentColours(factors, (red, green, blue))
