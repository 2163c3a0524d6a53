"""unCLIP models of SD2.1 against diffusers, and pictures in place of SDXL's pooled text."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import torch

import weft.diffusion as wd
from weft.diffusion.families import sampling_of
from weft.diffusion.image_prompts.image_encoder import embed_image
from weft.diffusion.image_prompts.unclip import add_pictures
from weft.diffusion.types import ImageEmbeds, ImagePrompt

from .. import families, models
from .pipelines import ABSOLUTE, BETAS, difference, prompt_arguments, seeded_noise

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

STEPS, CFG, SEED, SIDE = 4, 5.0, 43, 64
LEVEL = 250


class Side(NamedTuple):
    """An unCLIP model on both sides."""

    path: Path
    network: Any
    autoencoder: Any
    encoder: Any
    vision: Any
    statistics: tuple[torch.Tensor, torch.Tensor]


def open_clip_vision_tensors(vision: Any, prefix: str) -> dict[str, Any]:
    """A CLIP image encoder in OpenCLIP's names."""
    state = {k.removeprefix("vision_model."): v for k, v in vision.state_dict().items()}
    result = {
        "conv1.weight": state["embeddings.patch_embedding.weight"],
        "class_embedding": state["embeddings.class_embedding"],
        "positional_embedding": state["embeddings.position_embedding.weight"],
        "proj": state["visual_projection.weight"].T,
    }
    for end in ("weight", "bias"):
        result[f"ln_pre.{end}"] = state[f"pre_layrnorm.{end}"]
        result[f"ln_post.{end}"] = state[f"post_layernorm.{end}"]
        for layer in range(vision.config.num_hidden_layers):
            old, new = f"encoder.layers.{layer}.", f"transformer.resblocks.{layer}."
            joined = [state[f"{old}self_attn.{part}_proj.{end}"] for part in "qkv"]
            result[f"{new}attn.in_proj_{end}"] = torch.cat(joined)
            for theirs, ours in (
                ("attn.out_proj", "self_attn.out_proj"),
                ("ln_1", "layer_norm1"),
                ("ln_2", "layer_norm2"),
                ("mlp.c_fc", "mlp.fc1"),
                ("mlp.c_proj", "mlp.fc2"),
            ):
                result[f"{new}{theirs}.{end}"] = state[f"{old}{ours}.{end}"]
    return {prefix + name: tensor.contiguous() for name, tensor in result.items()}


@pytest.fixture(scope="module")
def side(tmp_path_factory: pytest.TempPathFactory) -> Side:
    path = tmp_path_factory.mktemp("unclip") / "unclip.safetensors"
    network = families.unet(
        cross_attention_dim=families.G_WIDTH,
        class_embed_type="projection",
        projection_class_embeddings_input_dim=2 * models.IMAGE_WIDTH,
        seed=90,
    )
    autoencoder = models.tiny_vae(seed=91)
    encoder = families.text_encoder(families.G_WIDTH, act="gelu", seed=92)
    vision = models.tiny_clip_vision_model(seed=93)
    draw = torch.Generator().manual_seed(94)
    mean = torch.randn(1, models.IMAGE_WIDTH, generator=draw)
    spread = torch.rand(1, models.IMAGE_WIDTH, generator=draw) + 0.5
    unet = families.ldm("unet", network)
    assert any(".label_emb.0.0." in name for name in unet)
    families.write(
        path,
        unet,
        families.ldm("vae", autoencoder),
        families.open_clip_tensors(encoder, "cond_stage_model.model."),
        open_clip_vision_tensors(vision, "embedder.model.visual."),
        {"noise_augmentor.data_mean": mean, "noise_augmentor.data_std": spread},
        metadata={"modelspec.prediction_type": "v_prediction"},
    )
    return Side(path, network, autoencoder, encoder, vision, (mean, spread))


@pytest.fixture(scope="module")
def picture() -> torch.Tensor:
    return torch.rand(1, SIDE, SIDE, 3, generator=torch.Generator().manual_seed(95))


def sampled(model: wd.Model, prompts: Any) -> wd.Latent:
    return wd.sample(
        model,
        *prompts,
        wd.empty_latent(SIDE, SIDE),
        seed=SEED,
        steps=STEPS,
        cfg=CFG,
        sampler_name="euler",
        scheduler="simple",
    )


def prompts_of(clip: wd.Clip) -> tuple[wd.Conditioning, wd.Conditioning]:
    return wd.encode_text(clip, "a red circle"), wd.encode_text(clip, "blue square")


def expected(side: Side, prompts: Any, embeds: torch.Tensor, level: int) -> torch.Tensor:
    from diffusers import DDPMScheduler, EulerDiscreteScheduler, StableUnCLIPImg2ImgPipeline
    from diffusers.pipelines.stable_diffusion.stable_unclip_image_normalizer import (
        StableUnCLIPImageNormalizer,
    )

    normalizer = StableUnCLIPImageNormalizer(models.IMAGE_WIDTH)
    with torch.no_grad():
        normalizer.mean.copy_(side.statistics[0])
        normalizer.std.copy_(side.statistics[1])
    # This pipeline takes no sigmas: "trailing" visits ours. It takes latents as they are.
    scheduler = EulerDiscreteScheduler(
        **BETAS, prediction_type="v_prediction", timestep_spacing="trailing"
    )
    scheduler.set_timesteps(STEPS)
    sigma = float(scheduler.sigmas[0])
    pipe = StableUnCLIPImg2ImgPipeline(
        feature_extractor=None,
        image_encoder=side.vision,
        image_normalizer=normalizer,
        image_noising_scheduler=DDPMScheduler(beta_schedule="squaredcos_cap_v2"),
        tokenizer=None,
        text_encoder=side.encoder,
        unet=side.network,
        scheduler=scheduler,
        vae=side.autoencoder,
    )
    pipe.set_progress_bar_config(disable=True)
    found: torch.Tensor = pipe(
        **prompt_arguments(*prompts),
        image_embeds=embeds,
        noise_level=level,
        # weft draws the noise of embeddings ten seeds below the picture's
        generator=torch.Generator().manual_seed(SEED - 10),
        num_inference_steps=STEPS,
        guidance_scale=CFG,
        height=SIDE,
        width=SIDE,
        latents=seeded_noise(SEED, 1, 4, 8, 8) * (1 + sigma**2) ** 0.5,
        output_type="latent",
    ).images
    return found


@pytest.mark.parametrize("level", [0, LEVEL])
def test_unclip_matches_diffusers(side: Side, picture: torch.Tensor, level: int) -> None:
    model, clip, _, vision = wd.load_unclip(side.path)
    assert (model.family, sampling_of(model).prediction) == ("sd2", "v_prediction")
    prompts = prompts_of(clip)
    embeds = embed_image(vision, picture)
    held = add_pictures(prompts[0], ImageEmbeds(embeds), noise=level / 999)
    reference = expected(side, prompts, embeds, level)
    assert difference(sampled(model, (held, prompts[1])), reference) < ABSOLUTE
    assert difference(sampled(model, prompts), reference) > 10 * ABSOLUTE


def test_image_encoder_in_open_clip_names_is_the_same(side: Side, picture: torch.Tensor) -> None:
    *_, vision = wd.load_unclip(side.path)
    pixels = torch.rand(1, 3, 32, 32)
    with torch.no_grad():
        one = vision.weights.module(pixel_values=pixels).image_embeds
        other = side.vision(pixel_values=pixels).image_embeds
    assert float((one - other).abs().max()) < 1e-5
    lone = families.write(
        side.path.parent / "vision.safetensors", open_clip_vision_tensors(side.vision, "visual.")
    )
    again = wd.load_clip_vision(lone)
    assert torch.equal(embed_image(again, picture), embed_image(vision, picture))
    squeezed = embed_image(vision, torch.rand(1, 40, 80, 3), crop=False)
    assert squeezed.shape == (1, models.IMAGE_WIDTH)


def test_unclip_folder_holds_the_same(side: Side, picture: torch.Tensor, tmp_path: Path) -> None:
    from diffusers.pipelines.stable_diffusion.stable_unclip_image_normalizer import (
        StableUnCLIPImageNormalizer,
    )

    made = families.Made(tmp_path, side.network, side.autoencoder, (side.encoder,))
    root = families.folder(
        tmp_path / "unclip",
        made,
        ("text_encoder",),
        scheduler={"prediction_type": "v_prediction"},
    )
    side.vision.save_pretrained(root / "image_encoder")
    normalizer = StableUnCLIPImageNormalizer(models.IMAGE_WIDTH)
    normalizer.mean.data, normalizer.std.data = side.statistics
    normalizer.save_pretrained(root / "image_normalizer")
    found = []
    prompts = prompts_of(wd.load_unclip(side.path)[1])
    for path in (side.path, root):
        model, _, _, vision = wd.load_unclip(path)
        shown = ImageEmbeds(embed_image(vision, picture))
        held = add_pictures(prompts[0], shown, strength=0.8, noise=0.3)
        found.append(sampled(model, (held, prompts[1])).samples)
    assert float((found[0] - found[1]).abs().max()) < ABSOLUTE


def test_several_pictures_are_told_as_one_and_each_counts(side: Side) -> None:
    model, clip, _, vision = wd.load_unclip(side.path)
    prompts = prompts_of(clip)
    draw = torch.Generator().manual_seed(96)
    one, other = (ImageEmbeds(embed_image(vision, torch.rand(1, 32, 32, 3, generator=draw)))
                  for _ in range(2))  # fmt: skip
    both = add_pictures(add_pictures(prompts[0], one), other, strength=0.5)
    together = sampled(model, (both, prompts[1])).samples
    alone = sampled(model, (add_pictures(prompts[0], one), prompts[1])).samples
    batch = ImageEmbeds(torch.cat([one.embeds, other.embeds]))
    as_batch = sampled(model, (add_pictures(prompts[0], batch), prompts[1])).samples
    assert together.isfinite().all()
    assert float((together - alone).abs().max()) > ABSOLUTE
    assert float((together - as_batch).abs().max()) > ABSOLUTE
    assert add_pictures(prompts[0], one, strength=0.0) is prompts[0]


def test_picture_takes_the_place_of_sdxls_pooled_text(folder: Path) -> None:
    """Revision: with noise of level 0, what SDXL is told is the embedding and next to no noise."""
    from weft.diffusion.image_prompts.unclip import image_vector

    made = families.tiny_sdxl(folder / "revision.safetensors", seed=97)
    model, clip, _ = wd.load_checkpoint(made.path)
    prompts = prompts_of(clip)
    embeds = torch.randn(1, families.G_WIDTH, generator=torch.Generator().manual_seed(98))
    held = add_pictures(prompts[0], ImageEmbeds(embeds))
    vector = image_vector(held.entries[0].attachments(ImagePrompt), SEED - 10, None, 0.0)
    assert float((vector[:, : families.G_WIDTH] - embeds).abs().max()) < 0.05
    by_hand = wd.Conditioning(
        (replace(prompts[0].entries[0], pooled=vector[:, : families.G_WIDTH]),)
    )
    got = sampled(model, (held, prompts[1])).samples
    assert torch.equal(got, sampled(model, (by_hand, prompts[1])).samples)
    assert not torch.equal(got, sampled(model, prompts).samples)


def test_pictures_are_refused_by_models_that_are_told_none(
    pair: Any, prompts: Any, side: Side
) -> None:
    shown = ImageEmbeds(torch.zeros(1, models.IMAGE_WIDTH))
    with pytest.raises(wd.ModelError, match=r"SD1\.x"):
        sampled(pair.model, (add_pictures(prompts[0], shown), prompts[1]))
    model, clip, *_ = wd.load_unclip(side.path)
    texts = prompts_of(clip)
    wide = ImageEmbeds(torch.zeros(1, 7))
    with pytest.raises(wd.ShapeError, match="another image encoder"):
        sampled(model, (add_pictures(texts[0], wide), texts[1]))
    with pytest.raises(wd.ParameterError):
        add_pictures(texts[0], wide, noise=1.5)


def test_checkpoint_without_image_encoder_is_no_unclip_checkpoint(folder: Path) -> None:
    made = families.tiny_sd2(folder / "no-unclip.safetensors", seed=99)
    with pytest.raises(wd.ModelError, match="no image encoder"):
        wd.load_unclip(made.path)
