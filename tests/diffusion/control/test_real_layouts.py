"""Published layouts of ControlNets, T2I-Adapters, unCLIP and GLIGEN: full size, without weights.

Configurations are those of the published files' config.json, or of their authors' code.
"""

from __future__ import annotations

from typing import Any

import pytest

from weft.diffusion.formats import shapes as rules
from weft.diffusion.formats.gligen_names import gligen_plan, is_gligen
from weft.diffusion.formats.ldm import to_ldm
from weft.diffusion.formats.pieces import planned_shapes, renamed
from weft.diffusion.formats.plans import network_plan
from weft.diffusion.formats.t2i_names import t2i_names
from weft.diffusion.networks import configuring
from weft.diffusion.networks.identify import identify

from ... import control_nets
from ..families.test_real_layouts import SD2, SDXL, on_meta, shapes_of

pytestmark = pytest.mark.filterwarnings("ignore:`FluxPosEmbed`:FutureWarning")

FLUX = {"in_channels": 64, "attention_head_dim": 128, "num_attention_heads": 24}
SD3 = {"num_attention_heads": 24, "caption_projection_dim": 1536, "pos_embed_max_size": 192}
NETS: dict[str, tuple[str, dict[str, Any], str]] = {
    "InstantX SD3": ("SD3ControlNetModel", {**SD3, "num_layers": 6}, "sd3"),
    "AliMama SD3": (
        "SD3ControlNetModel",
        {**SD3, "num_layers": 23, "extra_conditioning_channels": 1},
        "sd3",
    ),
    "Stability SD3.5": (
        "SD3ControlNetModel",
        {
            "num_layers": 19,
            "num_attention_heads": 38,
            "joint_attention_dim": None,
            "caption_projection_dim": 2048,
            "use_pos_embed": False,
            "pos_embed_type": None,
            "force_zeros_for_pooled_projection": False,
        },
        "sd3",
    ),
    "InstantX Flux canny": (
        "FluxControlNetModel",
        {**FLUX, "num_layers": 6, "num_single_layers": 0, "guidance_embeds": True},
        "flux",
    ),
    "InstantX Flux union": (
        "FluxControlNetModel",
        {**FLUX, "num_layers": 5, "num_single_layers": 10, "guidance_embeds": True, "num_mode": 10},
        "flux",
    ),
    "XLabs Flux": (
        "FluxControlNetModel",
        {
            **FLUX,
            "num_layers": 2,
            "num_single_layers": 0,
            "guidance_embeds": True,
            "patch_size": 2,
            "conditioning_embedding_channels": 16,
        },
        "flux",
    ),
    "xinsir SDXL union": (
        "ControlNetUnionModel",
        {
            **{k: v for k, v in SDXL.items() if k != "up_block_types"},
            "conditioning_embedding_out_channels": (16, 32, 96, 256),
            "num_control_type": 8,
        },
        "sdxl",
    ),
}
CLASSES = {"sd3": "sd3_controlnet", "flux": "flux_controlnet", "sdxl": "controlnet_union"}


@pytest.mark.parametrize("name", NETS)
def test_published_controlnet_is_told_and_built_from_its_shapes(name: str) -> None:
    kind, config, family = NETS[name]
    network = on_meta(kind, **config)
    state = shapes_of(network.state_dict())
    found = identify(state)
    assert (found.kind, found.family, found.layout) == ("controlnet", family, "diffusers")
    assert configuring.network_class("controlnet", state) == CLASSES[family]
    told = configuring.network_config("controlnet", state)
    beside = told.pop("extra_conditioning_channels", 0)
    if kind == "SD3ControlNetModel":
        told["extra_conditioning_channels"] = beside
    again = on_meta(kind, **told)
    assert shapes_of(again.state_dict()) == state
    keys = ("num_attention_heads", "attention_head_dim", "axes_dims_rope", "num_trans_head")
    for key in (*keys, "patch_size", "force_zeros_for_pooled_projection"):
        if key in network.config and network.config[key] is not None:
            mine = again.config[key]
            theirs = network.config[key]
            assert (list(mine) if isinstance(mine, (list, tuple)) else mine) == (
                list(theirs) if isinstance(theirs, (list, tuple)) else theirs
            ), key


@pytest.mark.parametrize("name", ["XLabs Flux", "Stability SD3.5"])
def test_controlnet_in_its_authors_names_is_read_whole(name: str) -> None:
    kind, config, family = NETS[name]
    network = on_meta(kind, **config)
    tensors = {"flux": control_nets.xlabs_tensors, "sd3": control_nets.stability_tensors}[family]
    published = shapes_of(tensors(network))
    found = identify(published)
    assert (found.kind, found.family, found.layout) == ("controlnet", family, "ldm")
    plan = network_plan(f"{family}_controlnet", "ldm", "", published)
    assert planned_shapes(plan, published) == shapes_of(network.state_dict())


@pytest.mark.parametrize(
    ("kind", "config", "family"),
    [
        ("full_adapter", {"channels": [320, 640, 1280, 1280]}, "sd1"),
        ("full_adapter", {"channels": [320, 640, 1280, 1280], "in_channels": 1}, "sd1"),
        ("light_adapter", {"channels": [320, 640, 1280], "num_res_blocks": 4}, "sd1"),
        ("full_adapter_xl", {"channels": [320, 640, 1280, 1280], "downscale_factor": 16}, "sdxl"),
    ],
    ids=["full", "sketch", "light", "SDXL"],
)
def test_published_t2i_adapter_is_told_and_built_from_its_shapes(
    kind: str, config: dict[str, Any], family: str
) -> None:
    network = on_meta("T2IAdapter", adapter_type=kind, **config)
    state = shapes_of(network.state_dict())
    found = identify(state)
    assert (found.kind, found.family) == ("t2i_adapter", family)
    assert planned_shapes(renamed(t2i_names(state)), state) == state
    told = configuring.network_config("t2i_adapter", state)
    again = on_meta("T2IAdapter", **told | {"channels": list(told["channels"])})
    assert shapes_of(again.state_dict()) == state
    assert told["adapter_type"] == kind
    assert again.total_downscale_factor == network.total_downscale_factor


@pytest.mark.parametrize("width", [2048, 1536], ids=["H", "L"])
def test_published_unclip_unet_is_told_from_sdxls(width: int) -> None:
    unet = on_meta(
        "UNet2DConditionModel",
        **SD2,
        class_embed_type="projection",
        projection_class_embeddings_input_dim=width,
    )
    state = shapes_of(unet.state_dict())
    stored = shapes_of(to_ldm("unet", unet.state_dict(), prefix=True))
    for shapes in (state, stored):
        found = identify(shapes)
        assert (found.family, found.variant) == ("sd2", "unclip")
        assert found.facts is not None
        assert found.facts.classes == width
    plan = network_plan("unet", "ldm", "model.diffusion_model.", stored)
    assert planned_shapes(plan, stored) == state
    assert rules.unet_config(state)["projection_class_embeddings_input_dim"] == width


def test_published_gligen_network_is_read_alone_and_in_its_unet() -> None:
    unet = on_meta("UNet2DConditionModel", attention_type="gated", cross_attention_dim=768)
    whole = shapes_of(unet.state_dict())
    alone = {n: s for n, s in whole.items() if ".fuser." in n or n.startswith("position_net.")}
    assert identify(alone).kind == "gligen"
    for shapes in (whole, alone):
        assert is_gligen(shapes)
        told = configuring.network_config("gligen", planned_shapes(gligen_plan(shapes), shapes))
        down = (320, 320, 640, 640, 1280, 1280)
        up = (1280,) * 3 + (640,) * 3 + (320,) * 3
        assert told == {"text_width": 768, "widths": (*down, 1280, *up), "heads": 8}


SO400M = {
    "hidden_size": 1152, "intermediate_size": 4304, "num_hidden_layers": 27, "patch_size": 14,
}  # fmt: skip


@pytest.mark.parametrize(
    ("config", "places", "heads"),
    [
        ({**SO400M, "image_size": 384}, 729, 16),
        ({**SO400M, "image_size": 224}, 256, 16),
        ({"image_size": 512}, 1024, 12),
    ],
    ids=["so400m 384", "so400m 224", "base 512"],
)
def test_published_siglip_is_told_and_built_from_its_shapes(
    config: dict[str, Any], places: int, heads: int
) -> None:
    import torch
    from transformers import SiglipVisionConfig, SiglipVisionModel

    made = SiglipVisionConfig(**config, num_attention_heads=heads)
    with torch.device("meta"):
        network = SiglipVisionModel(made)
    state = shapes_of(network.state_dict())
    assert state["embeddings.position_embedding.weight"][0] == places
    assert identify({f"vision_model.{n}": s for n, s in state.items()}).family == "siglip"
    told = configuring.network_config("clip_vision", state)
    for key, value in told.items():
        if key != "vision_use_head":
            assert getattr(made, key) == value, key


def test_published_redux_is_told_from_its_shapes() -> None:
    wide = 3 * 4096
    shapes = {
        "redux_up.weight": (wide, 1152), "redux_up.bias": (wide,),
        "redux_down.weight": (4096, wide), "redux_down.bias": (4096,),
    }  # fmt: skip
    assert identify(shapes).kind == "style_model"
    told = configuring.network_config("redux", shapes)
    assert told == {"redux_dim": 1152, "txt_in_features": 4096}


@pytest.mark.parametrize("patch", [(1152, 588), (1152, 3, 0, 0), (0, 3, 14, 14)])
def test_siglip_of_another_layout_is_refused_by_name(patch: tuple[int, ...]) -> None:
    from weft.diffusion.errors import ModelError

    state = {
        "embeddings.patch_embedding.weight": patch,
        "embeddings.position_embedding.weight": (256, 1152),
        "encoder.layers.0.mlp.fc1.weight": (4304, 1152),
        "post_layernorm.weight": (1152,),
    }
    with pytest.raises(ModelError) as caught:
        configuring.network_config("clip_vision", state)
    assert caught.value.code == "model.unsupported_layout"
