"""Distil thimble into an LCM-LoRA: four steps without guidance in place of twenty with it.

    OMP_NUM_THREADS=1 python -m training.lcm --runs $RUNS --threads 1

Latent consistency distillation. The teacher is the frozen UNet with guidance, one DDIM step of 40
training steps; the student, the same UNet with LoRA factors, learns to say at the step's beginning
what its own average says at the step's end. Reads base.pt, vae.pt, latents.pt and the tokenizer of
the runs folder, writes diffusion/thimble/loras/thimble-lcm.safetensors and contact sheets: the base
in as few steps above, the student below.

Source: Luo et al. 2023, "Latent Consistency Models" and "LCM-LoRA".
"""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from training import common
from training.factors import attach, save_lora, switch
from training.latents import load_latents
from training.loop import Loop
from training.nets import Net, alphas_cumprod
from training.noising import OFFSET, Fp32Attention, freeze
from training.sampling import contact_sheet, decode, sample_lcm, text_states
from training.unet import PROMPTS, load_base, pick_tokens
from training.vae import load_vae

RANK = 10
RATE = 1e-3
STRIDE = 40
"""Training steps that one step of the teacher skips."""
GUIDANCE = (2.0, 3.0)
"""The teacher's guidance is drawn from this range. Narrow: the student is not told the value. Low:
at 4 to 5 the student took over the teacher's grain and dots as well as its contours."""
DATA = 0.5
"""Deviation that the boundary condition assumes, and the factor of its time. Source: Luo et al."""
TIME_SCALE = 10.0
HUBER = 0.001
DECAY = 0.95
FILE = Path("loras/thimble-lcm.safetensors")


class Ladder:
    """The noise levels that consistency is learnt on: step 0, then every `STRIDE`-th up to 999."""

    def __init__(self, device: torch.device, seed: int) -> None:
        power = alphas_cumprod()
        self.steps = torch.tensor([0, *range(STRIDE - 1, len(power), STRIDE)], device=device)
        self.signal = power.to(device)[self.steps].sqrt()
        self.noise = (1 - power.to(device)[self.steps]).sqrt()
        self.generator = torch.Generator(device).manual_seed(seed)

    def draw(self, latents: Tensor) -> tuple[Tensor, Tensor]:
        """Noisy latents and their rungs (B,), 1 to 25, spread over the batch.

        On the highest rung a run begins with pure noise; so it does here, or the student would read
        the ground's colour from what shows through.
        """
        count, device = len(latents), latents.device
        highest = len(self.steps) - 1
        where = torch.arange(count, device=device)
        evenly = (where + torch.rand(count, generator=self.generator, device=device)) / count
        rungs = 1 + (evenly * (highest + 2)).long().clamp(max=highest - 1)
        noise = torch.randn(latents.shape, generator=self.generator, device=device)
        flat = torch.randn((*latents.shape[:2], 1, 1), generator=self.generator, device=device)
        at = self.at
        mixed = at(self.signal, rungs) * latents + at(self.noise, rungs) * (noise + OFFSET * flat)
        return torch.where((rungs == highest).view(-1, 1, 1, 1), noise, mixed), rungs

    @staticmethod
    def at(values: Tensor, rungs: Tensor) -> Tensor:
        """Values of some rungs, ready to multiply latents with."""
        return values[rungs].view(-1, 1, 1, 1)

    def clean(self, x: Tensor, noise: Tensor, rungs: Tensor) -> Tensor:
        """The picture that a predicted noise means."""
        return (x - self.at(self.noise, rungs) * noise) / self.at(self.signal, rungs)

    def consistent(self, x: Tensor, noise: Tensor, rungs: Tensor) -> Tensor:
        """The same with the skip that makes step 0 answer with its input."""
        time = self.at(self.steps, rungs) * TIME_SCALE
        skip = DATA**2 / (time**2 + DATA**2)
        out = time / (time**2 + DATA**2).sqrt()
        return skip * x + out * self.clean(x, noise, rungs)

    def down(self, x: Tensor, noise: Tensor, rungs: Tensor) -> Tensor:
        """One DDIM step to the next lower rung."""
        lower = rungs - 1
        picture = self.clean(x, noise, rungs)
        return self.at(self.signal, lower) * picture + self.at(self.noise, lower) * noise


def pseudo_huber(difference: Tensor) -> Tensor:
    """Nearly the absolute value, smooth at 0; mean over everything."""
    return (difference.square() + HUBER**2).sqrt().mean() - HUBER


@torch.no_grad()
def look(path: Path, runs: Path, unet: Net, context: Tensor) -> None:
    """The base in four steps without guidance above, with the factors below."""
    seeds = list(range(len(context)))
    plain, _, _ = load_base(runs)
    sheets = [decode(load_vae(runs), sample_lcm(net, context, seeds)) for net in (plain, unet)]
    contact_sheet(path, np.concatenate(sheets))


def train(
    runs: Path, models: Path, minutes: float, device: torch.device, resume: bool, batch: int
) -> Path:
    """Train for so many minutes and write the file; its path."""
    data = load_latents(runs)
    moments, tokens = data["moments"], data["tokens"]
    unet, encoder, tokenizer = load_base(runs)
    freeze(encoder.to(device))
    freeze(unet.to(device))
    student = attach(unet, RANK, times=True).to(device)
    target = attach(unet, RANK, times=True).to(device).requires_grad_(False)
    groups = [{"params": student.parameters(), "rate": RATE, "weight_decay": 0.0}]
    state = runs / "lcm-state.pt"
    loop = Loop("lcm", student, groups, minutes, decay=DECAY, state=state, resume=resume)
    ladder = Ladder(device, seed=400 + loop.step)
    batches = common.shuffled(len(moments), batch, seed=400 + loop.step)
    empty = text_states(encoder, tokenizer, [""])
    shown = text_states(encoder, tokenizer, list(PROMPTS))
    written = models / FILE

    def use(*, own: bool, averaged: bool) -> None:
        switch(student.values(), own)
        switch(target.values(), averaged)

    @torch.no_grad()
    def goal(x: Tensor, rungs: Tensor, context: Tensor) -> Tensor:
        use(own=False, averaged=False)
        both = torch.cat([empty.expand_as(context), context])
        doubled, steps = torch.cat([x, x]), ladder.steps[rungs].repeat(2)
        without, given = unet(doubled, steps, both).sample.float().chunk(2)
        low, high = GUIDANCE
        guidance = low + (high - low) * torch.rand(len(x), 1, 1, 1, device=device)
        lower = ladder.down(x, without + guidance * (given - without), rungs)
        use(own=False, averaged=True)
        noise = unet(lower, ladder.steps[rungs - 1], context).sample.float()
        return ladder.consistent(lower, noise, rungs - 1)

    def loss() -> Tensor:
        target.load_state_dict(loop.average.values)
        rows = next(batches)
        x, rungs = ladder.draw(moments[rows].to(device).float())
        with Fp32Attention(device), torch.autocast(device.type, torch.bfloat16):
            with torch.no_grad():
                context = encoder(pick_tokens(tokens[rows], 0.0).to(device)).last_hidden_state
            wanted = goal(x, rungs, context.float())
            use(own=True, averaged=False)
            noise = unet(x, ladder.steps[rungs], context).sample
        return pseudo_huber(ladder.consistent(x, noise.float(), rungs) - wanted)

    def keep() -> None:
        title = "thimble LCM-LoRA: four steps without guidance"
        save_lora(written, loop.average.values, RANK, title)

    def draw() -> None:
        target.load_state_dict(loop.average.values)
        use(own=False, averaged=True)
        look(runs / "sheets" / f"lcm-{loop.step:06d}.png", runs, unet, shown)

    loop.run(loss, keep, draw, every=240, tell=100)
    return written


if __name__ == "__main__":
    parser = common.arguments(__doc__, minutes=14)
    parser.add_argument("--models", type=Path, default=Path("diffusion/thimble"))
    parser.add_argument("--batch", type=int, default=16)
    given = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    device = common.prepare(given)
    path = train(given.runs, given.models, given.minutes, device, given.resume, given.batch)
    print(f"{path}: {path.stat().st_size / 1e3:.0f} kB")
