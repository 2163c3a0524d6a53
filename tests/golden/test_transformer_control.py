"""ControlNets of SD3, Flux and PixArt against diffusers: same weights, noise, sigmas, picture."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

import weft.diffusion as wd
from weft.diffusion.control.control_types import set_control_type
from weft.diffusion.families import sampling_of
from weft.diffusion.files.saving import save_tensors
from weft.diffusion.sampling.schedules import schedule_sigmas
from weft.diffusion.vae.format import FLUX, SD3

from .. import control_nets, families
from .pipelines import seeded_noise

pytestmark = [
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:`FluxPosEmbed`:FutureWarning"),
]

STEPS, CFG, SEED, SIDE = 3, 4.0, 5, 64
TOLERANCE = 1e-4
"""Of latents whose values go up to 12 here."""
ACTS = 1e-2
"""A ControlNet moves latents by at least so much here: far above the tolerance."""


@pytest.fixture(scope="module")
def picture() -> torch.Tensor:
    return torch.rand(1, SIDE, SIDE, 3, generator=torch.Generator().manual_seed(8))


def written(folder: Path, name: str, network: Any, layout: str = "file") -> Path:
    """A ControlNet as a file or a diffusers folder."""
    if layout == "folder":
        network.save_pretrained(folder / name)
        return folder / name
    path = folder / f"{name}.safetensors"
    save_tensors(path, {k: v.contiguous() for k, v in network.state_dict().items()})
    return path


def sampled(model: wd.Model, prompts: Any, cfg: float = CFG, **size: int) -> wd.Latent:
    return wd.sample(
        model,
        *prompts,
        wd.empty_latent(size.get("width", SIDE), size.get("height", SIDE)),
        seed=SEED,
        steps=STEPS,
        cfg=cfg,
        sampler_name="euler",
        scheduler="simple",
    )


def steered(prompts: Any, net: wd.ControlNet, *more: Any, **named: Any) -> Any:
    return tuple(wd.apply_control(p, net, *more, **named) for p in prompts)


def centred(image: torch.Tensor) -> torch.Tensor:
    """As diffusers' pipelines take tensors: (1, 3, H, W) in [-1, 1]."""
    return image.movedim(-1, 1) * 2 - 1


def difference(left: torch.Tensor, right: torch.Tensor) -> float:
    return float((left - right).abs().max())


@pytest.fixture(autouse=True)
def mean_of_posterior(monkeypatch: pytest.MonkeyPatch) -> None:
    """weft encodes pictures to the mean of the posterior; diffusers draws from it here."""
    from diffusers.models.autoencoders.vae import DiagonalGaussianDistribution

    monkeypatch.setattr(
        DiagonalGaussianDistribution, "sample", lambda self, generator=None: self.mean
    )


# --- SD3 ---


class SD3Side:
    """An SD3 model on both sides."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.made = families.tiny_sd3(folder / f"sd3-control-{seed}.safetensors", seed=seed)
        self.made.vae.register_to_config(scaling_factor=1.5305, shift_factor=0.0609)
        self.model, clip, self.vae = wd.load_checkpoint(self.made.path)
        self.prompts = wd.encode_text(clip, "a red circle"), wd.encode_text(clip, "blue square")

    def expected(self, control: Any, image: Any, scale: Any, **more: Any) -> torch.Tensor:
        import diffusers
        from diffusers import FlowMatchEulerDiscreteScheduler

        pipe = getattr(diffusers, more.pop("pipeline", "StableDiffusion3ControlNetPipeline"))(
            transformer=self.made.network,
            scheduler=FlowMatchEulerDiscreteScheduler(shift=1.0),
            vae=self.made.vae,
            text_encoder=None,
            tokenizer=None,
            text_encoder_2=None,
            tokenizer_2=None,
            text_encoder_3=None,
            tokenizer_3=None,
            controlnet=control,
        )
        pipe.set_progress_bar_config(disable=True)
        positive, negative = (p.entries[0] for p in self.prompts)
        width = families.L_WIDTH + families.G_WIDTH
        padded = [
            torch.nn.functional.pad(e.tokens, (0, width - e.tokens.shape[-1]))
            for e in (positive, negative)
        ]
        found: torch.Tensor = pipe(
            prompt_embeds=padded[0],
            negative_prompt_embeds=padded[1],
            pooled_prompt_embeds=positive.pooled,
            negative_pooled_prompt_embeds=negative.pooled,
            sigmas=schedule_sigmas("simple", sampling_of(self.model).table(), STEPS)[:-1],
            guidance_scale=CFG,
            control_image=image,
            controlnet_conditioning_scale=scale,
            height=SIDE,
            width=SIDE,
            latents=seeded_noise(SEED, 1, 16, 8, 8),
            output_type="latent",
            **more,
        ).images
        return found


@pytest.fixture(scope="module")
def sd3(tmp_path_factory: pytest.TempPathFactory) -> SD3Side:
    return SD3Side(tmp_path_factory.mktemp("sd3"), seed=60)


@pytest.mark.parametrize("layout", ["file", "folder"])
def test_sd3_controlnet_matches_diffusers(
    sd3: SD3Side, picture: torch.Tensor, tmp_path: Path, layout: str
) -> None:
    network = control_nets.sd3_control()
    net = wd.load_controlnet(written(tmp_path, "sd3-net", network, layout))
    assert net.family == "sd3"
    expected = sd3.expected(network, centred(picture), 0.7)
    held = steered(sd3.prompts, net, picture, 0.7, vae=sd3.vae)
    got = SD3.to_network(sampled(sd3.model, held).samples)
    assert difference(got, expected) < TOLERANCE
    plain = SD3.to_network(sampled(sd3.model, sd3.prompts).samples)
    assert difference(plain, expected) > ACTS


def test_two_sd3_controlnets_match_diffusers(
    sd3: SD3Side, picture: torch.Tensor, tmp_path: Path
) -> None:
    from diffusers.models import SD3MultiControlNetModel

    networks = [control_nets.sd3_control(seed=seed) for seed in (70, 71)]
    nets = [wd.load_controlnet(written(tmp_path, f"n{i}", n)) for i, n in enumerate(networks)]
    other = picture.flip(1)
    pictures = [centred(picture), centred(other)]
    expected = sd3.expected(SD3MultiControlNetModel(networks), pictures, [0.7, 0.4])
    held = steered(sd3.prompts, nets[0], picture, 0.7, vae=sd3.vae)
    held = steered(held, nets[1], other, 0.4, vae=sd3.vae)
    assert difference(SD3.to_network(sampled(sd3.model, held).samples), expected) < TOLERANCE


@pytest.mark.parametrize("kind", [None, 0, 1, 2], ids=["diffusers", "blur", "canny", "depth"])
def test_sd3_controlnet_without_text_and_places_matches_its_parts(
    sd3: SD3Side, picture: torch.Tensor, tmp_path: Path, kind: int | None
) -> None:
    """Stability AI's for SD3.5. diffusers' pipeline cannot run it with guidance: it asks a tensor
    whether it is true. So its modules are the reference, called for one step."""
    network = control_nets.sd3_control(bare=False)
    path = tmp_path / "sd35-net.safetensors"
    if kind is None:
        written(tmp_path, "sd35-net", network)
    else:
        said = {"control_type": torch.tensor(float(kind))}
        save_tensors(path, control_nets.stability_tensors(network) | said)
    net = wd.load_controlnet(path)
    held = steered(sd3.prompts, net, picture, 0.7, vae=sd3.vae)
    got = wd.sample(
        sd3.model, held[0], held[1], wd.empty_latent(SIDE, SIDE), seed=SEED, steps=1, cfg=1.0,
        sampler_name="euler", scheduler="simple",
    )  # fmt: skip
    transformer = sd3.made.network
    noise, entry = seeded_noise(SEED, 1, 16, 8, 8), sd3.prompts[0].entries[0]
    sigma = sampling_of(sd3.model).table().sigma_max
    time = torch.tensor([sigma * 1000])
    width = families.L_WIDTH + families.G_WIDTH
    text = torch.nn.functional.pad(entry.tokens, (0, width - entry.tokens.shape[-1]))
    with torch.no_grad():
        shown = {1: picture * 127.5 + 0.5, 2: 1 - picture}.get(kind or 0, picture)
        latents = sd3.made.vae.encode(centred(shown)).latent_dist.mean
        parts = network(
            hidden_states=transformer.pos_embed(noise),
            controlnet_cond=(latents - 0.0609) * 1.5305,
            conditioning_scale=0.7,
            pooled_projections=entry.pooled,
            timestep=time,
            return_dict=False,
        )[0]
        velocity = transformer(
            hidden_states=noise,
            encoder_hidden_states=text,
            pooled_projections=entry.pooled,
            timestep=time,
            block_controlnet_hidden_states=parts,
            return_dict=False,
        )[0]
    assert difference(SD3.to_network(got.samples), noise - sigma * velocity) < TOLERANCE


@pytest.fixture
def mask() -> torch.Tensor:
    """Whole cells, so that all ways of making it smaller agree."""
    covered = torch.zeros(1, SIDE, SIDE)
    covered[:, 16:48, 8:40] = 1
    return covered


def test_sd3_inpainting_controlnet_matches_diffusers(
    sd3: SD3Side, picture: torch.Tensor, mask: torch.Tensor, tmp_path: Path
) -> None:
    network = control_nets.sd3_control(extra=1, seed=76)
    net = wd.load_controlnet(written(tmp_path, "sd3-inpaint", network))
    expected = sd3.expected(
        network,
        centred(picture),
        0.7,
        pipeline="StableDiffusion3ControlNetInpaintingPipeline",
        control_mask=mask[:, None],
    )
    held = steered(sd3.prompts, net, picture, 0.7, vae=sd3.vae, mask=mask)
    got = SD3.to_network(sampled(sd3.model, held).samples)
    assert difference(got, expected) < TOLERANCE
    assert difference(SD3.to_network(sampled(sd3.model, sd3.prompts).samples), expected) > ACTS
    with pytest.raises(wd.ParameterError) as caught:
        steered(sd3.prompts, net, picture, vae=sd3.vae)
    assert caught.value.code == "control.no_mask"
    plain = wd.load_controlnet(written(tmp_path, "sd3-plain", control_nets.sd3_control()))
    with pytest.raises(wd.ParameterError) as caught:
        steered(sd3.prompts, plain, picture, vae=sd3.vae, mask=mask)
    assert caught.value.code == "control.takes_no_mask"


# --- Flux ---


class FluxSide:
    """A Flux model on both sides."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.made = families.tiny_flux(folder / f"flux-control-{seed}.safetensors", seed=seed)
        self.made.vae.register_to_config(scaling_factor=0.3611, shift_factor=0.1159)
        self.model, clip, self.vae = wd.load_checkpoint(self.made.path)
        text = wd.encode_text(clip, "a red circle")
        self.text = wd.Conditioning((replace(text.entries[0], guidance=2.0),))

    def expected(self, control: Any, image: Any, scale: Any, **more: Any) -> torch.Tensor:
        from diffusers import FlowMatchEulerDiscreteScheduler, FluxControlNetPipeline

        pipe = FluxControlNetPipeline(
            scheduler=FlowMatchEulerDiscreteScheduler(shift=1.0),
            vae=self.made.vae,
            text_encoder=None,
            tokenizer=None,
            text_encoder_2=None,
            tokenizer_2=None,
            transformer=self.made.network,
            controlnet=control,
        )
        pipe.set_progress_bar_config(disable=True)
        entry = self.text.entries[0]
        packed = pipe(
            prompt_embeds=entry.tokens,
            pooled_prompt_embeds=entry.pooled,
            sigmas=schedule_sigmas("simple", sampling_of(self.model).table(), STEPS)[:-1],
            guidance_scale=2.0,
            control_image=image,
            controlnet_conditioning_scale=scale,
            height=SIDE,
            width=SIDE,
            latents=pipe._pack_latents(seeded_noise(SEED, 1, 16, 8, 8), 1, 16, 8, 8),
            output_type="latent",
            **more,
        ).images
        found: torch.Tensor = pipe._unpack_latents(packed, SIDE, SIDE, 8)
        return found

    def got(self, *uses: Any) -> torch.Tensor:
        held = (self.text,)
        for net, image, *more in uses:
            held = steered(held, net, image, *more, vae=self.vae)
        return FLUX.to_network(sampled(self.model, (held[0], held[0]), cfg=1.0).samples)


@pytest.fixture(scope="module")
def flux(tmp_path_factory: pytest.TempPathFactory) -> FluxSide:
    return FluxSide(tmp_path_factory.mktemp("flux"), seed=61)


@pytest.mark.parametrize(
    ("layout", "layers", "guided"),
    [("file", (1, 1), True), ("folder", (2, 0), False), ("file", (2, 2), True)],
)
def test_flux_controlnet_matches_diffusers(
    flux: FluxSide, picture: torch.Tensor, tmp_path: Path, layout: str, layers: Any, guided: bool
) -> None:
    network = control_nets.flux_control(layers=layers, guided=guided)
    net = wd.load_controlnet(written(tmp_path, "flux-net", network, layout))
    assert net.family == "flux"
    expected = flux.expected(network, centred(picture), 0.7)
    assert difference(flux.got((net, picture, 0.7)), expected) < TOLERANCE
    assert difference(flux.got(), expected) > ACTS


def test_two_flux_controlnets_match_diffusers(
    flux: FluxSide, picture: torch.Tensor, tmp_path: Path
) -> None:
    from diffusers import FluxMultiControlNetModel

    networks = [control_nets.flux_control(seed=seed, modes=3) for seed in (72, 73)]
    nets = [wd.load_controlnet(written(tmp_path, f"n{i}", n)) for i, n in enumerate(networks)]
    nets = [set_control_type(nets[0], "tile"), set_control_type(nets[1], "depth")]
    other = picture.flip(1)
    expected = flux.expected(
        FluxMultiControlNetModel(networks),
        [centred(picture), centred(other)],
        [0.7, 0.4],
        control_mode=[1, 2],
    )
    got = flux.got((nets[0], picture, 0.7), (nets[1], other, 0.4))
    assert difference(got, expected) < TOLERANCE


def test_flux_union_controlnet_follows_the_kind_it_is_told(
    flux: FluxSide, picture: torch.Tensor, tmp_path: Path
) -> None:
    network = control_nets.flux_control(modes=7, seed=74)
    net = wd.load_controlnet(written(tmp_path, "flux-union", network))
    told = {name: set_control_type(net, name) for name in ("openpose", "low quality")}
    found = {name: flux.got((each, picture, 0.8)) for name, each in told.items()}
    for name, mode in (("openpose", 4), ("low quality", 6)):
        expected = flux.expected(network, centred(picture), 0.8, control_mode=mode)
        assert difference(found[name], expected) < TOLERANCE
    silent = flux.got((net, picture, 0.8))
    assert silent.isfinite().all()
    assert difference(silent, found["openpose"]) > 10 * TOLERANCE
    with pytest.raises(wd.ModelError, match="segment"):
        set_control_type(net, "segment")
    plain = wd.load_controlnet(written(tmp_path, "flux-plain", control_nets.flux_control()))
    with pytest.raises(wd.ModelError, match="one type"):
        set_control_type(plain, "depth")


@pytest.mark.parametrize("layout", ["file", "xlabs"])
def test_flux_controlnet_with_pixels_matches_diffusers(
    flux: FluxSide, picture: torch.Tensor, tmp_path: Path, layout: str
) -> None:
    network = control_nets.flux_control(hint=True, layers=(2, 0))
    if layout == "xlabs":
        path = tmp_path / "xlabs.safetensors"
        save_tensors(
            path, {k: v.contiguous() for k, v in control_nets.xlabs_tensors(network).items()}
        )
    else:
        path = written(tmp_path, "flux-pixels", network)
    net = wd.load_controlnet(path)
    expected = flux.expected(network, centred(picture), 0.7)
    held = wd.apply_control(flux.text, net, picture, 0.7)  # no VAE: it takes pixels
    got = FLUX.to_network(sampled(flux.model, (held, held), cfg=1.0).samples)
    assert difference(got, expected) < TOLERANCE
    assert difference(flux.got(), expected) > ACTS


def test_flux_controlnets_keep_odd_sizes(
    flux: FluxSide, picture: torch.Tensor, tmp_path: Path
) -> None:
    for number, network in enumerate(
        (control_nets.flux_control(), control_nets.flux_control(hint=True))
    ):
        net = wd.load_controlnet(written(tmp_path, f"odd{number}", network))
        held = wd.apply_control(flux.text, net, picture, vae=flux.vae)
        found = sampled(flux.model, (held, held), cfg=1.0, width=72, height=56).samples
        assert found.shape == (1, 16, 7, 9)
        assert found.isfinite().all()


def test_flux_inpainting_controlnet_matches_its_modules(
    flux: FluxSide, picture: torch.Tensor, mask: torch.Tensor, tmp_path: Path
) -> None:
    """diffusers has no pipeline for it; its modules are the reference, called for one step."""
    from diffusers import FluxPipeline

    network = control_nets.flux_control(extra=1, seed=77)
    net = wd.load_controlnet(written(tmp_path, "flux-inpaint", network))
    held = wd.apply_control(flux.text, net, picture, 0.7, vae=flux.vae, mask=mask)
    got = wd.sample(
        flux.model, held, held, wd.empty_latent(SIDE, SIDE), seed=SEED, steps=1, cfg=1.0,
        sampler_name="euler", scheduler="simple",
    )  # fmt: skip
    noise, entry = seeded_noise(SEED, 1, 16, 8, 8), flux.text.entries[0]
    told = {
        "hidden_states": FluxPipeline._pack_latents(noise, 1, 16, 8, 8),
        "timestep": torch.ones(1),
        "guidance": torch.tensor([2.0]),
        "pooled_projections": entry.pooled,
        "encoder_hidden_states": entry.tokens,
        "txt_ids": torch.zeros(entry.tokens.shape[1], 3),
        "img_ids": FluxPipeline._prepare_latent_image_ids(1, 4, 4, "cpu", torch.float32),
        "return_dict": False,
    }
    blackened = picture * (1 - mask[..., None])
    with torch.no_grad():
        latents = flux.made.vae.encode(centred(blackened)).latent_dist.mean
        seen = torch.cat([(latents - 0.1159) * 0.3611, 1 - mask[:, None, ::8, ::8]], dim=1)
        packed = FluxPipeline._pack_latents(seen, 1, 17, 8, 8)
        double, single = network(controlnet_cond=packed, conditioning_scale=0.7, **told)
        velocity = flux.made.network(
            controlnet_block_samples=double, controlnet_single_block_samples=single, **told
        )[0]
    expected = noise - FluxPipeline._unpack_latents(velocity, SIDE, SIDE, 8)
    assert difference(FLUX.to_network(got.samples), expected) < TOLERANCE


# --- what does not fit ---


def test_transformer_controlnet_without_a_vae_is_refused(
    flux: FluxSide, picture: torch.Tensor, tmp_path: Path
) -> None:
    net = wd.load_controlnet(written(tmp_path, "no-vae", control_nets.flux_control()))
    with pytest.raises(wd.ParameterError) as caught:
        wd.apply_control(flux.text, net, picture)
    assert caught.value.code == "control.no_vae"


def test_transformer_controlnet_of_another_family_is_refused_with_both_named(
    flux: FluxSide, sd3: SD3Side, picture: torch.Tensor, tmp_path: Path
) -> None:
    for network, words in (
        (control_nets.sd3_control(), "SD3"),
        (control_nets.pixart_control(), "PixArt"),
    ):
        net = wd.load_controlnet(written(tmp_path, words, network))
        held = wd.apply_control(flux.text, net, picture, vae=flux.vae)
        with pytest.raises(wd.ModelError) as caught:
            sampled(flux.model, (held, held), cfg=1.0)
        assert caught.value.code == "model.kinds_do_not_fit"
        assert words in str(caught.value)
        assert "Flux" in str(caught.value)


def test_vae_of_another_family_is_refused_with_both_named(
    flux: FluxSide, sd3: SD3Side, picture: torch.Tensor, tmp_path: Path
) -> None:
    net = wd.load_controlnet(written(tmp_path, "other-vae", control_nets.flux_control()))
    held = wd.apply_control(flux.text, net, picture, vae=sd3.vae)
    with pytest.raises(wd.ModelError) as caught:
        sampled(flux.model, (held, held), cfg=1.0)
    assert caught.value.code == "model.kinds_do_not_fit"
    assert "sd3" in str(caught.value)


def test_controlnet_acts_in_its_window_only(
    sd3: SD3Side, picture: torch.Tensor, tmp_path: Path
) -> None:
    net = wd.load_controlnet(written(tmp_path, "window", control_nets.sd3_control(seed=75)))
    plain = sampled(sd3.model, sd3.prompts).samples
    late = steered(sd3.prompts, net, picture, 1.0, 0.999, 1.0, vae=sd3.vae)
    whole = steered(sd3.prompts, net, picture, 1.0, vae=sd3.vae)
    assert torch.equal(sampled(sd3.model, late).samples, plain)
    assert difference(sampled(sd3.model, whole).samples, plain) > ACTS
