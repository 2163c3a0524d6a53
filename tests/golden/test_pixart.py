"""PixArt-alpha and -sigma against diffusers: same weights, noise and timesteps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

import weft.diffusion as wd
from weft.diffusion.families import family_named, sampling_of
from weft.diffusion.sampling.schedules import schedule_sigmas

from .. import families, models
from .pipelines import seeded_noise

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

STEPS, CFG, SEED = 4, 4.5, 3
TOLERANCE = 1e-3
"""Of latents whose values go up to 250 here, since its noise levels do."""


def opened(path: Path, *, sized: bool, tokens: int) -> tuple[wd.Model, Any]:
    network = families.pixart_transformer(sized=sized)
    families.write(path, families.pixart_tensors(network, tokens=tokens))
    return wd.load_model(path), network


def text_encoder(folder: Path, family: str) -> wd.Clip:
    path = families.write(
        folder / "t5.safetensors",
        families.t5_tensors(families.t5_encoder(), ""),
        metadata={"tokenizer": families.t5_tokenizer()},
    )
    return wd.load_clip([path], family)


@pytest.mark.parametrize(
    ("family", "sized", "tokens"),
    [
        ("pixart_alpha", True, 120),
        ("pixart_alpha", False, 120),
        ("pixart_sigma", False, 300),
    ],
    ids=["alpha 1024", "alpha 512", "sigma"],
)
def test_pixart_txt2img_matches_diffusers(
    folder: Path, family: str, sized: bool, tokens: int
) -> None:
    import diffusers

    model, network = opened(folder / f"{family}{sized}", sized=sized, tokens=tokens)
    assert model.family == family
    clip = text_encoder(folder, family)
    prompts = wd.encode_text(clip, "a red circle"), wd.encode_text(clip, "a blue square")
    kind = "PixArtAlphaPipeline" if family == "pixart_alpha" else "PixArtSigmaPipeline"
    scheduler = diffusers.EulerDiscreteScheduler(
        beta_start=0.0001, beta_end=0.02, timestep_spacing="leading", steps_offset=1
    )
    pipe = getattr(diffusers, kind)(
        tokenizer=None,
        text_encoder=None,
        vae=models.tiny_vae(),
        transformer=network,
        scheduler=scheduler,
    )
    pipe.set_progress_bar_config(disable=True)
    table = sampling_of(model).table()
    positive, negative = (p.entries[0] for p in prompts)
    expected = pipe(
        prompt=None,
        negative_prompt=None,
        prompt_embeds=positive.tokens,
        prompt_attention_mask=positive.token_mask,
        negative_prompt_embeds=negative.tokens,
        negative_prompt_attention_mask=negative.token_mask,
        sigmas=schedule_sigmas("simple", table, STEPS),
        guidance_scale=CFG,
        height=128,
        width=64,
        use_resolution_binning=False,
        latents=seeded_noise(SEED, 1, 4, 16, 8),
        output_type="latent",
    ).images
    done = wd.sample(
        model,
        *prompts,
        wd.empty_latent(64, 128),
        seed=SEED,
        steps=STEPS,
        cfg=CFG,
        sampler_name="euler",
        scheduler="simple",
    )
    got = family_named(family).latent.to_network(done.samples)
    assert float((got - expected).abs().max()) < TOLERANCE


def test_pixart_text_is_masked_t5(folder: Path) -> None:
    clip = text_encoder(folder, "pixart_sigma")
    entry = wd.encode_text(clip, "a red circle").entries[0]
    ids = torch.tensor([[3, 4, 7, 1]])
    with torch.no_grad():
        expected = families.t5_encoder()(input_ids=ids).last_hidden_state
    assert float((entry.tokens - expected).abs().max()) < 1e-5
    assert entry.token_mask is not None
    assert entry.token_mask.tolist() == [[1.0] * 4]


def test_pixart_of_odd_prompt_lengths_is_run_in_calls_of_their_own(folder: Path) -> None:
    model, _ = opened(folder / "lengths", sized=False, tokens=300)
    clip = text_encoder(folder, "pixart_sigma")
    long, short = wd.encode_text(clip, "a red circle on the blue square"), wd.encode_text(clip, "a")
    together = sample(model, long, short)
    swapped = sample(model, long, wd.encode_text(clip, "a"))
    assert torch.equal(together, swapped)
    assert together.isfinite().all()


def sample(model: wd.Model, positive: wd.Conditioning, negative: wd.Conditioning) -> torch.Tensor:
    return wd.sample(
        model,
        positive,
        negative,
        wd.empty_latent(64, 64),
        seed=SEED,
        steps=2,
        cfg=CFG,
        sampler_name="euler",
        scheduler="simple",
    ).samples


@pytest.mark.parametrize(
    ("scale", "family"), [(0.18215, "pixart_alpha"), (0.13025, "pixart_sigma")]
)
def test_pixart_folder_is_told_by_its_vae(tmp_path: Path, scale: float, family: str) -> None:
    network = families.pixart_transformer(sized=family == "pixart_alpha")
    made = families.Made(tmp_path, network, models.tiny_vae(), (families.t5_encoder(),))
    root = families.folder(
        tmp_path / "pixart", made, ("text_encoder",), vae={"scaling_factor": scale}
    )
    model, clip, _ = wd.load_checkpoint(root)
    assert (model.family, clip.family) == (family, family)
    loaded = model.weights.module.state_dict()
    reference = network.state_dict()
    assert loaded.keys() == reference.keys()
    assert all(torch.equal(loaded[name], reference[name]) for name in loaded)
