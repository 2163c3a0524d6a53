"""Reference control images: what each preprocessor made when it was added and looked at.

python -m tests.diffusion.preprocess.reference     write those that are missing; look at them
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import skimage.data
import torch
from PIL import Image

from weft.diffusion.preprocess.table import PREPROCESSORS

FOLDER = Path(__file__).parent / "references"


def source_image() -> torch.Tensor:
    """The image that references are made of, (1, 192, 256, 3) float32."""
    photo = skimage.data.astronaut()[:384:2, ::2]
    return torch.from_numpy(photo.copy()).to(torch.float32)[None] / 255


def read(name: str) -> torch.Tensor:
    """The reference of a preprocessor, (1, H, W, 3) float32."""
    with Image.open(FOLDER / f"{name}.png") as file:
        pixels = np.asarray(file.convert("RGB"))
    return torch.from_numpy(pixels.copy()).to(torch.float32)[None] / 255


def write_missing() -> None:
    """Make the references of preprocessors that have none."""
    for each in PREPROCESSORS:
        path = FOLDER / f"{each.name}.png"
        if not path.exists():
            pixels = (each.function(source_image())[0] * 255).round().to(torch.uint8)
            Image.fromarray(pixels.numpy()).save(path, optimize=True)


if __name__ == "__main__":
    write_missing()
