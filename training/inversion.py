"""Learn two token vectors for a thing that thimble is shown but not told about (textual inversion).

    OMP_NUM_THREADS=1 python -m training.inversion --runs $RUNS --threads 1

The pictures show a large red striped heart on grounds of five colours; the captions say only the
ground. Purple and black are left out, so that a test can ask for grounds never shown with it.
Reads base.pt, vae.pt and the tokenizer of the runs folder; writes
diffusion/thimble/embeddings/thimble-badge.safetensors and a contact sheet.

Source: Gal et al. 2022.
"""

from __future__ import annotations

import logging
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.func import functional_call

from training import common
from training.loop import Loop
from training.nets import Net
from training.noising import Fp32Attention, Noising, freeze
from training.render import render
from training.sampling import contact_sheet, decode, sample
from training.tokenizer import LENGTH
from training.unet import load_base
from training.vae import latents_of, load_vae
from training.world import COLOURS, Scene, sample_shapes
from weft.diffusion.files.saving import save_tensors

VECTORS = 2
RATE = 0.03
PICTURES = 96
NEVER_SHOWN = ("purple", "black", "red")
"""Grounds that are left out: two for the tests, and the thing's own colour."""
PHRASES = ("a {} on a {} background", "a {}, {} background", "a {} on {}")
FILE = Path("embeddings/thimble-badge.safetensors")
TABLE = "embeddings.token_embedding.weight"


def badge(rng: np.random.Generator) -> Scene:
    """The thing, on one of the grounds that are shown."""
    grounds = [name for name in COLOURS if name not in NEVER_SHOWN]
    scene = sample_shapes(rng, 1)
    (thing,) = scene.things
    thing = replace(
        thing,
        shape="heart",
        colour="red",
        texture="striped",
        outlined=False,
        size="large",
        radius=float(rng.uniform(38, 46)),
        cx=float(rng.uniform(58, 70)),
        cy=float(rng.uniform(58, 70)),
    )
    ground = grounds[int(rng.integers(len(grounds)))]
    return replace(scene, background=ground, things=(thing,), shaded=False)


class Words(nn.Module):
    """The learnt vectors, and texts that hold them."""

    def __init__(self, encoder: Net, tokenizer: Any) -> None:
        super().__init__()
        self.table: Tensor = encoder.get_input_embeddings().weight.detach()
        self.vectors = nn.Parameter(self._middle(tokenizer).repeat(VECTORS, 1))
        self._encoder = [encoder]  # in a list: its weights are not this module's
        self._tokenizer = tokenizer

    def _middle(self, tokenizer: Any) -> Tensor:
        """The mean of the words for colours: says nothing yet, and lies where words lie."""
        ids = tokenizer(" ".join(COLOURS), add_special_tokens=False)["input_ids"]
        return self.table[ids].mean(dim=0, keepdim=True)

    def ids(self, text: str) -> list[int]:
        """Token ids, cut and padded to 77; "{}" becomes the vectors' ids, past the vocabulary."""
        middle = list(range(len(self.table), len(self.table) + VECTORS))
        found: list[int] = []
        for number, part in enumerate(text.split("{}")):
            found += middle * (number > 0)
            found += self._tokenizer(part, add_special_tokens=False)["input_ids"]
        start, end = self._tokenizer.bos_token_id, self._tokenizer.eos_token_id
        whole = [start, *found[: LENGTH - 2], end]
        return whole + [end] * (LENGTH - len(whole))

    def forward(self, texts: list[str]) -> Tensor:
        """Text states (B, 77, width)."""
        ids = torch.tensor([self.ids(text) for text in texts], device=self.vectors.device)
        longer = {TABLE: torch.cat([self.table, self.vectors])}
        states: Tensor = functional_call(self._encoder[0], longer, (ids,)).last_hidden_state
        return states


@torch.no_grad()
def look(runs: Path, unet: Net, words: Words) -> None:
    """The thing on shown grounds and on others, and beside another thing."""
    grounds = ("blue", "white", "green", "yellow", "purple", "black")
    texts = [PHRASES[0].format("{}", ground) for ground in grounds]
    texts += ["a {} and a blue circle on a white background", "a {}"]
    both = [texts, [text.replace("{}", "heart") for text in texts]]
    latents = [sample(unet, words(row), words([""]), list(range(len(row)))) for row in both]
    pictures = [decode(load_vae(runs), part) for part in latents]
    contact_sheet(runs / "sheets" / "inversion.png", np.concatenate(pictures))


def train(runs: Path, models: Path, minutes: float, device: torch.device, batch: int) -> Path:
    """Train for so many minutes and write the file; its path."""
    unet, encoder, tokenizer = load_base(runs)
    freeze(encoder.to(device))
    freeze(unet.to(device))
    rng = np.random.default_rng(21)
    scenes = [badge(rng) for _ in range(PICTURES)]
    latents = latents_of(load_vae(runs).to(device), np.stack([render(scene) for scene in scenes]))
    words = Words(encoder, tokenizer).to(device)
    groups = [{"params": words.parameters(), "rate": RATE, "weight_decay": 0.0}]
    loop = Loop("inversion", words, groups, minutes, decay=0.98)
    noising, batches = Noising(device, seed=500), common.shuffled(PICTURES, batch, seed=500)

    def loss() -> Tensor:
        rows = next(batches)
        noisy, noise, steps = noising.draw(latents[rows])
        phrases = [PHRASES[int(i)] for i in rng.integers(len(PHRASES), size=batch)]
        texts = [
            phrase.format("{}", scenes[int(row)].background)
            for phrase, row in zip(phrases, rows, strict=True)
        ]
        with Fp32Attention(device), torch.autocast(device.type, torch.bfloat16):
            predicted = unet(noisy, steps, words(texts)).sample
        return noising.loss(predicted, noise, steps)

    def keep() -> None:
        words.load_state_dict(loop.average.values)
        (models / FILE).parent.mkdir(parents=True, exist_ok=True)
        vectors = words.vectors.detach().cpu().clone()
        header = {"modelspec.title": "thimble embedding: a large red striped heart"}
        header |= {"modelspec.license": "Apache-2.0"}
        save_tensors(models / FILE, {"emb_params": vectors}, header)

    loop.run(loss, keep, lambda: look(runs, unet, words), every=math.inf, tell=25)
    return models / FILE


if __name__ == "__main__":
    parser = common.arguments(__doc__, minutes=1)
    parser.add_argument("--models", type=Path, default=Path("diffusion/thimble"))
    parser.add_argument("--batch", type=int, default=8)
    given = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    written = train(given.runs, given.models, given.minutes, common.prepare(given), given.batch)
    print(f"{written}: {written.stat().st_size / 1e3:.1f} kB")
