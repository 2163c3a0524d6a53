"""Tensor names and shapes of published model files, a few of each: what they are told apart by."""

from __future__ import annotations

Shapes = dict[str, tuple[int, ...]]


def controlnet(context: int = 768, **more: tuple[int, ...]) -> Shapes:
    """A ControlNet in diffusers' names."""
    key = "mid_block.attentions.0.transformer_blocks.0.attn2.to_k.weight"
    found: Shapes = {
        "conv_in.weight": (320, 4, 3, 3),
        "controlnet_cond_embedding.conv_in.weight": (16, 3, 3, 3),
        "controlnet_down_blocks.0.weight": (320, 320, 1, 1),
        "controlnet_mid_block.weight": (1280, 1280, 1, 1),
        key: (1280, context),
    }
    if context == 2048:
        found["add_embedding.linear_1.weight"] = (1280, 2816)
    return found | more


def union(kinds: int) -> Shapes:
    """SDXL's ControlNet of several kinds (xinsir)."""
    return controlnet(2048) | {
        "task_embedding": (kinds, 320),
        "transformer_layes.0.attn.in_proj_weight": (960, 320),
        "spatial_ch_projs.weight": (320, 320),
        "control_add_embedding.linear_1.weight": (1280, 256 * kinds),
    }


def sparse_ctrl(*, rgb: bool) -> Shapes:
    """SparseCtrl in AnimateDiff's names."""
    found = controlnet()
    del found["controlnet_cond_embedding.conv_in.weight"]
    name = "down_blocks.0.motion_modules.0.temporal_transformer.proj_in.weight"
    hint: Shapes = (
        {"controlnet_cond_embedding.weight": (320, 5, 3, 3)}
        if rgb
        else {"controlnet_cond_embedding.conv_in.weight": (16, 4, 3, 3)}
    )
    return found | hint | {name: (320, 320)}


def controlnet_xs(context: int) -> Shapes:
    """ControlNet-XS in diffusers' names."""
    key = "down_blocks.1.attentions.0.transformer_blocks.0.attn2.to_k.weight"
    return {
        "control_to_base_for_conv_in.weight": (320, 32, 1, 1),
        "controlnet_cond_embedding.conv_in.weight": (16, 3, 3, 3),
        "conv_in.weight": (32, 4, 3, 3),
        "down_blocks.0.resnets.0.norm1.weight": (352,),
        "mid_block.base_to_ctrl.weight": (128, 1280, 1, 1),
        "up_connections.0.ctrl_to_base.0.weight": (1280, 128, 1, 1),
        key: (64, context),
    }


def ip_adapter(width: int, blocks: int = 16, text: int | None = None) -> Shapes:
    """The attention of an IP-Adapter: keys and values of every cross-attention."""
    return {
        f"ip_adapter.{2 * number + 1}.to_{part}_ip.weight": (width, text or width)
        for number in range(blocks)
        for part in "kv"
    }


def base(text: int, encoder: int, blocks: int) -> Shapes:
    """An IP-Adapter of the base layout."""
    projection = {"proj.weight": (4 * text, encoder), "norm.weight": (text,)}
    return ip_adapter(1280, blocks, text) | _image(projection)


def resampled(latents: int, reads: int, text: int, blocks: int) -> Shapes:
    """An IP-Adapter whose image goes through a resampler."""
    return ip_adapter(1280, blocks, text) | _image(
        {
            "latents": (1, 16, latents),
            "proj_in.weight": (latents, reads),
            "proj_out.weight": (text, latents),
            "layers.0.0.to_out.weight": (latents, latents),
        }
    )


def face(text: int, blocks: int, *, plus: bool = False, lora: bool = True) -> Shapes:
    """An IP-Adapter on the embedding of a face."""
    projection: Shapes = {"proj.0.weight": (1024, 512), "proj.2.weight": (4 * text, 1024)}
    if plus:
        projection["perceiver_resampler.proj_in.weight"] = (text, 1280)
        projection["perceiver_resampler.layers.0.0.to_out.weight"] = (text, text)
    inner: Shapes = {
        "ip_adapter.0.to_q_lora.down.weight": (128, 320),
        "ip_adapter.0.to_q_lora.up.weight": (320, 128),
    }
    return ip_adapter(1280, blocks, text) | _image(projection) | (inner if lora else {})


def _image(shapes: Shapes) -> Shapes:
    return {f"image_proj.{name}": shape for name, shape in shapes.items()}


_TEMPORAL = "temporal_transformer.transformer_blocks.0.attention_blocks.0"
_LLLITE = "transformer_blocks_0_attn1_to_q"

PUBLISHED: dict[str, tuple[Shapes, tuple[str, str, str]]] = {
    "ControlNet SD1": (controlnet(), ("controlnet", "sd1", "")),
    "ControlNet SD2": (controlnet(1024), ("controlnet", "sd2", "")),
    "ControlNet SDXL": (controlnet(2048), ("controlnet", "sdxl", "")),
    "union": (union(6), ("controlnet", "sdxl", "union")),
    "union ProMax": (union(8), ("controlnet", "sdxl", "promax")),
    "SparseCtrl RGB": (sparse_ctrl(rgb=True), ("sparse_ctrl", "sd1", "rgb")),
    "SparseCtrl scribble": (sparse_ctrl(rgb=False), ("sparse_ctrl", "sd1", "scribble")),
    "ControlNet-XS SD2": (controlnet_xs(1024), ("controlnet_xs", "sd2", "")),
    "ControlNet-XS SDXL": (controlnet_xs(2048), ("controlnet_xs", "sdxl", "")),
    "ControlNeXt": (
        {
            "embedding.0.weight": (64, 3, 3, 3),
            "time_embedding.linear_1.weight": (256, 128),
            "down_res.0.conv1.weight": (128, 128, 3, 3),
            "mid_convs.0.weight": (256, 256, 3, 3),
        },
        ("controlnext", "unknown", ""),
    ),
    "LLLite SDXL": (
        {
            f"lllite_unet_input_blocks_4_1_{_LLLITE}.conditioning1.0.weight": (16, 3, 4, 4),
            f"lllite_unet_middle_block_1_{_LLLITE}.down.0.weight": (64, 1280),
        },
        ("lllite", "sdxl", ""),
    ),
    "LLLite SD1": (
        {f"lllite_unet_input_blocks_1_1_{_LLLITE}.down.0.weight": (64, 320)},
        ("lllite", "sd1", ""),
    ),
    "LLLite of transformers": (
        {"lllite_dit_blocks_0_self_attn_q_proj.down.0.weight": (64, 2048)},
        ("lllite", "unknown", ""),
    ),
    "AnyText": (
        {
            "control_model.glyph_block.0.weight": (8, 1, 3, 3),
            "control_model.position_block.0.weight": (8, 1, 3, 3),
            "control_model.fuse_block.weight": (320, 324, 3, 3),
            "control_model.input_blocks.0.0.weight": (320, 4, 3, 3),
            "model.diffusion_model.input_blocks.0.0.weight": (320, 4, 3, 3),
        },
        ("anytext", "sd1", ""),
    ),
    "CtrLoRA base": (
        {
            "control_model.input_hint_block.0.weight": (16, 3, 3, 3),
            "control_model.input_blocks.1.1.proj_in.lora_layer.down.weight": (128, 320),
            "control_model.middle_block.1.transformer_blocks.0.attn2.to_k.weight": (1280, 768),
        },
        ("ctrlora", "sd1", ""),
    ),
    "T2I style": (
        {
            "style_embedding": (1, 8, 1024),
            "proj": (1024, 768),
            "transformer_layes.0.attn.in_proj_weight": (3072, 1024),
            "ln_post.weight": (1024,),
        },
        ("t2i_style", "sd1", ""),
    ),
    "AnimateDiff SD1": (
        {
            f"{side}.{level}.motion_modules.0.{_TEMPORAL}.to_q.weight": (320, 320)
            for side in ("down_blocks", "up_blocks")
            for level in range(4)
        },
        ("motion_module", "sd1", ""),
    ),
    "AnimateDiff SDXL, wrapped": (
        {
            f"module.{side}.{level}.motion_modules.0.{_TEMPORAL}.to_q.weight": (320, 320)
            for side in ("down_blocks", "up_blocks")
            for level in range(3)
        },
        ("motion_module", "sdxl", ""),
    ),
    "motion LoRA": (
        {
            f"down_blocks.{level}.motion_modules.0.{_TEMPORAL}.processor.to_q_lora.up.weight": (
                320,
                64,
            )
            for level in range(4)
        },
        ("motion_lora", "sd1", ""),
    ),
    "IP-Adapter SD1": (base(768, 1024, 16), ("ip_adapter", "sd1", "")),
    "IP-Adapter SDXL": (base(2048, 1280, 70), ("ip_adapter", "sdxl", "")),
    "IP-Adapter Plus SD1": (resampled(768, 1280, 768, 16), ("ip_adapter_plus", "sd1", "")),
    "IP-Adapter Plus SDXL": (resampled(1280, 1280, 2048, 70), ("ip_adapter_plus", "sdxl", "")),
    "InstantID": (resampled(1280, 512, 2048, 70), ("instantid", "sdxl", "")),
    "Kolors Plus": (resampled(2048, 1024, 2048, 70), ("ip_adapter_plus", "kolors", "")),
    "Full-Face": (
        ip_adapter(320, 16, 768)
        | _image(
            {
                "proj.0.weight": (1280, 1280),
                "proj.2.weight": (768, 1280),
                "proj.3.weight": (768,),
            }
        ),
        ("ip_adapter_full_face", "sd1", ""),
    ),
    "FaceID SD1": (face(768, 16), ("ip_adapter_faceid", "sd1", "")),
    "FaceID SDXL": (face(2048, 70), ("ip_adapter_faceid", "sdxl", "")),
    "FaceID Plus SD1": (face(768, 16, plus=True), ("ip_adapter_faceid_plus", "sd1", "")),
    "FaceID Plus SDXL": (face(2048, 70, plus=True), ("ip_adapter_faceid_plus", "sdxl", "")),
    "Portrait": (face(768, 16, lora=False), ("ip_adapter_portrait", "sd1", "")),
    "SD3.5 InstantX": (
        ip_adapter(2432, 38, 2432)
        | {"ip_adapter.0.norm_ip.linear.weight": (4864, 1280)}
        | _image({"latents": (1, 64, 1280), "proj_in.weight": (1280, 1152)}),
        ("ip_adapter_instantx", "sd3", ""),
    ),
    "Flux XLabs IP-Adapter": (
        {
            "ip_adapter_proj_model.proj.weight": (16384, 768),
            "double_blocks.0.processor.ip_adapter_double_stream_k_proj.weight": (3072, 4096),
        },
        ("ip_adapter_xlabs", "flux", ""),
    ),
    "PuLID": (
        {
            "id_adapter.body.0.weight": (1024, 1280),
            "id_adapter_attn_layers.0.id_to_k.weight": (640, 2048),
        },
        ("pulid", "sdxl", ""),
    ),
    "PuLID Flux": (
        {"pulid_encoder.latents": (1, 32, 1024), "pulid_ca.0.to_q.weight": (2048, 3072)},
        ("pulid", "flux", ""),
    ),
    "PhotoMaker": (
        {
            "id_encoder.vision_model.embeddings.patch_embedding.weight": (1024, 3, 14, 14),
            "id_encoder.visual_projection.weight": (768, 1024),
            "lora_weights.down_blocks.1.attentions.0.proj_in.lora_linear_layer.up.weight": (
                640,
                64,
            ),
        },
        ("photomaker", "sdxl", ""),
    ),
    "LoRA SD1": (
        {
            "lora_unet_mid_block_attentions_0_transformer_blocks_0_attn2_to_k.lora_down.weight": (
                4,
                768,
            ),
            "lora_unet_mid_block_attentions_0_transformer_blocks_0_attn2_to_k.lora_up.weight": (
                1280,
                4,
            ),
        },
        ("lora", "sd1", ""),
    ),
    "LoRA of cloneofsimo": (
        {"unet:0:up": (320, 4), "unet:0:down": (4, 320)},
        ("numbered_lora", "unknown", ""),
    ),
}
"""What a file is published as -> some of its tensors, and its kind, family and variant."""

_BLOCK = "mid_block.attentions.0.transformer_blocks.0.attn2.to_k.weight"
_LDM = "model.diffusion_model."
_PUBLISHED_UNET: Shapes = {
    f"{_LDM}input_blocks.0.0.weight": (320, 4, 3, 3),
    f"{_LDM}middle_block.1.transformer_blocks.0.attn2.to_k.weight": (1280, 768),
    f"{_LDM}out.0.weight": (320,),
}
_UNET: Shapes = {
    "conv_in.weight": (320, 4, 3, 3),
    "conv_out.weight": (4, 320, 3, 3),
    "time_embedding.linear_1.weight": (1280, 320),
    _BLOCK: (1280, 768),
}
_VAE: Shapes = {
    "encoder.down.0.block.0.conv1.weight": (128, 128, 3, 3),
    "decoder.conv_in.weight": (512, 4, 3, 3),
}
_CLIP: Shapes = {
    "text_model.embeddings.token_embedding.weight": (49408, 768),
    "text_model.encoder.layers.0.mlp.fc1.weight": (3072, 768),
}
_VISION: Shapes = {
    "vision_model.embeddings.patch_embedding.weight": (1280, 3, 14, 14),
    "vision_model.embeddings.class_embedding": (1280,),
    "vision_model.post_layernorm.weight": (1280,),
    "visual_projection.weight": (1024, 1280),
}
_FUSER = "down_blocks.0.attentions.0.transformer_blocks.0.fuser.linear.weight"

USUAL: dict[str, tuple[Shapes, str]] = {
    "checkpoint": (
        _PUBLISHED_UNET
        | {f"first_stage_model.{name}": shape for name, shape in _VAE.items()}
        | {f"cond_stage_model.transformer.{name}": shape for name, shape in _CLIP.items()},
        "checkpoint",
    ),
    "UNet": (_PUBLISHED_UNET, "unet"),
    "UNet of diffusers": (_UNET, "unet"),
    "UNet with GLIGEN inside": (
        _UNET | {"position_net.null_positive_feature": (768,), _FUSER: (320, 768)},
        "unet",
    ),
    "UNet with a VAE": (
        _PUBLISHED_UNET | {f"first_stage_model.{name}": shape for name, shape in _VAE.items()},
        "unet",
    ),
    "Flux": (
        {
            "double_blocks.0.img_attn.qkv.weight": (9216, 3072),
            "txt_in.weight": (3072, 4096),
            "img_in.weight": (3072, 64),
        },
        "unet",
    ),
    "Flux ControlNet of XLabs": (
        {
            "controlnet_blocks.0.weight": (3072, 3072),
            "double_blocks.0.img_attn.qkv.weight": (9216, 3072),
            "input_hint_block.0.weight": (16, 3, 3, 3),
            "txt_in.weight": (3072, 4096),
        },
        "controlnet",
    ),
    "ControlNet beside its UNet": (
        _PUBLISHED_UNET
        | {
            "control_model.input_hint_block.0.weight": (16, 3, 3, 3),
            "control_model.input_blocks.0.0.weight": (320, 4, 3, 3),
        },
        "controlnet",
    ),
    "VAE": (_VAE, "vae"),
    "VAE with a text encoder": (_VAE | _CLIP, "text_encoder"),
    "CLIP-L": (_CLIP, "text_encoder"),
    "whole CLIP": (_CLIP | _VISION, "clip_vision"),
    "ViT-H": (_VISION, "clip_vision"),
    "Redux": (
        {"redux_up.weight": (12288, 1152), "redux_down.weight": (4096, 12288)},
        "style_model",
    ),
    "T2I-Adapter": (
        {
            "conv_in.weight": (320, 192, 3, 3),
            "body.0.block1.weight": (320, 320, 3, 3),
            "body.0.block2.weight": (320, 320, 1, 1),
        },
        "t2i_adapter",
    ),
    "T2I-Adapter light": ({"body.0.in_conv.weight": (80, 192, 1, 1)}, "t2i_adapter"),
    "GLIGEN": (
        {"position_net.null_positive_feature": (768,), _FUSER: (320, 768)},
        "gligen",
    ),
    "hypernetwork": ({"hypernetwork.768.0.linear.0.weight": (1536, 768)}, "hypernetwork"),
    "SDXL embedding": ({"clip_g": (2, 1280), "clip_l": (2, 768)}, "embedding"),
    "compact upscaler": (
        {"body.0.weight": (64, 3, 3, 3), "body.1.weight": (64,)},
        "upscaler",
    ),
    "tiny decoder of diffusers": (
        {
            "decoder.layers.0.weight": (64, 4, 3, 3),
            "decoder.layers.2.conv.0.weight": (64, 64, 3, 3),
            "encoder.layers.0.weight": (64, 3, 3, 3),
        },
        "preview_decoder",
    ),
    "CoAdapter fuser": (
        {
            "spatial_feat_mapping.0.1.weight": (768, 320),
            "transformer_layes.0.attn.in_proj_weight": (2304, 768),
        },
        "coadapter_fuser",
    ),
    "UNet with motion modules": (
        _UNET | {f"down_blocks.0.motion_modules.0.{_TEMPORAL}.to_q.weight": (320, 320)},
        "motion_unet",
    ),
    "IP-Adapter of an unknown encoder": (resampled(768, 777, 768, 16), "ip_adapter_other"),
}
"""Files that are told by the network inside, some with more than one -> tensors and kind."""

REAL: dict[str, tuple[Shapes, str]] = {
    "taesd_decoder": (
        {
            "1.weight": (64, 4, 3, 3),
            "3.conv.0.weight": (64, 64, 3, 3),
            "3.conv.2.weight": (64, 64, 3, 3),
            "12.weight": (64, 64, 3, 3),
        },
        "preview_decoder",
    ),
    "taesd_encoder": (
        {
            "0.weight": (64, 3, 3, 3),
            "1.conv.0.weight": (64, 64, 3, 3),
            "2.weight": (64, 64, 3, 3),
            "3.conv.0.weight": (64, 64, 3, 3),
        },
        "unknown",
    ),
    "LoRA of diffusers' attention processors": (
        {
            f"{_BLOCK.removesuffix('to_k.weight')}processor.to_k_lora.down.weight": (4, 768),
            f"{_BLOCK.removesuffix('to_k.weight')}processor.to_k_lora.up.weight": (1280, 4),
        },
        "lora",
    ),
    "LoRA of cloneofsimo with tokens": (
        {
            "<s1>": (768,),
            "text_encoder:0:down": (1, 768),
            "text_encoder:0:up": (768, 1),
            "unet:0:down": (1, 320),
            "unet:0:up": (320, 1),
        },
        "numbered_lora",
    ),
    "InvokeAI's embedding": ({"emb_params": (5, 768)}, "embedding"),
    "fastai's embedding": ({"<birb-style>": (768,)}, "unknown"),
    "Real-ESRGAN anime": (
        {
            "body.0.rdb1.conv1.weight": (32, 64, 3, 3),
            "conv_body.weight": (64, 64, 3, 3),
            "conv_first.weight": (64, 3, 3, 3),
            "conv_last.weight": (3, 64, 3, 3),
        },
        "upscaler",
    ),
}
"""Some tensors of files that were read -> and their kind."""

HEADERS: dict[str, tuple[Shapes, str]] = {
    **{name: (shapes, told[0]) for name, (shapes, told) in PUBLISHED.items()},
    **USUAL,
    **REAL,
}
