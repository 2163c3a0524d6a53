"""What thimble's LCM-LoRA means: sharp pictures of what the prompt says, in few steps.

Judged by `benchmarks._thimble_judge` over fixed prompts and seeds: what is counted depends on the
kernels of the machine in a picture or two, so the bounds leave room.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch

import weft.diffusion as wd
from benchmarks._thimble_judge import judge
from benchmarks._thimble_prompts import fixed_prompts
from benchmarks.thimble import contrast
from weft.diffusion.patches.lora.apply import apply_lora, fit_lora
from weft.diffusion.patches.lora.file import load_lora
from weft.nodes.standard.folders import THIMBLE

FAST = THIMBLE / "loras" / "thimble-lcm.safetensors"
PROMPTS = fixed_prompts(20)


@dataclass(frozen=True)
class Score:
    """Of 20 pictures: how many show what was asked for, and how hard their contours are."""

    grounds: int
    colours: int
    right: int
    contrast: float


@pytest.fixture(scope="module")
def scores() -> dict[tuple[int, bool], Score]:
    """(steps, with the LoRA) -> score; the lcm sampler without guidance."""
    model, clip, vae = wd.load_checkpoint(THIMBLE / "checkpoints" / "thimble.safetensors")
    fast, _ = apply_lora(model, None, load_lora(FAST), 1.0)
    found = {}
    for steps, distilled in ((2, True), (2, False), (4, True), (4, False)):
        verdicts, hard = [], []
        for prompt in PROMPTS:
            text = wd.encode_text(clip, prompt.text)
            latent = wd.sample(
                fast if distilled else model, text, text, wd.empty_latent(128, 128),
                seed=prompt.seed, steps=steps, cfg=1.0,
                sampler_name="lcm", scheduler="sgm_uniform",
            )  # fmt: skip
            pixels = (wd.decode_latent(vae, latent)[0] * 255).round().to(torch.uint8).numpy()
            verdicts.append(judge(pixels, prompt.scene))
            hard.append(contrast(pixels))
        found[steps, distilled] = Score(
            sum(v.background for v in verdicts),
            sum(v.colours for v in verdicts),
            sum(v.bound for v in verdicts),
            float(np.mean(hard)),
        )
    return found


@pytest.mark.slow
def test_two_steps_show_what_the_prompt_says_more_often_than_without(
    scores: dict[tuple[int, bool], Score],
) -> None:
    fast, plain = scores[2, True], scores[2, False]
    assert fast.grounds >= 19
    assert fast.right >= plain.right + 3


@pytest.mark.slow
def test_four_steps_are_right_and_their_contours_hard(
    scores: dict[tuple[int, bool], Score],
) -> None:
    fast, plain = scores[4, True], scores[4, False]
    assert fast.grounds >= 19 and fast.colours >= 17 and fast.right >= 13
    assert fast.contrast > 1.25 * plain.contrast


def test_file_is_small_and_every_layer_of_it_is_used() -> None:
    model, clip, _ = wd.load_checkpoint(THIMBLE / "checkpoints" / "thimble.safetensors")
    assert fit_lora(model, clip, load_lora(FAST)).unused == ()
    assert Path(FAST).stat().st_size < 2_000_000
