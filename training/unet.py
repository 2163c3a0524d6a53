"""Train the text encoder and the UNet together on the encoded pictures.

Writes unet-state.pt (to resume) and base.pt (EMA weights of both) into the runs folder every few
minutes, and a contact sheet of fixed prompts beside them.
"""

from __future__ import annotations

import logging
from pathlib import Path

import torch
from torch import nn
from transformers import CLIPTokenizer

from training import common, parallel
from training.latents import load_latents
from training.loop import Loop
from training.nets import Net, new_text_encoder, new_unet
from training.noising import Fp32Attention, Noising
from training.sampling import contact_sheet, decode, sample, text_states
from training.vae import load_vae

RATE = 7e-4
DROPPED = 0.1
"""Share of empty captions, which makes classifier-free guidance possible."""
PROMPTS = (
    "a red circle on a blue background",
    "a large striped green star at the left on a white background",
    "a yellow heart on a purple background",
    "a small black triangle at the top on an orange background",
    "an orange ring on a black background",
    "a white square on a green background",
    "a dotted blue heart on a yellow background",
    "a purple ring",
    "a red square and a yellow circle on a blue background",
    "a green triangle and a purple star on a white background",
    "a black ring at the left and a red heart at the right on a yellow background",
    "a blue circle at the top and a white star at the bottom on a red background",
    "a white heart and an orange square on a black background",
    "a yellow star, a red circle and a white square on a green background",
    "a red and white drawing",
    "a blue drawing on a yellow background",
)


def pick_tokens(tokens: torch.Tensor, dropped: float) -> torch.Tensor:
    """One caption of each picture at random, sometimes the empty one: (B, 77) int64."""
    count, versions = tokens.shape[0], tokens.shape[1] - 1
    which = torch.randint(versions, (count,))
    which[torch.rand(count) < dropped] = versions
    return tokens[torch.arange(count), which].long()


def load_base(runs: Path) -> tuple[Net, Net, CLIPTokenizer]:
    """UNet, text encoder (EMA weights, eval mode) and tokenizer of the last save."""
    tokenizer = CLIPTokenizer.from_pretrained(runs / "tokenizer")
    state = common.load(runs / "base.pt")
    unet, encoder = new_unet(), new_text_encoder(len(tokenizer))
    unet.load_state_dict(state["unet"])
    encoder.load_state_dict(state["text"])
    return unet.eval(), encoder.eval(), tokenizer


def look(runs: Path, step: int) -> None:
    """Sample the fixed prompts, two seeds each, from the last save."""
    unet, encoder, tokenizer = load_base(runs)
    texts = [*PROMPTS, *PROMPTS]
    context = text_states(encoder, tokenizer, texts)
    empty = text_states(encoder, tokenizer, [""])
    latents = sample(unet, context, empty, list(range(len(texts))))
    contact_sheet(runs / "sheets" / f"unet-{step:06d}.png", decode(load_vae(runs), latents))


def train(runs: Path, minutes: float, device: torch.device, resume: bool, batch: int) -> None:
    """Train for so many minutes."""
    data = load_latents(runs)
    moments, tokens = data["moments"], data["tokens"]
    tokenizer = CLIPTokenizer.from_pretrained(runs / "tokenizer")
    model = nn.ModuleDict({"unet": new_unet(), "text": new_text_encoder(len(tokenizer))}).to(device)
    unet, encoder = model["unet"], model["text"]
    decayed = [p for p in model.parameters() if p.ndim > 1]
    plain = [p for p in model.parameters() if p.ndim <= 1]
    groups = [
        {"params": decayed, "rate": RATE, "weight_decay": 0.01},
        {"params": plain, "rate": RATE, "weight_decay": 0.0},
    ]
    loop = Loop("unet", model, groups, minutes, state=runs / "unet-state.pt", resume=resume)
    parallel.start(device)
    own = loop.step * 64 + parallel.rank()
    torch.manual_seed(own)
    noising = Noising(device, seed=own)
    part = slice(parallel.rank(), None, parallel.count())
    batches = common.shuffled(len(moments), batch, seed=loop.step)

    def loss() -> torch.Tensor:
        rows = next(batches)[part]
        noisy, noise, steps = noising.draw(moments[rows].to(device).float())
        ids = pick_tokens(tokens[rows], DROPPED).to(device)
        with Fp32Attention(device), torch.autocast(device.type, torch.bfloat16):
            context = encoder(ids).last_hidden_state
            predicted = unet(noisy, steps, context).sample
        return noising.loss(predicted, noise, steps)

    def keep() -> None:
        common.save(runs / "base.pt", {**loop.averages(), "step": loop.step})

    loop.run(loss, keep, lambda: look(runs, loop.step))


if __name__ == "__main__":
    parser = common.arguments(__doc__, minutes=60)
    parser.add_argument("--batch", type=int, default=32)
    given = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    train(given.runs, given.minutes, common.prepare(given), given.resume, given.batch)
