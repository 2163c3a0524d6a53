"""Encode the training pictures and their captions once, so that UNet training reads 8 KB a picture.

Writes latents.pt into the runs folder: `moments` (N, 4, 16, 16) fp16, scaled to unit deviation
(posterior means), and `tokens` (N, captions + 1, 77) int16; the last caption is the empty one.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from training import common
from training.dataset import load as load_data
from training.tokenizer import encode, save_tokenizer
from training.vae import latents_of, load_vae


def encode_pictures(runs: Path, device: torch.device) -> Tensor:
    """Scaled posterior means of all training pictures: (N, 4, 16, 16) fp16."""
    images, _ = load_data(runs / "data")
    vae = load_vae(runs).to(device)
    with torch.autocast(device.type, torch.bfloat16):
        return latents_of(vae, images).half().cpu()


def encode_captions(runs: Path) -> Tensor:
    """Token ids of every caption of every picture, then of the empty text: (N, 5, 77) int16."""
    _, records = load_data(runs / "data")
    tokenizer = save_tokenizer(runs / "tokenizer")
    known: dict[str, int] = {"": 0}
    rows = [
        [known.setdefault(text, len(known)) for text in (*record["captions"], "")]
        for record in records
    ]
    ids = torch.tensor(encode(tokenizer, list(known)), dtype=torch.int16)
    return ids[torch.tensor(rows)]


def load_latents(runs: Path) -> dict[str, Any]:
    """What this module wrote."""
    return common.load(runs / "latents.pt")


if __name__ == "__main__":
    given = common.arguments(__doc__, minutes=0).parse_args()
    device = common.prepare(given)
    pictures = encode_pictures(given.runs, device)
    whole = pictures.float()
    print(f"latents: mean {float(whole.mean()):.3f} deviation {float(whole.std()):.3f}")
    common.save(
        given.runs / "latents.pt",
        {"moments": pictures, "tokens": encode_captions(given.runs)},
    )
