"""The layouts of the files people have beyond SD1.x, at full size but without weights.

Configurations and counts are facts of the published SD2.1, SDXL, SSD-1B, SD3, SD3.5 and Flux files;
the published names of the transformers are those that diffusers' own converters take.
"""

from __future__ import annotations

from typing import Any

import pytest
import torch

from weft.diffusion.formats import shapes as rules
from weft.diffusion.formats.ldm import to_ldm
from weft.diffusion.formats.pieces import planned_shapes
from weft.diffusion.formats.plans import network_plan
from weft.diffusion.networks import configuring
from weft.diffusion.networks.identify import identify

from ... import families

UNET_PREFIX = "model.diffusion_model."
SDXL = {
    "block_out_channels": (320, 640, 1280),
    "layers_per_block": 2,
    "down_block_types": ("DownBlock2D",) + ("CrossAttnDownBlock2D",) * 2,
    "up_block_types": ("CrossAttnUpBlock2D",) * 2 + ("UpBlock2D",),
    "attention_head_dim": (5, 10, 20),
    "transformer_layers_per_block": (1, 2, 10),
    "use_linear_projection": True,
    "cross_attention_dim": 2048,
    "addition_embed_type": "text_time",
    "addition_time_embed_dim": 256,
    "projection_class_embeddings_input_dim": 2816,
}
REFINER = {
    **SDXL,
    "block_out_channels": (384, 768, 1536, 1536),
    "down_block_types": ("DownBlock2D",) + ("CrossAttnDownBlock2D",) * 2 + ("DownBlock2D",),
    "up_block_types": ("UpBlock2D",) + ("CrossAttnUpBlock2D",) * 2 + ("UpBlock2D",),
    "attention_head_dim": (6, 12, 24, 24),
    "transformer_layers_per_block": 4,
    "cross_attention_dim": 1280,
    "projection_class_embeddings_input_dim": 2560,
}
SD2 = {
    "attention_head_dim": (5, 10, 20, 20),
    "use_linear_projection": True,
    "cross_attention_dim": 1024,
}
SSD_1B = {
    **SDXL,
    "transformer_layers_per_block": (1, 2, 4),
    "reverse_transformer_layers_per_block": ((4, 4, 10), (2, 1, 1), 1),
    "mid_block_type": "UNetMidBlock2D",
}


def shapes_of(tensors: Any) -> dict[str, tuple[int, ...]]:
    return {name: tuple(t.shape) for name, t in tensors.items()}


def on_meta(kind: str, **config: Any) -> Any:
    import diffusers

    with torch.device("meta"):
        return getattr(diffusers, kind)(**config)


@pytest.mark.parametrize(
    ("config", "family", "count"),
    [
        (SD2, "sd2", 686),
        (SDXL, "sdxl", 1680),
        (REFINER, "sdxl_refiner", 1220),
        (SSD_1B, "sdxl", None),
        ({**SDXL, "in_channels": 9}, "sdxl", 1680),
    ],
    ids=["SD2.1", "SDXL", "refiner", "SSD-1B", "SDXL inpainting"],
)
def test_published_unet_is_told_and_built_from_its_shapes(
    config: dict[str, Any], family: str, count: int | None
) -> None:
    unet = on_meta("UNet2DConditionModel", **config)
    state = unet.state_dict()
    stored = shapes_of(to_ldm("unet", state, prefix=True))
    assert count is None or len(stored) == count
    found = identify(stored)
    assert (found.kind, found.family, found.layout) == ("unet", family, "ldm")
    assert identify(shapes_of(state)).family == family
    plan = network_plan("unet", "ldm", UNET_PREFIX, stored)
    assert planned_shapes(plan, stored) == shapes_of(state)
    again = on_meta("UNet2DConditionModel", **rules.unet_config(shapes_of(state)))
    assert shapes_of(again.state_dict()) == shapes_of(state)
    assert tuple(again.config.attention_head_dim) == config["attention_head_dim"]


def test_published_sdxl_unet_has_the_published_names() -> None:
    unet = on_meta("UNet2DConditionModel", **SDXL)
    stored = to_ldm("unet", unet.state_dict(), prefix=True)
    known = {
        "label_emb.0.0.weight": (1280, 2816),
        "label_emb.0.2.bias": (1280,),
        "input_blocks.4.1.transformer_blocks.1.attn2.to_k.weight": (640, 2048),
        "input_blocks.8.1.transformer_blocks.9.ff.net.2.weight": (1280, 5120),
        "middle_block.1.proj_in.weight": (1280, 1280),
        "output_blocks.2.2.conv.weight": (1280, 1280, 3, 3),
        "output_blocks.5.2.conv.weight": (640, 640, 3, 3),
        "output_blocks.8.0.skip_connection.weight": (320, 640, 1, 1),
    }
    assert {name: tuple(stored[UNET_PREFIX + name].shape) for name in known} == known


@pytest.mark.parametrize("guided", [True, False], ids=["dev", "schnell"])
def test_published_flux_is_read_as_diffusers_own_converter_does(guided: bool) -> None:
    from diffusers.loaders.single_file_utils import (
        convert_flux_transformer_checkpoint_to_diffusers as convert,
    )

    network = on_meta("FluxTransformer2DModel", guidance_embeds=guided)
    published = families.flux_tensors(network, UNET_PREFIX)
    assert len(published) == (780 if guided else 776)
    check_transformer("flux", network, published, convert(dict(published)))


@pytest.mark.parametrize("modern", [False, True], ids=["SD3", "SD3.5"])
def test_published_sd3_is_read_as_diffusers_own_converter_does(modern: bool) -> None:
    from diffusers.loaders.single_file_utils import (
        convert_sd3_transformer_checkpoint_to_diffusers as convert,
    )

    size: dict[str, Any] = {
        "num_layers": 24,
        "num_attention_heads": 24,
        "caption_projection_dim": 1536,
        "pos_embed_max_size": 192,
    }
    if modern:
        size |= {"qk_norm": "rms_norm", "dual_attention_layers": tuple(range(13))}
        size["pos_embed_max_size"] = 384
    network = on_meta("SD3Transformer2DModel", **size)
    published = families.sd3_tensors(network, UNET_PREFIX)
    check_transformer("sd3", network, published, convert(dict(published)))


@pytest.mark.parametrize(("sized", "family"), [(True, "pixart_alpha"), (False, "pixart_sigma")])
def test_published_pixart_is_told_and_built_from_its_shapes(sized: bool, family: str) -> None:
    network = on_meta(
        "PixArtTransformer2DModel", caption_channels=4096, use_additional_conditions=sized
    )
    published = families.pixart_tensors(network, tokens=120 if sized else 300)
    check_transformer("pixart", network, published, network.state_dict(), family)


def check_transformer(
    body: str, network: Any, published: Any, converted: Any, family: str | None = None
) -> None:
    stored = shapes_of(published)
    found = identify(stored)
    assert (found.kind, found.family, found.layout) == ("unet", family or body, "ldm")
    plan = network_plan(body, "ldm", found.prefix, stored)
    expected = shapes_of(network.state_dict())
    assert planned_shapes(plan, stored) == shapes_of(converted) == expected
    config = configuring.network_config("transformer", expected)
    again = on_meta(type(network).__name__, **config)
    assert shapes_of(again.state_dict()) == expected
    for key in ("num_attention_heads", "attention_head_dim"):
        assert again.config[key] == network.config[key]
    assert identify(expected).facts is not None


def test_published_text_encoders_are_told_by_their_widths() -> None:
    from weft.diffusion.formats.openclip import open_clip_text

    layers = {"CLIP-H": (1024, 24, "gelu"), "CLIP-G": (1280, 32, "gelu")}
    for width, count, act in layers.values():
        stored: dict[str, tuple[int, ...]] = {
            "token_embedding.weight": (49408, width),
            "positional_embedding": (77, width),
            "ln_final.weight": (width,),
            "ln_final.bias": (width,),
            "text_projection": (width, width),
            "logit_scale": (),
        }
        for i in range(count):
            front = f"transformer.resblocks.{i}."
            stored |= {
                f"{front}attn.in_proj_weight": (3 * width, width),
                f"{front}attn.in_proj_bias": (3 * width,),
                f"{front}attn.out_proj.weight": (width, width),
                f"{front}mlp.c_fc.weight": (4 * width, width),
            }
        config = rules.clip_text_config(planned_shapes(open_clip_text(stored), stored))
        assert (config["num_hidden_layers"], config["hidden_act"]) == (count, act)
        assert (config["num_attention_heads"], config["projection_dim"]) == (width // 64, width)
