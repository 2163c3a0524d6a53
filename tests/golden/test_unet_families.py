"""SD2.x, inpainting, InstructPix2Pix, LCM, Playground and ControlNets against diffusers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

import weft.diffusion as wd
from weft.diffusion.families import sampling_of

from .. import families, models
from .conftest import Pair
from .pipelines import (
    ABSOLUTE,
    BETAS,
    build,
    build_sdxl,
    difference,
    euler_scheduler,
    pooled_arguments,
    prompt_arguments,
    schedule_for,
    seeded_noise,
)

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

STEPS, CFG, SEED, SIDE = 4, 5.0, 3, 64
FLOW = {"height": SIDE, "width": SIDE, "guidance_scale": CFG, "output_type": "latent"}


def sampled(
    model: wd.Model, prompts: Any, latent: wd.Latent | None = None, **more: Any
) -> wd.Latent:
    options = {"sampler_name": "euler", "scheduler": "simple", "steps": STEPS, "cfg": CFG} | more
    return wd.sample(model, *prompts, latent or wd.empty_latent(SIDE, SIDE), seed=SEED, **options)


def both(clip: wd.Clip) -> tuple[wd.Conditioning, wd.Conditioning]:
    return wd.encode_text(clip, "a red circle"), wd.encode_text(clip, "blue square")


# --- SD2.x ---


@pytest.mark.parametrize("prediction", ["epsilon", "v_prediction"])
def test_sd2_txt2img_matches_diffusers(folder: Path, prediction: str) -> None:
    from diffusers import EulerDiscreteScheduler, StableDiffusionPipeline

    made = families.tiny_sd2(
        folder / f"sd2-{prediction}.safetensors",
        metadata={"modelspec.prediction_type": prediction},
    )
    model, clip, _ = wd.load_checkpoint(made.path)
    assert (model.family, clip.family) == ("sd2", "sd2")
    prompts = both(clip)
    scheduler = EulerDiscreteScheduler(
        **BETAS, prediction_type=prediction, timestep_spacing="leading", steps_offset=1
    )
    pipe = StableDiffusionPipeline(
        vae=made.vae,
        text_encoder=made.encoders[0],
        tokenizer=None,
        unet=made.network,
        scheduler=scheduler,
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    pipe.set_progress_bar_config(disable=True)
    expected = pipe(
        **prompt_arguments(*prompts),
        **schedule_for("euler", STEPS),
        **FLOW,
        latents=seeded_noise(SEED, 1, 4, 8, 8),
    ).images
    assert difference(sampled(model, prompts), expected) < ABSOLUTE


def test_sd2_text_is_the_layer_before_the_last_normed(folder: Path) -> None:
    made = families.tiny_sd2(folder / "sd2-text.safetensors")
    _, clip, _ = wd.load_checkpoint(made.path)
    (encoder,) = made.encoders
    with torch.no_grad():
        out = encoder(
            input_ids=torch.tensor([[0, 3, 4, 7, 1] + [0] * 72]), output_hidden_states=True
        )
        norm = getattr(encoder, "text_model", encoder).final_layer_norm
        expected = norm(out.hidden_states[-2])
    got = wd.encode_text(clip, "a red circle").entries[0].tokens
    assert float((got - expected).abs().max()) < 1e-5


def test_sd2_velocity_is_told_by_the_spread_of_one_bias(folder: Path) -> None:
    from weft.diffusion.families.sd2 import _TELLING

    widths = (64, 64, 64, 64)
    for spread, expected in ((0.2, "v_prediction"), (0.02, "eps")):
        network = families.unet(
            cross_attention_dim=families.G_WIDTH,
            widths=widths,
            layers_per_block=2,
            down_block_types=("CrossAttnDownBlock2D",) * 3 + ("DownBlock2D",),
            up_block_types=("UpBlock2D",) + ("CrossAttnUpBlock2D",) * 3,
        )
        state = network.state_dict()
        state[_TELLING].copy_(torch.randn(64, generator=torch.Generator().manual_seed(0)) * spread)
        path = families.write(folder / f"sd2-{spread}.safetensors", families.ldm("unet", network))
        assert sampling_of(wd.load_model(path)).prediction == expected


# --- a picture beside the noise ---


def changed_unet(**changes: Any) -> Any:
    """The tiny SD1.x UNet with another configuration."""
    from diffusers import UNet2DConditionModel

    config = {k: v for k, v in models.tiny_unet(seed=0).config.items() if not k.startswith("_")}
    torch.manual_seed(0)
    return UNet2DConditionModel(**{**config, **changes}).eval()


@pytest.fixture(scope="module")
def picture() -> torch.Tensor:
    return torch.rand(1, SIDE, SIDE, 3, generator=torch.Generator().manual_seed(7))


def test_inpainting_unet_matches_diffusers(
    pair: Pair, prompts: Any, folder: Path, picture: torch.Tensor
) -> None:
    network = changed_unet(in_channels=9)
    path = families.write(folder / "inpaint.safetensors", families.ldm("unet", network))
    model = wd.load_model(path)
    mask = torch.zeros(1, SIDE, SIDE)
    mask[:, 16:40, 8:48] = 1
    masked = picture * (1 - mask[..., None]) + 0.5 * mask[..., None]
    latents = wd.encode_image(pair.vae, masked).samples
    concat = wd.Concat(latents, mask)
    held = tuple(p.attach(concat) for p in prompts)

    pipe = build("StableDiffusionInpaintPipeline", pair, "euler", unet=network)
    expected = pipe(
        **prompt_arguments(*prompts),
        **schedule_for("euler", STEPS),
        **FLOW,
        image=picture.movedim(-1, 1),
        mask_image=mask[:, None],
        masked_image_latents=latents * 0.18215,
        strength=1.0,
        latents=seeded_noise(SEED, 1, 4, 8, 8),
    ).images
    got = sampled(model, held)
    assert difference(got, expected) < ABSOLUTE
    assert difference(sampled(model, prompts), expected) > 10 * ABSOLUTE


def test_instruct_pix2pix_unet_matches_diffusers(
    pair: Pair, prompts: Any, folder: Path, picture: torch.Tensor
) -> None:
    from diffusers import EulerDiscreteScheduler

    network = changed_unet(in_channels=8)
    path = families.write(folder / "edit.safetensors", families.ldm("unet", network))
    model = wd.load_model(path)
    concat = wd.Concat(wd.encode_image(pair.vae, picture).samples)
    held = tuple(p.attach(concat) for p in prompts)

    pipe = build("StableDiffusionInstructPix2PixPipeline", pair, "euler", unet=network)
    # This pipeline takes no sigmas: "trailing" visits ours. It starts from noise * sigma.
    pipe.scheduler = EulerDiscreteScheduler(**BETAS, timestep_spacing="trailing")
    pipe.scheduler.set_timesteps(STEPS)
    sigma = float(pipe.scheduler.sigmas[0])
    expected = pipe(
        **prompt_arguments(*prompts),
        image=picture.movedim(-1, 1),
        num_inference_steps=STEPS,
        guidance_scale=CFG,
        image_guidance_scale=1.0,
        latents=seeded_noise(SEED, 1, 4, 8, 8) * (1 + sigma**2) ** 0.5 / sigma,
        output_type="latent",
    ).images
    assert difference(sampled(model, held), expected) < ABSOLUTE


# --- distilled ---


def test_lcm_unet_matches_diffusers(pair: Pair, prompts: Any, folder: Path) -> None:
    network = changed_unet(time_cond_proj_dim=256)
    path = families.write(folder / "lcm.safetensors", families.ldm("unet", network))
    model = wd.load_model(path)
    assert model.weights.config["time_cond_proj_dim"] == 256
    positive = wd.Conditioning((replace(prompts[0].entries[0], guidance=8.5),))
    pipe = build("StableDiffusionPipeline", pair, "euler", unet=network)
    expected = pipe(
        **{k: v for k, v in prompt_arguments(*prompts).items() if k == "prompt_embeds"},
        **schedule_for("euler", STEPS),
        **FLOW | {"guidance_scale": 8.5},
        latents=seeded_noise(SEED, 1, 4, 8, 8),
    ).images
    got = sampled(model, (positive, prompts[1]), cfg=1.0)
    assert difference(got, expected) < ABSOLUTE


def test_uneven_unet_without_middle_attention_is_read_from_its_shapes(folder: Path) -> None:
    """SSD-1B: fewer and uneven transformer blocks, a middle of one residual block."""
    network = families.sdxl_unet(
        widths=(64, 128, 128),
        layers_per_block=2,
        transformer_layers_per_block=(1, 2, 3),
        reverse_transformer_layers_per_block=((3, 3, 5), (2, 1, 1), 1),
        mid_block_type="UNetMidBlock2D",
    )
    path = families.write(folder / "ssd.safetensors", families.ldm("unet", network))
    model = wd.load_model(path)
    assert model.family == "sdxl"
    loaded = model.weights.module.state_dict()
    reference = network.state_dict()
    assert loaded.keys() == reference.keys()
    assert all(torch.equal(loaded[name], reference[name]) for name in loaded)


# --- Playground ---


def test_playground_matches_diffusers(folder: Path) -> None:
    from diffusers import EDMEulerScheduler, StableDiffusionXLPipeline

    network = families.sdxl_unet()
    path = families.write(
        folder / "playground.safetensors",
        families.ldm("unet", network),
        {"edm_mean": torch.zeros(1, 4, 1, 1), "edm_std": torch.ones(1, 4, 1, 1)},
    )
    model = wd.load_model(path)
    assert model.family == "playground"
    made = families.tiny_sdxl(folder / "playground-text.safetensors")
    prompts = both(wd.load_checkpoint(made.path)[1])
    pipe = build_sdxl(
        StableDiffusionXLPipeline,
        made,
        unet=network,
        scheduler=EDMEulerScheduler(sigma_min=0.002, sigma_max=80.0, sigma_data=0.5),
        add_watermarker=False,
    )
    expected = pipe(
        **pooled_arguments(*prompts),
        num_inference_steps=STEPS,
        latents=seeded_noise(SEED, 1, 4, 8, 8),
        **FLOW,
    ).images
    got = sampled(model, prompts, scheduler="karras")
    from weft.diffusion.vae.format import PLAYGROUND

    assert float((PLAYGROUND.to_network(got.samples) - expected).abs().max()) < ABSOLUTE


# --- ControlNets ---


def control_model(unet: Any, seed: int = 20) -> Any:
    """A random ControlNet for a UNet, whose zero convolutions are not zero."""
    from diffusers import ControlNetModel

    torch.manual_seed(seed)
    net = ControlNetModel.from_unet(unet, conditioning_embedding_out_channels=(16, 32, 32, 32))
    with torch.no_grad():
        for layer in (*net.controlnet_down_blocks, net.controlnet_mid_block):
            torch.nn.init.normal_(layer.weight, std=0.1)
        torch.nn.init.normal_(net.controlnet_cond_embedding.conv_out.weight, std=0.1)
    return net.eval()


@pytest.mark.parametrize("layout", ["diffusers", "ldm"])
def test_sdxl_controlnet_matches_diffusers(
    folder: Path, picture: torch.Tensor, layout: str
) -> None:
    from diffusers import StableDiffusionXLControlNetPipeline

    from weft.diffusion.files.saving import save_tensors

    made = families.tiny_sdxl(folder / f"sdxl-control-{layout}.safetensors")
    model, clip, _ = wd.load_checkpoint(made.path)
    network = control_model(made.network)
    path = folder / f"sdxl-net-{layout}.safetensors"
    state = network.state_dict() if layout == "diffusers" else families.ldm("controlnet", network)
    save_tensors(path, state)
    net = wd.load_controlnet(path)
    assert net.family == "sdxl"
    prompts = both(clip)
    pipe = build_sdxl(
        StableDiffusionXLControlNetPipeline,
        made,
        controlnet=network,
        add_watermarker=False,
    )
    expected = pipe(
        **pooled_arguments(*prompts),
        image=picture.movedim(-1, 1),
        controlnet_conditioning_scale=0.7,
        latents=seeded_noise(SEED, 1, 4, 8, 8),
        **schedule_for("euler", STEPS),
        **FLOW,
    ).images
    held = tuple(wd.apply_control(p, net, picture, 0.7) for p in prompts)
    got = sampled(model, held).samples * 0.13025
    plain = sampled(model, prompts).samples * 0.13025
    assert float((got - expected).abs().max()) < ABSOLUTE
    assert float((plain - expected).abs().max()) > 10 * ABSOLUTE


def test_sd2_controlnet_matches_diffusers(folder: Path, picture: torch.Tensor) -> None:
    from diffusers import StableDiffusionControlNetPipeline

    made = families.tiny_sd2(folder / "sd2-control.safetensors")
    model, clip, _ = wd.load_checkpoint(made.path)
    network = control_model(made.network)
    path = families.write(folder / "sd2-net.safetensors", families.ldm("controlnet", network))
    net = wd.load_controlnet(path)
    assert net.family == "sd2"
    prompts = both(clip)
    pipe = StableDiffusionControlNetPipeline(
        vae=made.vae,
        text_encoder=made.encoders[0],
        tokenizer=None,
        unet=made.network,
        controlnet=network,
        scheduler=euler_scheduler(),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    pipe.set_progress_bar_config(disable=True)
    expected = pipe(
        **prompt_arguments(*prompts),
        **schedule_for("euler", STEPS),
        **FLOW,
        image=picture.movedim(-1, 1),
        controlnet_conditioning_scale=0.7,
        latents=seeded_noise(SEED, 1, 4, 8, 8),
    ).images
    held = tuple(wd.apply_control(p, net, picture, 0.7) for p in prompts)
    assert difference(sampled(model, held), expected) < ABSOLUTE


def test_controlnet_of_another_family_is_refused_with_both_kinds_named(
    pair: Pair, prompts: Any, folder: Path, picture: torch.Tensor
) -> None:
    made = families.tiny_sdxl(folder / "sdxl-other.safetensors")
    path = families.write(
        folder / "sdxl-other-net.safetensors",
        families.ldm("controlnet", control_model(made.network)),
    )
    held = tuple(wd.apply_control(p, wd.load_controlnet(path), picture) for p in prompts)
    with pytest.raises(wd.ModelError) as caught:
        sampled(pair.model, held)
    assert caught.value.code == "model.kinds_do_not_fit"
    assert "SDXL" in str(caught.value)
    assert "SD1.x" in str(caught.value)


def test_inpainting_unet_without_a_picture_paints_over_grey(prompts: Any, folder: Path) -> None:
    from weft.diffusion.control.concat import GREY

    path = families.write(
        folder / "inpaint-grey.safetensors", families.ldm("unet", changed_unet(in_channels=9))
    )
    model = wd.load_model(path)
    grey = torch.tensor(GREY)[None, :, None, None].expand(1, 4, 8, 8) / 0.18215
    concat = wd.Concat(grey, torch.ones(1, 64, 64))
    held = tuple(p.attach(concat) for p in prompts)
    assert difference(sampled(model, prompts), sampled(model, held).samples * 0.18215) < ABSOLUTE
