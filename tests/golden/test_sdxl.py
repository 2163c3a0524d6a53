"""SDXL, its refiner and Playground against diffusers: same weights, noise and sigmas."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

import weft.diffusion as wd

from .. import families
from .pipelines import ABSOLUTE, euler_scheduler, schedule_for, seeded_noise

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

STEPS, CFG, SEED, SIDE = 4, 5.0, 3, 64
SCALE = 0.13025


class Opened:
    """A tiny model on both sides, with its prompts."""

    def __init__(self, made: families.Made) -> None:
        self.made = made
        self.model, self.clip, self.vae = wd.load_checkpoint(made.path)
        self.positive = wd.encode_text(self.clip, "a red circle")
        self.negative = wd.encode_text(self.clip, "blue square")

    def ours(self, latent: wd.Latent, **more: Any) -> torch.Tensor:
        options = {"sampler_name": "euler", "scheduler": "simple", "steps": STEPS} | more
        positive = options.pop("positive", self.positive)
        negative = options.pop("negative", self.negative)
        done = wd.sample(self.model, positive, negative, latent, seed=SEED, cfg=CFG, **options)
        return done.samples * SCALE

    def prompts(self) -> dict[str, Any]:
        positive, negative = self.positive.entries[0], self.negative.entries[0]
        return {
            "prompt_embeds": positive.tokens,
            "negative_prompt_embeds": negative.tokens,
            "pooled_prompt_embeds": positive.pooled,
            "negative_pooled_prompt_embeds": negative.pooled,
        }

    def pipe(self, kind: str, scheduler: Any = None, **more: Any) -> Any:
        import diffusers

        made = self.made
        first = made.encoders[0] if len(made.encoders) == 2 else None
        pipe = getattr(diffusers, kind)(
            vae=made.vae,
            text_encoder=first,
            text_encoder_2=made.encoders[-1],
            tokenizer=None,
            tokenizer_2=None,
            unet=made.network,
            scheduler=scheduler or euler_scheduler(),
            add_watermarker=False,
            **more,
        )
        pipe.set_progress_bar_config(disable=True)
        return pipe


@pytest.fixture(scope="module")
def sdxl(folder: Path) -> Opened:
    return Opened(families.tiny_sdxl(folder / "sdxl.safetensors"))


@pytest.fixture(scope="module")
def refiner(folder: Path) -> Opened:
    return Opened(families.tiny_refiner(folder / "refiner.safetensors"))


def test_sdxl_is_told_by_its_tensors(sdxl: Opened, refiner: Opened) -> None:
    assert (sdxl.model.family, sdxl.vae.family) == ("sdxl", "sdxl")
    assert [w.extras["role"] for w in sdxl.clip.encoders] == ["CLIP-L", "CLIP-G"]
    assert refiner.model.family == "sdxl_refiner"


def test_sdxl_txt2img_matches_diffusers(sdxl: Opened) -> None:
    pipe = sdxl.pipe("StableDiffusionXLPipeline")
    expected = pipe(
        **sdxl.prompts(),
        **schedule_for("euler", STEPS),
        guidance_scale=CFG,
        height=SIDE,
        width=SIDE,
        latents=seeded_noise(SEED, 1, 4, 8, 8),
        output_type="latent",
    ).images
    got = sdxl.ours(wd.empty_latent(SIDE, SIDE))
    assert float((got - expected).abs().max()) < ABSOLUTE


def test_sdxl_sizes_reach_the_network_as_in_diffusers(sdxl: Opened) -> None:
    from dataclasses import replace

    size = wd.SizeHint(100, 120, crop_x=8, crop_y=4, target_width=72, target_height=80)
    positive = wd.Conditioning((replace(sdxl.positive.entries[0], size=size),))
    negative = wd.Conditioning((replace(sdxl.negative.entries[0], size=size),))
    pipe = sdxl.pipe("StableDiffusionXLPipeline")
    expected = pipe(
        **sdxl.prompts(),
        **schedule_for("euler", STEPS),
        guidance_scale=CFG,
        height=SIDE,
        width=SIDE,
        original_size=(120, 100),
        crops_coords_top_left=(4, 8),
        target_size=(80, 72),
        latents=seeded_noise(SEED, 1, 4, 8, 8),
        output_type="latent",
    ).images
    got = sdxl.ours(wd.empty_latent(SIDE, SIDE), positive=positive, negative=negative)
    plain = sdxl.ours(wd.empty_latent(SIDE, SIDE))
    assert float((got - expected).abs().max()) < ABSOLUTE
    assert float((plain - expected).abs().max()) > 10 * ABSOLUTE


def test_sdxl_text_matches_transformers(sdxl: Opened) -> None:
    # ids of tests.models.WORDS: "a red circle" = 3 4 7; the second encoder is padded with 0
    small, large = sdxl.made.encoders
    with torch.no_grad():
        first = small(input_ids=torch.tensor([[0, 3, 4, 7] + [1] * 73]), output_hidden_states=True)
        second = large(
            input_ids=torch.tensor([[0, 3, 4, 7, 1] + [0] * 72]), output_hidden_states=True
        )
    expected = torch.cat([first.hidden_states[-2], second.hidden_states[-2]], dim=-1)
    entry = sdxl.positive.entries[0]
    assert entry.pooled is not None
    assert float((entry.tokens - expected).abs().max()) < 1e-5
    assert float((entry.pooled - second.text_embeds).abs().max()) < 1e-5


def test_sdxl_texts_of_other_length_are_filled_with_empty_chunks(sdxl: Opened) -> None:
    both = wd.encode_texts(sdxl.clip, "a red circle", "red " * 90).entries[0]
    empty = wd.encode_texts(sdxl.clip, "", "").entries[0]
    assert both.tokens.shape == (1, 154, families.L_WIDTH + families.G_WIDTH)
    width = families.L_WIDTH
    assert torch.allclose(both.tokens[:, 77:, :width], empty.tokens[..., :width], atol=1e-6)


def test_sdxl_refiner_img2img_matches_diffusers(refiner: Opened) -> None:
    clean = seeded_noise(9, 1, 4, 8, 8)
    pipe = refiner.pipe("StableDiffusionXLImg2ImgPipeline", requires_aesthetics_score=True)
    expected = pipe(
        **refiner.prompts(),
        **schedule_for("euler", 2 * STEPS),
        image=clean * SCALE,
        strength=0.5,
        guidance_scale=CFG,
        original_size=(SIDE, SIDE),
        generator=torch.Generator().manual_seed(SEED),
        output_type="latent",
    ).images
    got = refiner.ours(wd.Latent(clean, "sdxl"), denoise=0.5)
    assert float((got - expected).abs().max()) < ABSOLUTE
