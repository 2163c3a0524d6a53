"""Flux Redux against diffusers: SigLIP, the projection, and pictures sampled with its tokens."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import weft.diffusion as wd
from weft.diffusion.families import sampling_of
from weft.diffusion.files.saving import save_tensors
from weft.diffusion.image_prompts.image_encoder import see_image
from weft.diffusion.image_prompts.redux import Strength, apply_style
from weft.diffusion.sampling.schedules import schedule_sigmas
from weft.diffusion.types import ImageEmbeds, StyleTokens
from weft.diffusion.vae.format import FLUX

from .. import families, models
from .test_flux import SEED, STEPS, TOLERANCE, expected_latents

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

SIDE, PATCH, WIDTH = 32, 8, 64
PATCHES = (SIDE // PATCH) ** 2


def siglip(seed: int, *, head: bool = True) -> Any:
    """A random SigLIP vision tower of 2 layers for 32x32 pictures."""
    from transformers import SiglipVisionConfig, SiglipVisionModel

    torch.manual_seed(seed)
    config = SiglipVisionConfig(
        hidden_size=WIDTH,
        intermediate_size=96,
        num_hidden_layers=2,
        num_attention_heads=1,
        image_size=SIDE,
        patch_size=PATCH,
        vision_use_head=head,
    )
    network = SiglipVisionModel(config).eval()
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            if "norm" in name or name.endswith("bias"):
                parameter.uniform_(0.1, 1.0)
    return network


def redux(seed: int) -> Any:
    from diffusers.pipelines.flux.modeling_flux import ReduxImageEncoder

    torch.manual_seed(seed)
    return ReduxImageEncoder(redux_dim=WIDTH, txt_in_features=families.T5_WIDTH).eval()


def pictures(count: int, seed: int) -> torch.Tensor:
    levels = torch.randint(
        0, 256, (count, SIDE, SIDE, 3), generator=torch.Generator().manual_seed(seed)
    )
    return levels.float() / 255


def seen_by_diffusers(tower: Any, projection: Any, image: torch.Tensor) -> torch.Tensor:
    """What the pipeline puts behind the text, by its own steps: 4096 wide text is fixed in it."""
    from diffusers import FluxPriorReduxPipeline
    from PIL import Image
    from transformers import SiglipImageProcessor

    pipe = FluxPriorReduxPipeline(
        image_encoder=tower,
        feature_extractor=SiglipImageProcessor(size={"height": SIDE, "width": SIDE}),
        image_embedder=projection,
    )
    found = []
    for picture in image:
        pil = Image.fromarray((picture * 255).round().to(torch.uint8).numpy())
        with torch.no_grad():
            seen = pipe.encode_image(pil, torch.device("cpu"), 1)
            found.append(pipe.image_embedder(seen).image_embeds)
    return torch.cat(found, dim=1)


@pytest.fixture(scope="module")
def tower(folder: Path) -> tuple[Any, wd.ClipVision]:
    network = siglip(seed=701)
    path = folder / "siglip.safetensors"
    state = {f"vision_model.{name}": tensor for name, tensor in network.state_dict().items()}
    save_tensors(path, state)
    return network, wd.load_clip_vision(path)


@pytest.fixture(scope="module")
def style(folder: Path) -> tuple[Any, wd.StyleModel]:
    network = redux(seed=702)
    path = folder / "redux.safetensors"
    save_tensors(path, network.state_dict())
    return network, wd.load_style_model(path)


@pytest.fixture(scope="module")
def flux(folder: Path) -> tuple[families.Made, wd.Model, wd.Conditioning]:
    made = families.tiny_flux(folder / "flux-redux.safetensors", seed=703)
    model, clip, _ = wd.load_checkpoint(made.path)
    entry = wd.encode_text(clip, "a red circle").entries[0]
    return made, model, wd.Conditioning((replace(entry, guidance=2.0),))


def sampled(model: wd.Model, text: wd.Conditioning) -> torch.Tensor:
    got = wd.sample(
        model,
        text,
        text,
        wd.empty_latent(64, 64),
        seed=SEED,
        steps=STEPS,
        cfg=1.0,
        sampler_name="euler",
        scheduler="simple",
    )
    return FLUX.to_network(got.samples)


def test_redux_tokens_match_diffusers(tower: Any, style: Any, flux: Any) -> None:
    image = pictures(2, seed=704)
    assert tower[1].family == "siglip"
    seen = see_image(tower[1], image)
    assert seen.embeds is None
    entry = apply_style(flux[2], style[1], seen).entries[0]
    expected = seen_by_diffusers(tower[0], style[0], image)
    assert expected.shape == (1, 2 * PATCHES, families.T5_WIDTH)
    text = flux[2].entries[0].tokens
    assert torch.equal(entry.tokens[:, : text.shape[1]], text)
    assert float((entry.tokens[:, text.shape[1] :] - expected).abs().max()) < 1e-5
    assert entry.attachments(StyleTokens) == (StyleTokens(text.shape[1], 2 * PATCHES),)


def test_siglip_sees_the_squeezed_picture_as_its_own_preprocessing_does(tower: Any) -> None:
    from PIL import Image
    from transformers import SiglipImageProcessor

    noise = np.random.default_rng(705).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    photo = Image.fromarray(noise).resize((96, 80), Image.Resampling.BICUBIC)
    prepare = SiglipImageProcessor(size={"height": SIDE, "width": SIDE})
    with torch.no_grad():
        expected = tower[0](**prepare(photo, return_tensors="pt")).last_hidden_state
    image = torch.from_numpy(np.asarray(photo, dtype=np.float32) / 255)[None]
    got = see_image(tower[1], image, crop=False).tokens
    assert got is not None
    assert float((got - expected).abs().max()) < 0.02  # Pillow rounds between its two passes


@pytest.mark.parametrize("strength", [1.0, 0.4])
def test_flux_redux_matches_diffusers(tower: Any, style: Any, flux: Any, strength: float) -> None:
    made, model, text = flux
    image = pictures(1, seed=706)
    held = apply_style(text, style[1], see_image(tower[1], image), strength)
    tokens = torch.cat(
        [text.entries[0].tokens, strength * seen_by_diffusers(tower[0], style[0], image)], dim=1
    )
    sigmas = schedule_sigmas("simple", sampling_of(model).table(), STEPS)[:-1]
    expected = expected_latents(
        made, replace(text.entries[0], tokens=tokens), sigmas=sigmas, guidance_scale=2.0
    )
    got = sampled(model, held)
    assert float((got - expected).abs().max()) < TOLERANCE
    assert float((got - sampled(model, text)).abs().max()) > 100 * TOLERANCE


def biased(text: int, parts: list[tuple[int, float]], picture: int) -> torch.Tensor:
    """Who is seen by whom with which factor, place by place: as ComfyUI builds it."""
    groups = [0] * text
    for number, (count, _) in enumerate(parts):
        groups += [number + 1] * count
    groups += [len(parts) + 1] * picture
    seen = torch.ones(len(groups), len(groups))
    for i, who in enumerate(groups):
        for j, whom in enumerate(groups):
            before = who < whom or who == len(parts) + 1
            if 1 <= whom <= len(parts) and who != whom and before:
                seen[i, j] = parts[whom - 1][1]
    return seen.log()[None, None]


def test_weighted_attention_matches_diffusers_with_the_bias_given(
    tower: Any, style: Any, flux: Any
) -> None:
    made, model, text = flux
    kind: Strength = "attn_bias"
    held, tokens, parts = text, text.entries[0].tokens, []
    for seed, weight in ((707, 0.25), (708, 3.0)):
        image = pictures(1, seed)
        held = apply_style(held, style[1], see_image(tower[1], image), weight, kind)
        tokens = torch.cat([tokens, seen_by_diffusers(tower[0], style[0], image)], dim=1)
        parts.append((PATCHES, weight))
    sigmas = schedule_sigmas("simple", sampling_of(model).table(), STEPS)[:-1]
    bias = biased(text.entries[0].tokens.shape[1], parts, picture=16)
    expected = expected_latents(
        made,
        replace(text.entries[0], tokens=tokens),
        sigmas=sigmas,
        guidance_scale=2.0,
        joint_attention_kwargs={"attention_mask": bias},
    )
    got = sampled(model, held)
    assert float((got - expected).abs().max()) < TOLERANCE
    plain = expected_latents(
        made, replace(text.entries[0], tokens=tokens), sigmas=sigmas, guidance_scale=2.0
    )
    assert float((got - plain).abs().max()) > 100 * TOLERANCE


def test_pictures_of_no_attention_are_as_left_out_and_zeros_are_not(
    tower: Any, style: Any, flux: Any
) -> None:
    _, model, text = flux
    seen = see_image(tower[1], pictures(1, seed=709))
    without = sampled(model, text)
    hidden = sampled(model, apply_style(text, style[1], seen, 0.0, "attn_bias"))
    zeros = sampled(model, apply_style(text, style[1], seen, 0.0, "multiply"))
    assert float((hidden - without).abs().max()) < TOLERANCE
    assert float((zeros - without).abs().max()) > 100 * TOLERANCE


def test_weighted_pictures_beside_references_and_in_a_batch(
    tower: Any, style: Any, flux: Any
) -> None:
    """The bias leaves out what else the network is shown, and each row has its own."""
    from weft.diffusion.control.references import add_reference

    _, model, text = flux
    shown = add_reference(text, wd.Latent(torch.ones(1, 16, 4, 6)))
    seen = see_image(tower[1], pictures(1, seed=710))
    hidden = apply_style(shown, style[1], seen, 0.0, "attn_bias")
    assert float((sampled(model, hidden) - sampled(model, shown)).abs().max()) < TOLERANCE
    both = wd.sample(
        model,
        apply_style(text, style[1], seen, 2.0, "attn_bias"),
        apply_style(text, style[1], seen, 0.0, "attn_bias"),
        wd.empty_latent(64, 64),
        seed=SEED,
        steps=1,
        cfg=2.0,
        sampler_name="euler",
        scheduler="simple",
    )
    alone = [
        wd.sample(
            model, side, side, wd.empty_latent(64, 64), seed=SEED, steps=1, cfg=1.0,
            sampler_name="euler", scheduler="simple",
        ).samples
        for side in (apply_style(text, style[1], seen, 2.0, "attn_bias"), text)
    ]  # fmt: skip
    expected = alone[1] + 2.0 * (alone[0] - alone[1])
    assert float((both.samples - expected).abs().max()) < 10 * TOLERANCE


def test_siglip_is_known_by_its_tensors(folder: Path, tower: Any, tmp_path: Path) -> None:
    image = pictures(1, seed=711)
    expected = see_image(tower[1], image).tokens
    siglip(seed=701).save_pretrained(tmp_path / "folder")
    whole = {f"vision_model.{n}": t for n, t in siglip(seed=701).state_dict().items()}
    whole |= {"text_model.embeddings.token_embedding.weight": torch.zeros(4, WIDTH)}
    whole |= {"logit_scale": torch.zeros(1), "logit_bias": torch.zeros(1)}
    save_tensors(tmp_path / "whole.safetensors", whole)
    headless = siglip(seed=701, head=False).state_dict()
    save_tensors(tmp_path / "headless.safetensors", headless)
    for name in ("folder", "whole.safetensors"):
        opened = wd.load_clip_vision(tmp_path / name)
        got = see_image(opened, image).tokens
        assert opened.family == "siglip"
        assert got is not None
        assert expected is not None
        assert torch.equal(got, expected)
    assert wd.load_clip_vision(tmp_path / "headless.safetensors").family == "siglip"
    assert wd.inspect_file(tmp_path / "whole.safetensors").family == "siglip"
    clip = wd.load_clip_vision(models.tiny_clip_vision(tmp_path / "clip.safetensors", seed=712))
    assert clip.family == "clip"


def refused(call: Any) -> wd.DiffusionError:
    with pytest.raises(wd.DiffusionError) as caught:
        call()
    return caught.value


def test_what_does_not_fit_redux_is_refused(
    tower: Any, style: Any, flux: Any, tmp_path: Path
) -> None:
    seen = see_image(tower[1], pictures(1, seed=713))
    clip = wd.load_clip_vision(models.tiny_clip_vision(tmp_path / "clip.safetensors", seed=714))
    other = see_image(clip, pictures(1, seed=713))
    error = refused(lambda: apply_style(flux[2], style[1], other))
    assert (error.code, error.got) == (
        "style.does_not_fit", "one vector for a whole picture (CLIP)",
    )  # fmt: skip
    narrow = wd.Conditioning((wd.ConditioningEntry(torch.zeros(1, 77, 48)),))
    error = refused(lambda: apply_style(narrow, style[1], seen))
    assert (error.expected, error.got) == ("prompt encoded in width 64", "width 48")
    assert refused(lambda: apply_style(flux[2], style[1], seen, math.nan)).code == (
        "style.bad_strength"
    )
    sd1, _, _ = wd.load_checkpoint(models.tiny_sd1(tmp_path / "sd1.safetensors", seed=715))
    assert models.CONTEXT == families.T5_WIDTH
    styled = apply_style(flux[2], style[1], seen)
    assert refused(lambda: sampled(sd1, styled)).code == "model.no_styles"
    assert refused(lambda: wd.load_style_model(flux[0].path)).code == "model.wrong_kind"
    adapter = models.tiny_ip_adapter(tmp_path / "ip.safetensors", seed=716)
    assert "SigLIP" in str(refused(lambda: wd.load_ip_adapter(adapter, tower[1])))


def test_siglip_gives_unclip_nothing(tower: Any, flux: Any) -> None:
    from weft.diffusion.image_prompts.unclip import add_pictures

    seen: ImageEmbeds = see_image(tower[1], pictures(1, seed=717))
    assert refused(lambda: add_pictures(flux[2], seen)).code == "unclip.does_not_fit"
