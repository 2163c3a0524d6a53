"""weft against the matching diffusers pipeline: same weights, noise and sigmas, 4 steps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

import weft.diffusion as wd

from .. import models
from .conftest import Pair
from .pipelines import (
    ABSOLUTE,
    build,
    difference,
    prompt_arguments,
    schedule_for,
    seeded_noise,
)

# diffusers 0.42 hands tensors to numpy 2 in the old way.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

STEPS, CFG, SEED, SIDE = 4, 5.0, 3, 64
Prompts = tuple[wd.Conditioning, wd.Conditioning]


def ours(model: wd.Model, prompts: Prompts, latent: wd.Latent, **more: Any) -> wd.Latent:
    options: dict[str, Any] = {"sampler_name": "euler", "steps": STEPS} | more
    return wd.sample(model, *prompts, latent, seed=SEED, cfg=CFG, scheduler="simple", **options)


def theirs(pipe: Any, prompts: Prompts, sampler: str, batch: int = 1, **more: Any) -> torch.Tensor:
    options = {"latents": seeded_noise(SEED, batch, 4, SIDE // 8, SIDE // 8)} | more
    latents: torch.Tensor = pipe(
        **prompt_arguments(*prompts, batch),
        **schedule_for(sampler, options.pop("schedule_steps", STEPS)),
        guidance_scale=CFG,
        height=SIDE,
        width=SIDE,
        output_type="latent",
        **{key: value for key, value in options.items() if value is not None},
    ).images
    return latents


@pytest.mark.parametrize("sampler", ["euler", "dpmpp_2m"])
def test_txt2img_of_a_batch_matches_diffusers(pair: Pair, prompts: Prompts, sampler: str) -> None:
    pipe = build("StableDiffusionPipeline", pair, sampler)
    expected = theirs(pipe, prompts, sampler, batch=2)
    got = ours(pair.model, prompts, wd.empty_latent(SIDE, SIDE, 2), sampler_name=sampler)
    assert difference(got, expected) < ABSOLUTE


def test_decoded_picture_matches_diffusers(pair: Pair) -> None:
    latents = seeded_noise(1, 1, 4, 8, 8)
    with torch.no_grad():
        expected = pair.autoencoder.decode(latents).sample
    expected = (expected / 2 + 0.5).clamp(0, 1).movedim(1, -1)
    got = wd.decode_latent(pair.vae, wd.Latent(latents))
    assert float((got - expected).abs().max()) < 1e-5


def test_encoded_picture_matches_mean_of_diffusers_posterior(pair: Pair) -> None:
    image = torch.rand(2, 24, 40, 3, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        expected = pair.autoencoder.encode(image.movedim(-1, 1) * 2 - 1).latent_dist.mean
    got = wd.encode_image(pair.vae, image).samples
    assert got.shape == (2, 4, 3, 5)
    assert float((got - expected).abs().max()) < 1e-5


def test_text_embedding_matches_transformers(pair: Pair) -> None:
    # ids of tests.models.WORDS: "a red circle" = 3 4 7; start 0, end and padding 1
    ids = torch.tensor([[0, 3, 4, 7] + [1] * 73])
    with torch.no_grad():
        expected = pair.text_encoder(input_ids=ids)
    entry = wd.encode_text(pair.clip, "A red circle").entries[0]
    assert entry.pooled is not None
    assert float((entry.tokens - expected.last_hidden_state).abs().max()) < 1e-5
    assert float((entry.pooled - expected.last_hidden_state[:, 4]).abs().max()) < 1e-5


@pytest.mark.parametrize("sampler", ["euler", "dpmpp_2m"])
def test_img2img_at_half_strength_matches_diffusers(
    pair: Pair, prompts: Prompts, sampler: str
) -> None:
    clean = seeded_noise(9, 1, 4, 8, 8)
    pipe = build("StableDiffusionImg2ImgPipeline", pair, sampler)
    expected = pipe(
        image=clean * 0.18215,
        strength=0.5,
        generator=torch.Generator().manual_seed(SEED),
        guidance_scale=CFG,
        output_type="latent",
        **prompt_arguments(*prompts),
        **schedule_for(sampler, 2 * STEPS),
    ).images
    got = ours(pair.model, prompts, wd.Latent(clean), sampler_name=sampler, denoise=0.5)
    assert difference(got, expected) < ABSOLUTE


@pytest.mark.parametrize("nets", [1, 2])
def test_controlnet_matches_diffusers(
    pair: Pair, prompts: Prompts, folder: Path, nets: int
) -> None:
    strengths = [0.8, 0.5][:nets]
    networks = [models.tiny_controlnet_model(seed=20 + i) for i in range(nets)]
    generator = torch.Generator().manual_seed(5)
    images = [torch.rand(1, SIDE, SIDE, 3, generator=generator) for _ in range(nets)]
    pipe = build(
        "StableDiffusionControlNetPipeline",
        pair,
        "euler",
        controlnet=networks[0] if nets == 1 else networks,
    )
    pixels = [image.movedim(-1, 1) for image in images]
    expected = theirs(
        pipe,
        prompts,
        "euler",
        image=pixels[0] if nets == 1 else pixels,
        controlnet_conditioning_scale=strengths[0] if nets == 1 else strengths,
    )
    positive, negative = prompts
    for i, (image, strength) in enumerate(zip(images, strengths, strict=True)):
        path = models.tiny_controlnet(folder / f"net{i}.safetensors", seed=20 + i)
        net = wd.load_controlnet(path)
        positive = wd.apply_control(positive, net, image, strength)
        negative = wd.apply_control(negative, net, image, strength)
    got = ours(pair.model, (positive, negative), wd.empty_latent(SIDE, SIDE))
    plain = ours(pair.model, prompts, wd.empty_latent(SIDE, SIDE))
    assert difference(got, expected) < ABSOLUTE
    assert difference(plain, expected) > 100 * ABSOLUTE


def test_ip_adapter_matches_diffusers(pair: Pair, prompts: Prompts, folder: Path) -> None:
    vision = wd.load_clip_vision(models.tiny_clip_vision(folder / "vision.safetensors"))
    adapter = wd.load_ip_adapter(models.tiny_ip_adapter(folder / "ip.safetensors"), vision)
    image = torch.rand(1, 48, 40, 3, generator=torch.Generator().manual_seed(6))
    model = wd.apply_ip_adapter(pair.model, adapter, image, 0.7)
    embeds = model.attached[0].positive

    unet = models.tiny_unet(seed=0)
    projection, attention = models.tiny_ip_adapter_tensors()
    unet._load_ip_adapter_weights([{"image_proj": projection, "ip_adapter": attention}])
    for processor in unet.attn_processors.values():
        if isinstance(getattr(processor, "scale", None), list):
            processor.scale = [0.7]
    pipe = build("StableDiffusionPipeline", pair, "euler", unet=unet)
    both = torch.stack([torch.zeros_like(embeds), embeds])
    expected = theirs(pipe, prompts, "euler", ip_adapter_image_embeds=[both])

    got = ours(model, prompts, wd.empty_latent(SIDE, SIDE))
    plain = ours(pair.model, prompts, wd.empty_latent(SIDE, SIDE))
    assert difference(got, expected) < ABSOLUTE
    assert difference(plain, expected) > 100 * ABSOLUTE


def test_image_embedding_matches_transformers(folder: Path) -> None:
    from weft.diffusion.image_prompts.image_encoder import embed_image

    vision = wd.load_clip_vision(models.tiny_clip_vision(folder / "vision2.safetensors", seed=8))
    image = torch.randint(0, 256, (1, 32, 32, 3), generator=torch.Generator().manual_seed(1)) / 255
    mean = torch.tensor([0.48145466, 0.4578275, 0.40821073])
    std = torch.tensor([0.26862954, 0.26130258, 0.27577711])
    with torch.no_grad():
        network = models.tiny_clip_vision_model(seed=8)
        expected = network(pixel_values=((image - mean) / std).movedim(-1, 1)).image_embeds
    assert float((embed_image(vision, image) - expected).abs().max()) < 1e-5
