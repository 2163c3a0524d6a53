"""The layouts of the files people have, at full size but without weights (meta tensors).

Names, shapes and counts below are facts of the published SD1.5, control_v11p_sd15 and
ip-adapter_sd15 files.
"""

from __future__ import annotations

from typing import Any

import pytest
import torch

from weft.diffusion.formats import shapes as rules
from weft.diffusion.formats.ldm import ldm_to_diffusers_names, to_ldm
from weft.diffusion.image_prompts.ip_adapter import cross_attention_widths
from weft.diffusion.networks.identify import identify


def shapes_of(module: Any) -> dict[str, tuple[int, ...]]:
    return {name: tuple(t.shape) for name, t in module.state_dict().items()}


@pytest.fixture(scope="module")
def unet() -> Any:
    from diffusers import UNet2DConditionModel

    with torch.device("meta"):
        return UNet2DConditionModel(cross_attention_dim=768)  # diffusers' defaults are SD1.5's


@pytest.fixture(scope="module")
def vae() -> Any:
    from diffusers import AutoencoderKL

    with torch.device("meta"):
        return AutoencoderKL(
            block_out_channels=(128, 256, 512, 512),
            layers_per_block=2,
            down_block_types=("DownEncoderBlock2D",) * 4,
            up_block_types=("UpDecoderBlock2D",) * 4,
        )


@pytest.fixture(scope="module")
def text_encoder() -> Any:
    from transformers import CLIPTextConfig, CLIPTextModel

    with torch.device("meta"):
        return CLIPTextModel(
            CLIPTextConfig(
                hidden_size=768,
                intermediate_size=3072,
                num_hidden_layers=12,
                num_attention_heads=12,
            )
        )


def test_sd15_unet_has_the_published_names(unet: Any) -> None:
    stored = to_ldm("unet", unet.state_dict(), prefix=True)
    front = "model.diffusion_model."
    known = {
        "time_embed.0.weight": (1280, 320),
        "input_blocks.0.0.weight": (320, 4, 3, 3),
        "input_blocks.3.0.op.weight": (320, 320, 3, 3),
        "input_blocks.4.0.skip_connection.weight": (640, 320, 1, 1),
        "input_blocks.4.1.proj_in.weight": (640, 640, 1, 1),
        "input_blocks.11.0.in_layers.2.weight": (1280, 1280, 3, 3),
        "middle_block.1.transformer_blocks.0.attn2.to_k.weight": (1280, 768),
        "output_blocks.2.1.conv.weight": (1280, 1280, 3, 3),
        "output_blocks.5.2.conv.weight": (1280, 1280, 3, 3),
        "output_blocks.8.2.conv.bias": (640,),
        "output_blocks.11.1.transformer_blocks.0.ff.net.0.proj.weight": (2560, 320),
        "out.2.weight": (4, 320, 3, 3),
    }
    assert len(stored) == 686
    assert {name: tuple(stored[front + name].shape) for name in known} == known


def test_sd15_vae_has_the_published_names(vae: Any) -> None:
    stored = to_ldm("vae", vae.state_dict())
    known = {
        "encoder.down.0.downsample.conv.weight": (128, 128, 3, 3),
        "encoder.down.1.block.0.nin_shortcut.weight": (256, 128, 1, 1),
        "encoder.mid.attn_1.q.weight": (512, 512, 1, 1),
        "decoder.up.0.block.0.nin_shortcut.weight": (128, 256, 1, 1),
        "decoder.up.3.upsample.conv.weight": (512, 512, 3, 3),
        "decoder.norm_out.weight": (128,),
        "quant_conv.weight": (8, 8, 1, 1),
    }
    assert len(stored) == 248
    assert {name: tuple(stored[name].shape) for name in known} == known


def test_sd15_configurations_come_out_of_the_shapes(unet: Any, vae: Any, text_encoder: Any) -> None:
    got = rules.unet_config(shapes_of(unet))
    assert got["block_out_channels"] == (320, 640, 1280, 1280)
    assert got["layers_per_block"] == 2
    assert got["down_block_types"] == ("CrossAttnDownBlock2D",) * 3 + ("DownBlock2D",)
    assert got["up_block_types"] == ("UpBlock2D",) + ("CrossAttnUpBlock2D",) * 3
    assert got["cross_attention_dim"] == 768
    assert rules.vae_config(shapes_of(vae))["block_out_channels"] == (128, 256, 512, 512)
    text = {n.removeprefix("text_model."): s for n, s in shapes_of(text_encoder).items()}
    config = rules.clip_text_config(text)
    assert (config["vocab_size"], config["hidden_size"]) == (49408, 768)
    assert (config["num_hidden_layers"], config["num_attention_heads"]) == (12, 12)
    assert config["intermediate_size"] == 3072


def test_sd15_checkpoint_is_told_from_its_names(unet: Any, vae: Any, text_encoder: Any) -> None:
    names = {
        **to_ldm("unet", unet.state_dict(), prefix=True),
        **to_ldm("vae", vae.state_dict(), prefix=True),
        **to_ldm("text_encoder", text_encoder.state_dict(), prefix=True),
    }
    shapes = {name: tuple(tensor.shape) for name, tensor in names.items()}
    shapes |= {"betas": (1000,), "model_ema.decay": ()}
    found = identify(shapes)
    assert (found.kind, found.family) == ("checkpoint", "sd1")


def test_position_ids_of_old_files_are_left_out() -> None:
    assert ldm_to_diffusers_names("text_encoder", ["embeddings.position_ids"]) == {}


def test_sd15_controlnet_has_the_published_names() -> None:
    from diffusers import ControlNetModel

    with torch.device("meta"):
        net = ControlNetModel(cross_attention_dim=768)
    stored = to_ldm("controlnet", net.state_dict(), prefix=True)
    front = "control_model."
    known = {
        "zero_convs.0.0.weight": (320, 320, 1, 1),
        "zero_convs.11.0.weight": (1280, 1280, 1, 1),
        "middle_block_out.0.weight": (1280, 1280, 1, 1),
        "input_hint_block.0.weight": (16, 3, 3, 3),
        "input_hint_block.12.weight": (256, 96, 3, 3),
        "input_hint_block.14.weight": (320, 256, 3, 3),
    }
    assert len(stored) == 340
    assert {name: tuple(stored[front + name].shape) for name in known} == known
    config = rules.controlnet_config(shapes_of(net))
    assert config["conditioning_embedding_out_channels"] == (16, 32, 96, 256)


def test_sd15_cross_attention_has_the_widths_of_the_published_ip_adapter(unet: Any) -> None:
    names = [name for name in unet.attn_processors if name.endswith("attn2.processor")]
    modules = dict(unet.named_modules())
    real = tuple(modules[n.removesuffix(".processor")].to_k.weight.shape[0] for n in names)
    assert cross_attention_widths(rules.unet_config(shapes_of(unet))) == real
    assert len(real) == 16
