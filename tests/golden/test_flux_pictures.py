"""Flux Fill, Canny and Kontext against diffusers: same weights, noise and sigmas."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

import weft.diffusion as wd
from weft.diffusion.control.concat import condition_on_picture, condition_on_rest
from weft.diffusion.control.references import add_reference
from weft.diffusion.families import sampling_of
from weft.diffusion.sampling.schedules import schedule_sigmas
from weft.diffusion.types import References
from weft.diffusion.vae.format import FLUX

from .. import families
from .pipelines import seeded_noise
from .test_flux import SEED, STEPS, TOLERANCE, pack

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

HEIGHT, WIDTH = 64, 96


@pytest.fixture
def picture() -> torch.Tensor:
    return torch.rand(1, HEIGHT, WIDTH, 3, generator=torch.Generator().manual_seed(1))


def opened(folder: Path, name: str, channels: int, seed: int) -> tuple[Any, Any, Any, Any]:
    """A network with so many channels, with the text encoders and the VAE of a checkpoint."""
    made = families.tiny_flux(folder / f"{name}.safetensors", seed=seed)
    _, clip, vae = wd.load_checkpoint(made.path)
    network = families.flux_transformer(seed=seed + 50, channels=channels)
    path = families.write(folder / f"{name}-network.safetensors", families.flux_tensors(network))
    return wd.load_model(path), clip, vae, made._replace(network=network)


def prompt(clip: wd.Clip) -> wd.Conditioning:
    text = wd.encode_text(clip, "a red circle")
    return wd.Conditioning((replace(text.entries[0], guidance=2.0),))


def sampled(model: wd.Model, text: wd.Conditioning, height: int = HEIGHT) -> torch.Tensor:
    got = wd.sample(
        model,
        text,
        text,
        wd.empty_latent(WIDTH, height),
        seed=SEED,
        steps=STEPS,
        cfg=1.0,
        sampler_name="euler",
        scheduler="simple",
    )
    assert got.samples.shape == (1, 16, height // 8, WIDTH // 8)
    return FLUX.to_network(got.samples)


def expected(
    name: str, made: Any, model: wd.Model, text: wd.Conditioning, **more: Any
) -> torch.Tensor:
    import diffusers

    kind = getattr(diffusers, name)
    pipe = kind(
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler(shift=1.0),
        vae=made.vae,
        text_encoder=None,
        tokenizer=None,
        text_encoder_2=None,
        tokenizer_2=None,
        transformer=made.network,
    )
    pipe.set_progress_bar_config(disable=True)
    entry = text.entries[0]
    packed = pipe(
        prompt_embeds=entry.tokens,
        pooled_prompt_embeds=entry.pooled,
        height=HEIGHT,
        width=WIDTH,
        latents=pack(seeded_noise(SEED, 1, 16, HEIGHT // 8, WIDTH // 8)),
        sigmas=schedule_sigmas("simple", sampling_of(model).table(), STEPS)[:-1],
        guidance_scale=2.0,
        output_type="latent",
        **more,
    ).images
    unpacked: torch.Tensor = kind._unpack_latents(packed, HEIGHT, WIDTH, 8)
    return unpacked


def to_network(vae: wd.Vae, picture: torch.Tensor) -> torch.Tensor:
    return FLUX.to_network(wd.encode_image(vae, picture).samples)


def test_flux_fill_matches_diffusers(folder: Path, picture: torch.Tensor) -> None:
    model, clip, vae, made = opened(folder, "flux-fill", 384, 9400)
    assert (model.family, model.weights.config["in_channels"]) == ("flux", 384)
    mask = torch.zeros(1, HEIGHT, WIDTH)
    mask[:, 13:41, 8:70] = 1
    text = prompt(clip)
    shown, _, latent = condition_on_rest(text, text, vae, picture, mask)
    got = sampled(model, shown)
    assert latent.noise_mask is not None

    encode_to_the_mean(made, vae)
    wanted = expected(
        "FluxFillPipeline", made, model, text,
        image=picture.movedim(-1, 1), mask_image=mask[:, None], strength=1.0,
    )  # fmt: skip
    assert float((got - wanted).abs().max()) < TOLERANCE
    # Without a picture all is to be painted, which is another task.
    assert float((sampled(model, text) - wanted).abs().max()) > 100 * TOLERANCE


def test_flux_with_a_picture_beside_the_noise_matches_diffusers(
    folder: Path, picture: torch.Tensor
) -> None:
    model, clip, vae, made = opened(folder, "flux-canny", 128, 9410)
    text = prompt(clip)
    shown, _, _ = condition_on_picture(text, text, vae, picture)
    got = sampled(model, shown)
    encode_to_the_mean(made, vae)
    wanted = expected(
        "FluxControlPipeline", made, model, text, control_image=picture.movedim(-1, 1) * 2 - 1
    )
    assert float((got - wanted).abs().max()) < TOLERANCE


def encode_to_the_mean(made: Any, vae: wd.Vae) -> None:
    """Let the pipeline's VAE draw nothing, and know its space."""

    def encode(pixels: torch.Tensor) -> Mean:
        return Mean(wd.encode_image(vae, (pixels / 2 + 0.5).movedim(1, -1)).samples)

    made.vae.encode = encode
    made.vae.register_to_config(scaling_factor=0.3611, shift_factor=0.1159)


class Mean:
    """What such a VAE gives."""

    def __init__(self, latents: torch.Tensor) -> None:
        self.latents = latents

    @property
    def latent_dist(self) -> Mean:
        return self

    def sample(self, generator: Any = None) -> torch.Tensor:
        return self.latents


def test_flux_kontext_matches_diffusers(folder: Path, picture: torch.Tensor) -> None:
    model, clip, vae, made = opened(folder, "flux-kontext", 64, 9420)
    text = prompt(clip)
    got = sampled(model, add_reference(text, wd.encode_image(vae, picture)))
    wanted = expected(
        "FluxKontextPipeline", made, model, text, image=to_network(vae, picture),
        max_area=HEIGHT * WIDTH, _auto_resize=False,
    )  # fmt: skip
    assert float((got - wanted).abs().max()) < TOLERANCE
    assert float((sampled(model, text) - wanted).abs().max()) > 100 * TOLERANCE


def test_second_picture_lies_where_it_lengthens_the_shorter_side(folder: Path) -> None:
    from weft.diffusion.control.references import references

    pictures = (torch.ones(1, 16, 8, 12), torch.ones(1, 16, 4, 6), torch.ones(1, 16, 4, 3))
    shape = torch.Size((2, 16, 8, 12))
    tokens, ids = references([References(pictures)], shape, torch.zeros(1))
    assert tokens.shape == (2, 4 * 6 + 2 * 3 + 2 * 2, 64)
    assert set(ids[:, 0].tolist()) == {1.0}
    assert ids[24].tolist() == [1.0, 4.0, 0.0]  # below the first, which is wider than tall
    assert ids[30].tolist() == [1.0, 0.0, 6.0]  # then the whole is 12 by 12, and it goes right


def test_pictures_lie_where_each_rule_says() -> None:
    from weft.diffusion.control.references import placed

    sizes, run = [(8, 12), (5, 6), (4, 3)], (7, 10)
    assert placed("index", sizes, run) == [(1, 0, 0), (2, 0, 0), (3, 0, 0)]
    # Behind 4 x 5 tokens of what is drawn, then behind 8 x 12 and 5 x 6 cells more.
    assert placed("diagonal", sizes, run) == [(0, 4, 5), (0, 8, 11), (0, 11, 14)]
    assert placed("offset", sizes, run) == [(1, 0, 0), (1, 4, 0), (1, 0, 6)]


@pytest.mark.parametrize("how", ["index", "diagonal"])
def test_flux_shown_pictures_elsewhere_matches_its_transformer(
    folder: Path, how: Any, picture: torch.Tensor
) -> None:
    from weft.diffusion.control.references import set_places
    from weft.diffusion.denoising.batched import open_denoiser

    model, clip, vae, made = opened(folder, f"flux-{how}", 64, 9450)
    text = prompt(clip)
    latents = [wd.encode_image(vae, picture), wd.encode_image(vae, picture[:, :32])]
    for latent in latents:
        text = add_reference(text, latent)
    told = set_places(text, how)
    x, sigma = seeded_noise(5, 1, 16, 8, 12), 0.75
    with torch.no_grad():
        got = open_denoiser(model).predict(x, sigma, told)
        usual = open_denoiser(model).predict(x, sigma, text)
    entry = text.entries[0]
    shown = [FLUX.to_network(latent.samples) for latent in latents]
    ids = [torch.zeros(4, 6, 3), torch.zeros(4, 6, 3), torch.zeros(2, 6, 3)]
    for places in ids:
        places[..., 1] += torch.arange(places.shape[0])[:, None]
        places[..., 2] += torch.arange(places.shape[1])[None, :]
    if how == "index":
        ids[1][..., 0], ids[2][..., 0] = 1, 2
    else:
        ids[1] += torch.tensor([0, 4, 6])
        ids[2] += torch.tensor([0, 4 + 4, 6 + 6])
    with torch.no_grad():
        output = made.network(
            hidden_states=torch.cat([pack(each) for each in (x, *shown)], dim=1),
            encoder_hidden_states=entry.tokens,
            pooled_projections=entry.pooled,
            timestep=torch.tensor([sigma]),
            img_ids=torch.cat([each.reshape(-1, 3) for each in ids]),
            txt_ids=torch.zeros(entry.tokens.shape[1], 3),
            guidance=torch.tensor([entry.guidance or 3.5]),
        ).sample[:, :24]
    expected = pack(x) - sigma * output
    assert float((pack(got) - expected).abs().max()) < TOLERANCE
    assert float((got - usual).abs().max()) > 100 * TOLERANCE


def test_models_that_draw_from_no_pictures_refuse_them(folder: Path) -> None:
    made = families.tiny_sd3(folder / "sd3-references.safetensors", seed=9430)
    model, clip, vae = wd.load_checkpoint(made.path)
    latent = wd.encode_image(vae, torch.rand(1, 64, 96, 3))
    text = add_reference(wd.encode_text(clip, "red"), latent)
    with pytest.raises(wd.ModelError) as caught:
        sampled(model, text)
    assert caught.value.code == "model.no_references"


def test_flux_with_other_channels_is_refused_by_name(folder: Path) -> None:
    model, clip, _, _ = opened(folder, "flux-odd-channels", 96, 9440)
    with pytest.raises(wd.ModelError) as caught:
        sampled(model, prompt(clip))
    assert caught.value.code == "model.unsupported_layout"
    assert "Fill" in str(caught.value.expected)
