"""What an unCLIP checkpoint says of the embeddings that it was trained with."""

from __future__ import annotations

from pathlib import Path

from ..formats.pieces import Piece
from .opening import ModelSource, open_source

_NORMALIZER = Path("image_normalizer") / "diffusion_pytorch_model.safetensors"


def read_statistics(source: ModelSource) -> tuple[tuple[float, ...], tuple[float, ...]] | None:
    """Mean and spread of embeddings that an unCLIP model was trained with; None if nobody says.

    Args:
        source: Its checkpoint, or the UNet's file of a diffusers folder.
    """
    home, names = source, ("noise_augmentor.data_mean", "noise_augmentor.data_std")
    if names[0] not in source.shapes:
        root = source.path if source.path.is_dir() else source.path.parent
        beside = root.parent / _NORMALIZER
        if not beside.is_file():
            return None
        home, names = open_source(beside), ("mean", "std")
    found = []
    for name in names:
        tensor = home.tensor({name: (Piece(name),)}, name)
        if tensor is None:
            return None
        found.append(tuple(float(value) for value in tensor.flatten()))
    return found[0], found[1]
