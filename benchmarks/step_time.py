"""What a sampling step costs beyond the network itself.

    python -m benchmarks.step_time [--rounds N] [--width W] [--side S]

One process, one random UNet of SD1.x shape (narrower, so that a step takes a fraction of a second).
In turn: a bare diffusers call on the batch of two that guidance makes, and one of our Euler steps
(guidance, timestep, scaling, cut and report included). Printed: medians, and the median of the
ratios of neighbours, which a busy machine disturbs least.

Goal: at most 2 % over the bare call.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

import torch

import weft.diffusion as wd
from weft.diffusion.denoising.batched import BatchedDenoiser
from weft.diffusion.sampling.guided import Guided


def build(width: int, folder: Path) -> tuple[wd.Model, Any, int]:
    """A model of ours, diffusers' own UNet over the same tensors, and the text width."""
    from diffusers import AutoencoderKL, UNet2DConditionModel
    from transformers import CLIPTextConfig, CLIPTextModel

    torch.manual_seed(0)
    context = 256
    unet = UNet2DConditionModel(
        block_out_channels=(width, 2 * width, 4 * width, 4 * width),
        cross_attention_dim=context,
        attention_head_dim=8,
    ).eval()
    vae = AutoencoderKL(
        block_out_channels=(32,) * 4,
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
    )
    text = CLIPTextModel(
        CLIPTextConfig(hidden_size=context, num_hidden_layers=1, num_attention_heads=4)
    )
    path = folder / "bench.safetensors"
    wd.save_checkpoint(path, unet.state_dict(), vae.state_dict(), text.state_dict())
    model = wd.load_checkpoint(path)[0]
    return model, unet.requires_grad_(False), context


def measure(width: int, side: int, rounds: int) -> None:
    """Run both in turn and print."""
    with tempfile.TemporaryDirectory() as folder:
        model, unet, context = build(width, Path(folder))
        positive, negative = (
            wd.Conditioning((wd.ConditioningEntry(torch.randn(1, 77, context)),)) for _ in range(2)
        )
        x = torch.randn(1, 4, side, side)
        pair = torch.cat([x, x])
        tokens = torch.cat([positive.entries[0].tokens, negative.entries[0].tokens])
        guided = Guided(BatchedDenoiser(model), positive, negative, 7.0)
        sigmas = [7.0, 6.0]
        rule = wd.SAMPLERS["euler"].run

        def bare() -> None:
            unet(pair, 500, encoder_hidden_states=tokens, return_dict=False)

        def ours() -> None:
            rule(guided, x, sigmas, noise=torch.randn_like, after_step=lambda *_: None)

        with torch.no_grad():
            times = interleave([bare, ours], rounds)
    ratios = [mine / theirs for theirs, mine in zip(*times, strict=True)]
    parameters = sum(p.numel() for p in unet.parameters()) / 1e6
    print(f"UNet {parameters:.0f} M parameters, latent {side}x{side}, {rounds} rounds, "
          f"{torch.get_num_threads()} threads")  # fmt: skip
    print(f"bare UNet call  median {median(times[0]) * 1e3:8.1f} ms")
    print(f"our step        median {median(times[1]) * 1e3:8.1f} ms")
    print(f"ratio           median {median(ratios):8.3f}")
    sampled = min(times[1]) / min(times[0])
    print(f"ratio of bests         {sampled:8.3f}")


def interleave(calls: list[Any], rounds: int) -> list[list[float]]:
    """Seconds of every call in every round; two rounds of warming up are not counted."""
    times: list[list[float]] = [[] for _ in calls]
    for number in range(rounds + 2):
        for call, kept in zip(calls, times, strict=True):
            start = time.perf_counter()
            call()
            if number >= 2:
                kept.append(time.perf_counter() - start)
    return times


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=25)
    parser.add_argument(
        "--width", type=int, default=64, help="channels of the first level (SD: 320)"
    )
    parser.add_argument("--side", type=int, default=32, help="latent side (SD at 512 pixels: 64)")
    options = parser.parse_args()
    measure(options.width, options.side, options.rounds)
