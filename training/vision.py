"""Train the image encoder (a small CLIP ViT) whose embedding the IP-Adapter reads.

The embedding must tell colours, shapes and places, so heads that are thrown away afterwards have to
read from it: the colour of the ground, which coloured shapes are there, and a 4x4 px thumbnail.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional
from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

from training import common
from training.dataset import load as load_data
from training.nets import Net
from training.noising import Fp32Attention
from training.world import COLOURS, SHAPES

log = logging.getLogger("vision")
SIDE, WIDTH = 64, 128
MEAN = (0.48145466, 0.4578275, 0.40821073)
DEVIATION = (0.26862954, 0.26130258, 0.27577711)
THUMBNAIL = 4
RATE = 1e-3


def config() -> CLIPVisionConfig:
    """64 px pictures in 8 px patches."""
    return CLIPVisionConfig(
        hidden_size=WIDTH,
        intermediate_size=4 * WIDTH,
        projection_dim=WIDTH,
        num_hidden_layers=3,
        num_attention_heads=2,
        image_size=SIDE,
        patch_size=8,
        hidden_act="quick_gelu",
    )


def prepare_pixels(pixels: NDArray[np.uint8]) -> Tensor:
    """(B, 128, 128, 3) uint8 to CLIP-normalised (B, 3, 64, 64)."""
    images = torch.from_numpy(np.array(pixels)).permute(0, 3, 1, 2).float() / 255
    small = functional.interpolate(
        images, (SIDE, SIDE), mode="bicubic", antialias=True, align_corners=False
    )
    mean, deviation = torch.tensor(MEAN).view(3, 1, 1), torch.tensor(DEVIATION).view(3, 1, 1)
    return (small.clamp(0, 1) - mean) / deviation


def targets(record: dict[str, Any]) -> tuple[int, list[int]]:
    """Number of the ground's colour (-100: none) and of each coloured shape in a scene record."""
    names = list(COLOURS)
    ground = names.index(record["background"]) if record["background"] else -100
    pairs = [
        names.index(thing["colour"]) * len(SHAPES) + SHAPES.index(thing["shape"])
        for thing in record["things"]
    ]
    if record["ink"]:
        pairs.append(len(names) * len(SHAPES) + names.index(record["ink"]))
    return ground, pairs


class Heads(nn.Module):
    """What the embedding is asked during training."""

    def __init__(self) -> None:
        super().__init__()
        self.ground = nn.Linear(WIDTH, len(COLOURS))
        self.pairs = nn.Linear(WIDTH, len(COLOURS) * (len(SHAPES) + 1))
        self.thumbnail = nn.Linear(WIDTH, 3 * THUMBNAIL**2)


def load_vision(runs: Path) -> Net:
    """The trained encoder, in eval mode."""
    model: Net = CLIPVisionModelWithProjection(config())
    model.load_state_dict(common.load(runs / "vision.pt")["model"])
    return model.eval()


def train(runs: Path, minutes: float, device: torch.device, batch: int) -> None:
    """Train and write vision.pt into `runs`."""
    images, records = load_data(runs / "data")
    answers = [targets(record) for record in records]
    grounds = torch.tensor([ground for ground, _ in answers])
    there = torch.zeros(len(records), len(COLOURS) * (len(SHAPES) + 1))
    for row, (_, pairs) in enumerate(answers):
        there[row, pairs] = 1
    network: Net = CLIPVisionModelWithProjection(config())
    model = network.to(device)
    heads = Heads().to(device)
    both = nn.ModuleList([model, heads])
    optimiser = torch.optim.AdamW(both.parameters(), lr=RATE, weight_decay=0.02)
    average = common.Average(model, 0.995)
    clock, step = common.Clock(minutes, warm_up=0.05), 0
    batches = common.shuffled(len(images), batch, seed=5)
    while clock.progress < 1:
        for group in optimiser.param_groups:
            group["lr"] = RATE * clock.factor()
        rows = np.sort(next(batches).numpy())
        pixels = prepare_pixels(images[rows]).to(device)
        with Fp32Attention(device), torch.autocast(device.type, torch.bfloat16):
            embedding = model(pixels).image_embeds
        embedding = embedding.float()
        small = functional.adaptive_avg_pool2d(pixels, THUMBNAIL).flatten(1)
        ground = functional.cross_entropy(heads.ground(embedding), grounds[rows].to(device))
        present = functional.binary_cross_entropy_with_logits(
            heads.pairs(embedding), there[rows].to(device)
        )
        thumbnail = functional.mse_loss(heads.thumbnail(embedding), small)
        size = (embedding.square().mean() - 1).square()  # keep the embedding near unit deviation
        loss = ground + 10 * present + thumbnail + 0.1 * size
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(both.parameters(), 1.0)
        optimiser.step()
        average.update(model)
        step += 1
        if step % 50 == 0:
            parts = [float(part.detach()) for part in (ground, present, thumbnail)]
            log.info("step %d  ground %.3f  pairs %.4f  thumbnail %.3f", step, *parts)
    common.save(runs / "vision.pt", {"model": average.values, "step": step})


if __name__ == "__main__":
    parser = common.arguments(__doc__, minutes=6)
    parser.add_argument("--batch", type=int, default=64)
    given = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    train(given.runs, given.minutes, common.prepare(given), given.batch)
