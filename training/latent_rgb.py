"""Fit the linear map from thimble's latents to colours that previews use.

    python -m training.latent_rgb [--count N]

Renders pictures that training never saw, encodes them with thimble's VAE, and solves by least
squares for factors and bias such that each latent cell gives the mean colour of its 8 x 8 pixels.
Writes thimble.latent_rgb.json beside the checkpoint and prints how much of the colour is explained.
"""

from __future__ import annotations

import argparse
import json

import numpy as np
import torch

import weft.diffusion as wd
from training.dataset import make
from weft.nodes.standard.folders import THIMBLE

SEED = 9_000_001


def fit(count: int) -> None:
    """Fit on `count` pictures, test on a quarter as many others, write the file."""
    checkpoint = THIMBLE / "checkpoints" / "thimble.safetensors"
    vae = wd.load_checkpoint(checkpoint)[2]
    scale = 0.18215
    pixels = torch.from_numpy(np.stack([make(SEED, i)[0] for i in range(count + count // 4)]))
    image = pixels.float() / 255
    latents = torch.cat(
        [wd.encode_image(vae, part).samples * scale for part in torch.split(image, 32)]
    )
    cells = torch.nn.functional.avg_pool2d(image.movedim(-1, 1), 8).movedim(1, -1) * 2 - 1
    known = latents.movedim(1, -1)
    x = torch.cat([known, torch.ones_like(known[..., :1])], dim=-1)
    solved = torch.linalg.lstsq(x[:count].reshape(-1, 5).double(), _flat(cells[:count])).solution
    rest = _flat(cells[count:]) - x[count:].reshape(-1, 5).double() @ solved
    share = 1 - rest.var(0) / _flat(cells[count:]).var(0)
    rows = [[round(float(v), 4) for v in row] for row in solved]
    target = checkpoint.with_suffix(".latent_rgb.json")
    target.write_text(json.dumps({"factors": rows[:4], "bias": rows[4]}, indent=1) + "\n")
    print("explained of red, green, blue:", ", ".join(f"{float(s):.3f}" for s in share))


def _flat(cells: torch.Tensor) -> torch.Tensor:
    return cells.reshape(-1, 3).double()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=400)
    fit(parser.parse_args().count)
