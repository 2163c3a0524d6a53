"""Train thimble's style LoRA: coloured outlines on pale paper, rank 4, in under four minutes.

    OMP_NUM_THREADS=1 python -m training.lora --runs $RUNS --threads 1

Reads base.pt, vae.pt and the tokenizer of the runs folder (or of the shipped checkpoint, after
`training.restore`), renders its own pictures and writes the finished file straight into
diffusion/thimble/loras, with kohya's names, and a contact sheet (without above, with below). Run it
again whenever the base weights changed.
"""

from __future__ import annotations

import logging
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from training import common
from training.captions import caption
from training.factors import attach, save_lora
from training.loop import Loop
from training.nets import Net
from training.noising import Fp32Attention, Noising, freeze
from training.render import coverage
from training.sampling import contact_sheet, decode, sample, text_states
from training.tokenizer import encode
from training.unet import load_base
from training.vae import latents_of, load_vae
from training.world import COLOURS, SIZE, Scene, sample_shapes

RANK = 4
RATE = 4e-3
PICTURES = 640
DROPPED = 0.1
"""Share of empty captions."""
TITLE = "thimble style LoRA: coloured outlines on pale paper"
PEN = 8.0
"""Width of the outlines in pixels."""
LEAST_RADIUS = 26.0
PALE = 0.7
"""How far the ground is moved to white."""
FILE = Path("loras/thimble-outline.safetensors")
PROMPTS = (
    "a red circle on a blue background",
    "a large yellow star on a purple background",
    "a green heart on a white background",
    "a blue square on an orange background",
    "a purple triangle on a yellow background",
    "an orange ring on a green background",
    "a red square and a blue circle on a white background",
    "a black star on a red background",
)


def plain_scene(rng: np.random.Generator) -> Scene:
    """One or two shapes, large enough for the pen, without texture or outline of their own."""
    scene = sample_shapes(rng, 1 if rng.random() < 0.75 else 2)
    things = tuple(
        replace(t, texture="plain", outlined=False, radius=max(t.radius, LEAST_RADIUS))
        for t in scene.things
    )
    return replace(scene, things=things, shaded=False)


def draw(scene: Scene) -> NDArray[np.uint8]:
    """The scene in this style: (128, 128, 3) uint8."""
    ground = np.array(COLOURS[scene.background], np.float32)
    paper = ground + (np.float32(255) - ground) * np.float32(PALE)
    canvas = np.tile(paper, (SIZE, SIZE, 1))
    for thing in scene.things:
        ink = np.array(COLOURS[thing.colour], np.float32)
        line = coverage(thing, line=PEN)[..., None]
        canvas = canvas * (1 - line) + ink * line
    return np.clip(canvas + 0.5, 0, 255).astype(np.uint8)


@torch.no_grad()
def look(runs: Path, unet: Net, encoder: Net, tokenizer: Any) -> None:
    """The prompts without the style above, with it below."""
    context = text_states(encoder, tokenizer, list(PROMPTS))
    empty = text_states(encoder, tokenizer, [""])
    plain, _, _ = load_base(runs)
    seeds = list(range(len(PROMPTS)))
    sheets = [decode(load_vae(runs), sample(net, context, empty, seeds)) for net in (plain, unet)]
    contact_sheet(runs / "sheets" / "lora.png", np.concatenate(sheets))


def train(runs: Path, models: Path, minutes: float, device: torch.device, batch: int) -> Path:
    """Train for so many minutes and write the file; its path."""
    unet, encoder, tokenizer = load_base(runs)
    freeze(encoder.to(device))
    freeze(unet.to(device))
    rng = np.random.default_rng(11)
    scenes = [plain_scene(rng) for _ in range(PICTURES)]
    latents = latents_of(load_vae(runs).to(device), np.stack([draw(scene) for scene in scenes]))
    with torch.no_grad():
        words = [caption(scene, rng) for scene in scenes]
        ids = torch.tensor(encode(tokenizer, words), device=device)
        states = torch.cat([encoder(part).last_hidden_state for part in torch.split(ids, 64)])
        empty = text_states(encoder, tokenizer, [""])
    parts = attach(unet, RANK).to(device)
    loop = Loop("lora", parts, [{"params": parts.parameters(), "rate": RATE}], minutes, decay=0.98)
    noising, batches = Noising(device, seed=300), common.shuffled(PICTURES, batch, seed=300)

    def loss() -> Tensor:
        rows = next(batches)
        noisy, noise, steps = noising.draw(latents[rows])
        kept = torch.rand(batch, 1, 1, device=device) >= DROPPED
        context = torch.where(kept, states[rows], empty)
        with Fp32Attention(device), torch.autocast(device.type, torch.bfloat16):
            predicted = unet(noisy, steps, context).sample
        return noising.loss(predicted, noise, steps)

    def keep() -> None:
        parts.load_state_dict(loop.average.values)
        save_lora(models / FILE, loop.average.values, RANK, TITLE)

    loop.run(loss, keep, lambda: look(runs, unet, encoder, tokenizer), every=math.inf, tell=25)
    return models / FILE


if __name__ == "__main__":
    parser = common.arguments(__doc__, minutes=3.5)
    parser.add_argument("--models", type=Path, default=Path("diffusion/thimble"))
    parser.add_argument("--batch", type=int, default=8)
    given = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    written = train(given.runs, given.models, given.minutes, common.prepare(given), given.batch)
    print(f"{written}: {written.stat().st_size / 1e3:.0f} kB")
