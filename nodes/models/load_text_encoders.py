"""Text encoders loaded from one, two or three files."""

from __future__ import annotations

from typing import Annotated, Literal

from weft.diffusion.types import Clip
from weft.engine.declaration.context import Run
from weft.engine.declaration.node import node
from weft.engine.declaration.widgets import ModelFile

from .loaders import Place, device_of
from .model_files import model_path as find_model


@node(
    "LoadCLIP",
    category="load",
    aliases=["CLIPLoader", "CLIPLoaderGGUF"],
    effects=["reads"],
    lane="io",
)
def load_clip(
    run: Run,
    *,
    clip_name: Annotated[str, ModelFile("clip")],
    type: Literal["stable_diffusion", "sd3", "pixart"] = "stable_diffusion",  # noqa: A002
    device: Place = "default",
) -> Clip:
    """Load a text encoder.

    Args:
        clip_name: A safetensors or GGUF file of a CLIP, T5 or BERT text encoder.
        type: The model family that it encodes prompts for. With "stable_diffusion" the encoder
            decides: CLIP-L for SD1.x, CLIP-H for SD2.x, CLIP-G for the SDXL refiner.
        device: The device it runs on: the default one, or the CPU to save VRAM.

    Returns:
        The text encoder.

    Raises:
        ModelError: The file is damaged, holds no text encoder, or one that the type does not use.
    """
    from weft.diffusion import load_clip as load

    family = {"stable_diffusion": None, "pixart": "pixart_sigma"}.get(type, type)
    return load([find_model(run, "clip", clip_name)], family, device=device_of(device))


@node(
    "LoadDualCLIP",
    category="load",
    aliases=["DualCLIPLoader", "DualCLIPLoaderGGUF"],
    effects=["reads"],
    lane="io",
)
def load_dual_clip(
    run: Run,
    *,
    clip_name1: Annotated[str, ModelFile("clip")],
    clip_name2: Annotated[str, ModelFile("clip")],
    type: Literal["sdxl", "sd3", "flux"] = "sdxl",  # noqa: A002
    device: Place = "default",
) -> Clip:
    """Load two text encoders that are used together, in any order.

    Args:
        clip_name1: A safetensors or GGUF file of the first text encoder, CLIP or T5.
        clip_name2: The file of the second text encoder.
        type: The model family that they encode prompts for: SDXL uses CLIP-L and CLIP-G, Flux
            CLIP-L and T5, SD3 any two of CLIP-L, CLIP-G and T5.
        device: The device they run on: the default one, or the CPU to save VRAM.

    Returns:
        The text encoders.

    Raises:
        ModelError: A file is damaged, holds no text encoder, or one that the type does not use.
    """
    from weft.diffusion import load_clip as load

    paths = [find_model(run, "clip", name) for name in (clip_name1, clip_name2)]
    return load(paths, type, device=device_of(device))


@node(
    "LoadTripleCLIP",
    category="load",
    aliases=["TripleCLIPLoader", "TripleCLIPLoaderGGUF"],
    effects=["reads"],
    lane="io",
)
def load_triple_clip(
    run: Run,
    *,
    clip_name1: Annotated[str, ModelFile("clip")],
    clip_name2: Annotated[str, ModelFile("clip")],
    clip_name3: Annotated[str, ModelFile("clip")],
) -> Clip:
    """Load the three text encoders of SD3, in any order.

    Args:
        clip_name1: A safetensors or GGUF file of the first text encoder: CLIP-L, CLIP-G or T5.
        clip_name2: The file of the second text encoder.
        clip_name3: The file of the third text encoder.

    Returns:
        The text encoders.

    Raises:
        ModelError: A file is damaged, holds no text encoder, or they are not the three of SD3.
    """
    from weft.diffusion import load_clip as load

    names = (clip_name1, clip_name2, clip_name3)
    return load([find_model(run, "clip", name) for name in names], "sd3")
