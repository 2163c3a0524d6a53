"""Flux against diffusers: same weights, noise and sigmas; and its published layout."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

import weft.diffusion as wd
from weft.diffusion.families import sampling_of
from weft.diffusion.vae.format import FLUX

from .. import families
from .pipelines import seeded_noise

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

STEPS, SEED = 4, 3
TOLERANCE = 2e-5
"""Of latents in the model's space, whose values are around 1."""


def pack(x: torch.Tensor) -> torch.Tensor:
    from diffusers import FluxPipeline

    packed: torch.Tensor = FluxPipeline._pack_latents(x, *x.shape)
    return packed


def expected_latents(made: families.Made, text: wd.ConditioningEntry, **more: Any) -> torch.Tensor:
    from diffusers import FlowMatchEulerDiscreteScheduler, FluxPipeline

    pipe = FluxPipeline(
        scheduler=FlowMatchEulerDiscreteScheduler(shift=1.0),
        vae=made.vae,
        text_encoder=None,
        tokenizer=None,
        text_encoder_2=None,
        tokenizer_2=None,
        transformer=made.network,
    )
    pipe.set_progress_bar_config(disable=True)
    height, width = more.pop("height", 64), more.pop("width", 64)
    noise = seeded_noise(SEED, 1, 16, height // 8, width // 8)
    packed = pipe(
        prompt_embeds=text.tokens,
        pooled_prompt_embeds=text.pooled,
        height=height,
        width=width,
        latents=pack(noise),
        output_type="latent",
        **more,
    ).images
    unpacked: torch.Tensor = FluxPipeline._unpack_latents(packed, height, width, 8)
    return unpacked


@pytest.mark.parametrize("guided", [True, False], ids=["dev", "schnell"])
def test_flux_txt2img_matches_diffusers(folder: Path, guided: bool) -> None:
    made = families.tiny_flux(folder / f"flux{guided}.safetensors", guided=guided)
    model, clip, vae = wd.load_checkpoint(made.path)
    assert (model.family, vae.family) == ("flux", "flux")
    table = sampling_of(model).table()
    assert table.sigma_max == 1.0
    assert (table.at_fraction(0.5) > 0.7) == guided
    text = wd.encode_text(clip, "a red circle")
    held = wd.Conditioning((replace(text.entries[0], guidance=2.0),))
    got = wd.sample(
        model,
        held,
        held,
        wd.empty_latent(96, 64),
        seed=SEED,
        steps=STEPS,
        cfg=1.0,
        sampler_name="euler",
        scheduler="simple",
    )
    from weft.diffusion.sampling.schedules import schedule_sigmas

    sigmas = schedule_sigmas("simple", table, STEPS)[:-1]
    expected = expected_latents(
        made, text.entries[0], sigmas=sigmas, guidance_scale=2.0, height=64, width=96
    )
    assert got.samples.shape == (1, 16, 8, 12)
    assert float((FLUX.to_network(got.samples) - expected).abs().max()) < TOLERANCE


def test_flux_text_is_t5_with_the_pooled_text_of_clip(folder: Path) -> None:
    made = families.tiny_flux(folder / "flux-text.safetensors")
    _, clip, _ = wd.load_checkpoint(made.path)
    entry = wd.encode_text(clip, "a red circle").entries[0]
    small, large = made.encoders
    with torch.no_grad():
        pooled = small(input_ids=torch.tensor([[0, 3, 4, 7] + [1] * 73])).last_hidden_state[:, 4]
        tokens = large(input_ids=torch.tensor([[3, 4, 7, 1] + [0] * 252])).last_hidden_state
    assert entry.pooled is not None
    assert float((entry.tokens - tokens).abs().max()) < 1e-5
    assert float((entry.pooled - pooled).abs().max()) < 1e-5


def test_flux_folder_and_lone_files_hold_the_same(folder: Path, tmp_path: Path) -> None:
    made = families.tiny_flux(folder / "flux-folder.safetensors")
    files = wd.load_checkpoint(made.path)
    root = families.folder(
        tmp_path / "flux", made, ("text_encoder", "text_encoder_2"), vae={"scaling_factor": 0.3611}
    )
    folders = wd.load_checkpoint(root)
    for left, right in zip(files, folders, strict=True):
        same(left.weights, right.weights)
    same(files[1].others[0], folders[1].others[0])
    lone = families.write(tmp_path / "x", families.flux_tensors(made.network))
    same(wd.load_model(lone).weights, files[0].weights)
    same(wd.load_model(root / "transformer").weights, files[0].weights)
    one = wd.encode_text(files[1], "red").entries[0].tokens
    assert torch.equal(one, wd.encode_text(folders[1], "red").entries[0].tokens)


def same(left: Any, right: Any) -> None:
    one, other = left.module.state_dict(), right.module.state_dict()
    assert one.keys() == other.keys()
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_flux_of_odd_cells_keeps_its_size(folder: Path) -> None:
    made = families.tiny_flux(folder / "flux-odd.safetensors")
    model, clip, _ = wd.load_checkpoint(made.path)
    text = wd.encode_text(clip, "red")
    got = wd.sample(
        model,
        text,
        text,
        wd.empty_latent(72, 56),
        seed=SEED,
        steps=1,
        cfg=1.0,
        sampler_name="euler",
        scheduler="simple",
    )
    assert got.samples.shape == (1, 16, 7, 9)


def test_flux_told_nothing_of_guidance_is_the_network_without_that_embedding(
    folder: Path,
) -> None:
    import copy

    from diffusers.models.embeddings import CombinedTimestepTextProjEmbeddings

    from weft.diffusion.sampling.schedules import schedule_sigmas

    made = families.tiny_flux(folder / "flux-untold.safetensors", seed=730)
    model, clip, _ = wd.load_checkpoint(made.path)
    entry = wd.encode_text(clip, "a red circle").entries[0]

    def sampled(positive: Any, negative: Any, cfg: float = 1.0) -> torch.Tensor:
        sides = [wd.Conditioning((replace(entry, guidance=told),)) for told in (positive, negative)]
        got = wd.sample(
            model,
            *sides,
            wd.empty_latent(64, 64),
            seed=SEED,
            steps=STEPS,
            cfg=cfg,
            sampler_name="euler",
            scheduler="simple",
        )
        return FLUX.to_network(got.samples)

    bare = copy.deepcopy(made.network)
    told = bare.time_text_embed
    bare.time_text_embed = CombinedTimestepTextProjEmbeddings(
        told.timestep_embedder.linear_2.out_features, families.L_WIDTH
    )
    bare.time_text_embed.timestep_embedder = told.timestep_embedder
    bare.time_text_embed.text_embedder = told.text_embedder
    bare.register_to_config(guidance_embeds=False)
    sigmas = schedule_sigmas("simple", sampling_of(model).table(), STEPS)[:-1]
    expected = expected_latents(made._replace(network=bare), entry, sigmas=sigmas)
    assert float((sampled("off", "off") - expected).abs().max()) < TOLERANCE
    assert float((sampled(3.5, 3.5) - expected).abs().max()) > 100 * TOLERANCE
    # Both sides in one call: one told, one not.
    mixed = sampled("off", 3.5, cfg=1e-6)
    assert float((mixed - sampled(3.5, 3.5)).abs().max()) < 1e-4
