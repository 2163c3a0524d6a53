"""GLIGEN's boxes against diffusers: same weights, noise, words and places."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import pytest
import torch

import weft.diffusion as wd
from weft.diffusion.files.saving import save_checkpoint, save_tensors
from weft.diffusion.formats.ldm import to_ldm
from weft.diffusion.grounding.gligen import add_box, empty_boxes

from .. import models
from .pipelines import ABSOLUTE, BETAS, difference, prompt_arguments, seeded_noise

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

STEPS, CFG, SEED, SIDE = 4, 4.0, 11, 64
BOXES = {"red circle": (8, 16, 32, 24), "blue square": (40, 0, 24, 40)}


class Side(NamedTuple):
    """A model with GLIGEN's layers on both sides."""

    model: wd.Model
    clip: wd.Clip
    net: Any
    unet: Any
    autoencoder: Any
    encoder: Any


def gated_unet(seed: int = 120) -> Any:
    """A random SD1.x UNet with GLIGEN's layers, whose gates are open."""
    from diffusers import UNet2DConditionModel

    config = {k: v for k, v in models.tiny_unet().config.items() if not k.startswith("_")}
    torch.manual_seed(seed)
    unet = UNet2DConditionModel(**{**config, "attention_type": "gated"})
    with torch.no_grad():
        for name, parameter in unet.named_parameters():
            if name.endswith(("alpha_attn", "alpha_dense")):
                parameter.fill_(0.8)
            elif "null_" in name:
                parameter.normal_()
    return unet.eval()


def is_gligen(name: str) -> bool:
    return ".fuser." in name or name.startswith("position_net.")


def pruned(state: dict[str, Any]) -> dict[str, Any]:
    """GLIGEN's tensors alone, in the names of its authors."""
    plain = {k: v for k, v in state.items() if not is_gligen(k)}
    names = dict(zip(plain, to_ldm("unet", {k: k for k in plain}), strict=True))  # type: ignore[type-var]
    result = {k: v for k, v in state.items() if k.startswith("position_net.")}
    for name, tensor in state.items():
        if ".fuser." in name:
            block, _, rest = name.partition(".fuser.")
            theirs = names[f"{block}.norm1.weight"].removesuffix(".norm1.weight")
            result[f"{theirs}.fuser.{rest}"] = tensor
    return result


@pytest.fixture(scope="module")
def side(tmp_path_factory: pytest.TempPathFactory) -> Side:
    folder = tmp_path_factory.mktemp("gligen")
    unet, autoencoder = gated_unet(), models.tiny_vae(seed=121)
    encoder = models.tiny_text_encoder(seed=122)
    state = unet.state_dict()
    save_checkpoint(
        folder / "sd1.safetensors",
        {k: v for k, v in state.items() if not is_gligen(k)},
        autoencoder.state_dict(),
        encoder.state_dict(),
        metadata={"tokenizer": models.word_tokenizer()},
    )
    save_tensors(folder / "gligen.safetensors", pruned(state))
    model, clip, _ = wd.load_checkpoint(folder / "sd1.safetensors")
    net = wd.load_gligen(folder / "gligen.safetensors")
    return Side(model, clip, net, unet, autoencoder, encoder)


@pytest.fixture(scope="module")
def texts(side: Side) -> tuple[wd.Conditioning, wd.Conditioning]:
    return wd.encode_text(side.clip, "a red circle"), wd.encode_text(side.clip, "a photo")


def boxed(side: Side, prompt: wd.Conditioning) -> wd.Conditioning:
    for words, (x, y, width, height) in BOXES.items():
        prompt = add_box(prompt, side.clip, side.net, words, x, y, width, height)
    return prompt


def sampled(model: wd.Model, prompts: Any, cfg: float = CFG) -> wd.Latent:
    return wd.sample(
        model,
        *prompts,
        wd.empty_latent(SIDE, SIDE),
        seed=SEED,
        steps=STEPS,
        cfg=cfg,
        sampler_name="euler",
        scheduler="simple",
    )


class Words:
    """A tokenizer as the pipeline calls it, for phrases of two known words."""

    def __call__(self, phrases: list[str], **_: Any) -> Any:
        from transformers import BatchEncoding

        ids = [[0, *(3 + models.WORDS.index(w) for w in p.split()), 1] for p in phrases]
        return BatchEncoding({"input_ids": torch.tensor(ids)})


def expected(side: Side, prompts: Any, cfg: float) -> torch.Tensor:
    from diffusers import EulerDiscreteScheduler, StableDiffusionGLIGENPipeline

    # This pipeline takes no sigmas: "trailing" visits ours. It starts from noise * sigma.
    scheduler = EulerDiscreteScheduler(**BETAS, timestep_spacing="trailing")
    scheduler.set_timesteps(STEPS)
    sigma = float(scheduler.sigmas[0])
    pipe = StableDiffusionGLIGENPipeline(
        vae=side.autoencoder,
        text_encoder=side.encoder,
        tokenizer=Words(),
        unet=side.unet,
        scheduler=scheduler,
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    pipe.set_progress_bar_config(disable=True)
    places = [
        [x / SIDE, y / SIDE, (x + width) / SIDE, (y + height) / SIDE]
        for x, y, width, height in BOXES.values()
    ]
    found: torch.Tensor = pipe(
        **prompt_arguments(*prompts),
        gligen_phrases=list(BOXES),
        gligen_boxes=places,
        gligen_scheduled_sampling_beta=1.0,
        num_inference_steps=STEPS,
        guidance_scale=cfg,
        height=SIDE,
        width=SIDE,
        latents=seeded_noise(SEED, 1, 4, 8, 8) * (1 + sigma**2) ** 0.5 / sigma,
        output_type="latent",
    ).images
    return found


@pytest.mark.parametrize("cfg", [1.0, CFG])
def test_gligen_boxes_match_diffusers(side: Side, texts: Any, cfg: float) -> None:
    reference = expected(side, texts, cfg)
    held = boxed(side, texts[0]), empty_boxes(texts[1], side.net)
    assert difference(sampled(side.model, held, cfg), reference) < ABSOLUTE
    assert difference(sampled(side.model, texts, cfg), reference) > 10 * ABSOLUTE


def test_negative_is_shown_the_boxes_of_the_positive(side: Side, texts: Any) -> None:
    alone = sampled(side.model, (boxed(side, texts[0]), texts[1])).samples
    both = sampled(side.model, (boxed(side, texts[0]), boxed(side, texts[1]))).samples
    empty = (boxed(side, texts[0]), empty_boxes(texts[1], side.net))
    assert torch.equal(alone, both)
    assert not torch.equal(alone, sampled(side.model, empty).samples)


def test_gligen_leaves_the_shared_unet_as_it_was(side: Side, texts: Any) -> None:
    before = sampled(side.model, texts).samples
    sampled(side.model, (boxed(side, texts[0]), texts[1]))
    assert torch.equal(sampled(side.model, texts).samples, before)


def test_gligen_inside_of_a_unet_is_the_same(side: Side, texts: Any, tmp_path: Path) -> None:
    save_tensors(tmp_path / "whole.safetensors", side.unet.state_dict())
    whole = wd.load_gligen(tmp_path / "whole.safetensors")
    found = []
    for net in (side.net, whole):
        held = add_box(texts[0], side.clip, net, "red circle", 8, 8, 32, 32)
        found.append(sampled(side.model, (held, texts[1])).samples)
    assert torch.equal(*found)


def test_gligen_of_another_unet_is_refused(side: Side, texts: Any, tmp_path: Path) -> None:
    wide = models.tiny_sd1(tmp_path / "wide.safetensors", seed=123)
    model, clip, _ = wd.load_checkpoint(wide)
    state = {k: v for k, v in gated_unet(seed=124).state_dict().items() if is_gligen(k)}
    last = [k for k in state if "up_blocks" in k]
    save_tensors(tmp_path / "less.safetensors", {k: v for k, v in state.items() if k not in last})
    net = wd.load_gligen(tmp_path / "less.safetensors")
    held = add_box(wd.encode_text(clip, "red"), clip, net, "red", 0, 0, 8, 8)
    with pytest.raises(wd.ModelError) as caught:
        sampled(model, (held, texts[1]))
    assert caught.value.code == "model.kinds_do_not_fit"
    assert "less.safetensors" in str(caught.value)
    assert "wide.safetensors" in str(caught.value)
    with pytest.raises(wd.ModelError) as caught:
        wd.load_gligen(wide)
    assert "GLIGEN" in str(caught.value)


def test_boxes_that_are_none_or_too_many_are_refused(side: Side, texts: Any) -> None:
    with pytest.raises(wd.ParameterError, match="no box"):
        add_box(texts[0], side.clip, side.net, "red", 0, 0, 4, 8)
    prompt = texts[0]
    for _ in range(30):
        prompt = add_box(prompt, side.clip, side.net, "red", 0, 0, 8, 8)
    with pytest.raises(wd.ParameterError, match="so many"):
        add_box(prompt, side.clip, side.net, "red", 0, 0, 8, 8)
