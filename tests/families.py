"""Tiny random models of the families beyond SD1.x, as single files of the first published layout.

Every maker writes a file and gives the modules whose tensors it holds, so that the same weights run
in diffusers. Heavy libraries are imported inside the functions.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from . import models

L_WIDTH, G_WIDTH = 64, 48
"""Of SDXL's two text encoders."""
TEXT_PREFIX = "conditioner.embedders."


class Made(NamedTuple):
    """A written model and its modules."""

    path: Path
    network: Any
    vae: Any
    encoders: tuple[Any, ...]


def unet(**more: Any) -> Any:
    """A random UNet with linear projections and heads of width 64, as SD2.x and SDXL have."""
    import torch
    from diffusers import UNet2DConditionModel

    torch.manual_seed(more.pop("seed", 0))
    widths = more.pop("widths", (64, 128))
    levels = len(widths) - 1
    options: dict[str, Any] = {
        "sample_size": 8,
        "block_out_channels": widths,
        "layers_per_block": 1,
        "down_block_types": ("DownBlock2D",) + ("CrossAttnDownBlock2D",) * levels,
        "up_block_types": ("CrossAttnUpBlock2D",) * levels + ("UpBlock2D",),
        "attention_head_dim": tuple(width // 64 for width in widths),
        "use_linear_projection": True,
    }
    return UNet2DConditionModel(**(options | more)).eval()


def sdxl_unet(context: int = L_WIDTH + G_WIDTH, sizes: int = 6, **more: Any) -> Any:
    """A random SDXL UNet, two transformer blocks deep on its lower level."""
    options = {
        "cross_attention_dim": context,
        "transformer_layers_per_block": (1, 2),
        "addition_embed_type": "text_time",
        "addition_time_embed_dim": 256,
        "projection_class_embeddings_input_dim": G_WIDTH + sizes * 256,
    }
    return unet(**(options | more))


def text_encoder(width: int, *, projection: int | None = None, act: str, seed: int) -> Any:
    """A random CLIP text encoder of 3 layers for the words of `models.WORDS`."""
    import torch
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

    torch.manual_seed(seed)
    config = CLIPTextConfig(
        vocab_size=3 + len(models.WORDS),
        hidden_size=width,
        intermediate_size=96,
        num_hidden_layers=3,
        num_attention_heads=1,
        hidden_act=act,
        projection_dim=projection or width,
        bos_token_id=0,
        eos_token_id=1,
        pad_token_id=0,
    )
    kind = CLIPTextModelWithProjection if projection else CLIPTextModel
    return kind(config).eval()


def text_tensors(encoder: Any, prefix: str) -> dict[str, Any]:
    """A CLIP text encoder in transformers' nested names."""
    found = {k.removeprefix("text_model."): v for k, v in encoder.state_dict().items()}
    return {
        prefix + ("" if name.startswith("text_projection") else "text_model.") + name: tensor
        for name, tensor in found.items()
        if not name.endswith("position_ids")
    }


def open_clip_tensors(encoder: Any, prefix: str) -> dict[str, Any]:
    """A CLIP text encoder in OpenCLIP's names: joined queries, keys, values; turned projection."""
    import torch

    state = {k.removeprefix("text_model."): v for k, v in encoder.state_dict().items()}
    result = {
        "token_embedding.weight": state["embeddings.token_embedding.weight"],
        "positional_embedding": state["embeddings.position_embedding.weight"],
        "ln_final.weight": state["final_layer_norm.weight"],
        "ln_final.bias": state["final_layer_norm.bias"],
        "logit_scale": torch.ones([]),
    }
    if "text_projection.weight" in state:
        result["text_projection"] = state["text_projection.weight"].T
    for layer in range(encoder.config.num_hidden_layers):
        old, new = f"encoder.layers.{layer}.", f"transformer.resblocks.{layer}."
        for kind in ("weight", "bias"):
            parts = [state[f"{old}self_attn.{part}_proj.{kind}"] for part in "qkv"]
            result[f"{new}attn.in_proj_{kind}"] = torch.cat(parts)
            for theirs, ours in (
                ("attn.out_proj", "self_attn.out_proj"),
                ("ln_1", "layer_norm1"),
                ("ln_2", "layer_norm2"),
                ("mlp.c_fc", "mlp.fc1"),
                ("mlp.c_proj", "mlp.fc2"),
            ):
                result[f"{new}{theirs}.{kind}"] = state[f"{old}{ours}.{kind}"]
    return {prefix + name: tensor for name, tensor in result.items()}


def write(path: Path, *parts: Mapping[str, Any], metadata: dict[str, str] | None = None) -> Path:
    """Parts of a checkpoint as one file, with the word tokenizer."""
    from weft.diffusion.files.saving import save_tensors

    joined = {name: tensor for part in parts for name, tensor in part.items()}
    save_tensors(path, joined, {"tokenizer": models.word_tokenizer(), **(metadata or {})})
    return path


def ldm(part: Any, module: Any) -> dict[str, Any]:
    """A network in the names of Stable Diffusion's files."""
    from weft.diffusion.formats.ldm import to_ldm

    return to_ldm(part, module.state_dict(), prefix=True)


def tiny_sdxl(path: Path, seed: int = 0, **more: Any) -> Made:
    """Write a tiny SDXL base checkpoint."""
    network, vae = sdxl_unet(seed=seed, **more), models.tiny_vae(seed=seed + 1)
    small = text_encoder(L_WIDTH, act="quick_gelu", seed=seed + 2)
    large = text_encoder(G_WIDTH, projection=G_WIDTH, act="gelu", seed=seed + 3)
    write(
        path,
        ldm("unet", network),
        ldm("vae", vae),
        text_tensors(small, f"{TEXT_PREFIX}0.transformer."),
        open_clip_tensors(large, f"{TEXT_PREFIX}1.model."),
    )
    return Made(path, network, vae, (small, large))


def tiny_refiner(path: Path, seed: int = 0) -> Made:
    """Write a tiny SDXL refiner checkpoint."""
    network = sdxl_unet(context=G_WIDTH, sizes=5, seed=seed)
    vae = models.tiny_vae(seed=seed + 1)
    large = text_encoder(G_WIDTH, projection=G_WIDTH, act="gelu", seed=seed + 3)
    write(
        path,
        ldm("unet", network),
        ldm("vae", vae),
        open_clip_tensors(large, f"{TEXT_PREFIX}0.model."),
    )
    return Made(path, network, vae, (large,))


def tiny_sd2(path: Path, seed: int = 0, metadata: dict[str, str] | None = None) -> Made:
    """Write a tiny SD2.x checkpoint."""
    network = unet(cross_attention_dim=G_WIDTH, seed=seed)
    vae = models.tiny_vae(seed=seed + 1)
    encoder = text_encoder(G_WIDTH, act="gelu", seed=seed + 2)
    write(
        path,
        ldm("unet", network),
        ldm("vae", vae),
        open_clip_tensors(encoder, "cond_stage_model.model."),
        metadata=metadata,
    )
    return Made(path, network, vae, (encoder,))


# --- transformers with T5 ---

T5_WIDTH = 64
T5_VOCABULARY = 3 + len(models.WORDS)


def t5_tokenizer() -> str:
    """The text of a tokenizer.json with whole words and T5's special tokens."""
    import json

    stored = json.loads(models.word_tokenizer())
    vocabulary = {"<pad>": 0, "</s>": 1, "<unk>": 2}
    vocabulary |= {word: 3 + i for i, word in enumerate(models.WORDS)}
    stored["model"]["vocab"] = vocabulary
    for token, word in zip(stored["added_tokens"], vocabulary, strict=False):
        token["content"] = word
    return json.dumps(stored)


def t5_encoder(seed: int = 7, vocabulary: int = T5_VOCABULARY) -> Any:
    """A random T5 encoder of 2 layers, as it is for the words of `models.WORDS`."""
    import torch
    from transformers import T5Config, T5EncoderModel

    torch.manual_seed(seed)
    config = T5Config(
        vocab_size=vocabulary,
        d_model=T5_WIDTH,
        d_kv=16,
        d_ff=96,
        num_layers=2,
        num_heads=4,
        feed_forward_proj="gated-gelu",
    )
    return T5EncoderModel(config).eval()


def t5_tensors(encoder: Any, prefix: str) -> dict[str, Any]:
    """A T5 encoder as its files hold it: the embedding once."""
    state = encoder.state_dict()
    return {prefix + k: v for k, v in state.items() if k != "encoder.embed_tokens.weight"}


def vae16(seed: int = 1) -> Any:
    """A random VAE of 16 channels without quantising convolutions, as SD3 and Flux have."""
    import torch
    from diffusers import AutoencoderKL

    torch.manual_seed(seed)
    levels = len(models.VAE_WIDTHS)
    return AutoencoderKL(
        block_out_channels=models.VAE_WIDTHS,
        layers_per_block=1,
        down_block_types=("DownEncoderBlock2D",) * levels,
        up_block_types=("UpDecoderBlock2D",) * levels,
        latent_channels=16,
        use_quant_conv=False,
        use_post_quant_conv=False,
    ).eval()


def sd3_transformer(*, qk_norm: bool = False, dual: tuple[int, ...] = (), seed: int = 0) -> Any:
    """A random SD3 transformer of 2 blocks."""
    import torch
    from diffusers import SD3Transformer2DModel

    torch.manual_seed(seed)
    network = SD3Transformer2DModel(
        sample_size=8,
        patch_size=2,
        in_channels=16,
        num_layers=2,
        attention_head_dim=64,
        num_attention_heads=1,
        joint_attention_dim=max(T5_WIDTH, L_WIDTH + G_WIDTH),
        caption_projection_dim=64,
        pooled_projection_dim=L_WIDTH + G_WIDTH,
        out_channels=16,
        pos_embed_max_size=8,
        qk_norm="rms_norm" if qk_norm else None,
        dual_attention_layers=dual,
    ).eval()
    # Random norms, so that a wrong name would show.
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            if "norm_" in name:
                parameter.uniform_(0.5, 1.5)
    return network


def flux_transformer(*, guided: bool = True, seed: int = 0, channels: int = 64) -> Any:
    """A random Flux transformer of 2 double and 2 single blocks; Fill has 384 channels."""
    import torch
    from diffusers import FluxTransformer2DModel

    torch.manual_seed(seed)
    network = FluxTransformer2DModel(
        in_channels=channels,
        out_channels=64,
        num_layers=2,
        num_single_layers=2,
        attention_head_dim=32,
        num_attention_heads=2,
        joint_attention_dim=T5_WIDTH,
        pooled_projection_dim=L_WIDTH,
        guidance_embeds=guided,
        axes_dims_rope=(4, 14, 14),
    ).eval()
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            if "norm_" in name:
                parameter.uniform_(0.5, 1.5)
    return network


def pixart_transformer(*, sized: bool, seed: int = 0) -> Any:
    """A random PixArt transformer of 2 blocks."""
    import torch
    from diffusers import PixArtTransformer2DModel

    torch.manual_seed(seed)
    network = PixArtTransformer2DModel(
        num_attention_heads=16,
        attention_head_dim=6,
        in_channels=4,
        out_channels=8,
        num_layers=2,
        cross_attention_dim=96,
        sample_size=128,
        interpolation_scale=2,
        caption_channels=T5_WIDTH,
        use_additional_conditions=sized,
    ).eval()
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            if "scale_shift_table" in name:
                parameter.normal_(std=0.5)
    return network


def flux_tensors(network: Any, prefix: str = "") -> dict[str, Any]:
    """A Flux transformer as black-forest-labs published it."""
    import torch

    state = dict(network.state_dict())

    def swap(tensor: Any) -> Any:
        scale, shift = tensor.chunk(2)
        return torch.cat([shift, scale])

    result: dict[str, Any] = {}
    for end in ("weight", "bias"):
        for theirs, ours in (
            ("img_in", "x_embedder"),
            ("txt_in", "context_embedder"),
            ("time_in.in_layer", "time_text_embed.timestep_embedder.linear_1"),
            ("time_in.out_layer", "time_text_embed.timestep_embedder.linear_2"),
            ("vector_in.in_layer", "time_text_embed.text_embedder.linear_1"),
            ("vector_in.out_layer", "time_text_embed.text_embedder.linear_2"),
            ("guidance_in.in_layer", "time_text_embed.guidance_embedder.linear_1"),
            ("guidance_in.out_layer", "time_text_embed.guidance_embedder.linear_2"),
            ("final_layer.linear", "proj_out"),
        ):
            if f"{ours}.{end}" in state:
                result[f"{theirs}.{end}"] = state[f"{ours}.{end}"]
        result[f"final_layer.adaLN_modulation.1.{end}"] = swap(state[f"norm_out.linear.{end}"])
        for i in range(network.config.num_layers):
            old, new = f"transformer_blocks.{i}.", f"double_blocks.{i}."
            for theirs, ours in (
                ("img_mod.lin", "norm1.linear"),
                ("txt_mod.lin", "norm1_context.linear"),
                ("img_attn.proj", "attn.to_out.0"),
                ("txt_attn.proj", "attn.to_add_out"),
                ("img_mlp.0", "ff.net.0.proj"),
                ("img_mlp.2", "ff.net.2"),
                ("txt_mlp.0", "ff_context.net.0.proj"),
                ("txt_mlp.2", "ff_context.net.2"),
            ):
                result[f"{new}{theirs}.{end}"] = state[f"{old}{ours}.{end}"]
            for stream, names in (
                ("img", ("to_q", "to_k", "to_v")),
                ("txt", ("add_q_proj", "add_k_proj", "add_v_proj")),
            ):
                parts = [state[f"{old}attn.{name}.{end}"] for name in names]
                result[f"{new}{stream}_attn.qkv.{end}"] = torch.cat(parts)
        for i in range(network.config.num_single_layers):
            old, new = f"single_transformer_blocks.{i}.", f"single_blocks.{i}."
            result[f"{new}modulation.lin.{end}"] = state[f"{old}norm.linear.{end}"]
            result[f"{new}linear2.{end}"] = state[f"{old}proj_out.{end}"]
            names = ("attn.to_q", "attn.to_k", "attn.to_v", "proj_mlp")
            result[f"{new}linear1.{end}"] = torch.cat([state[f"{old}{n}.{end}"] for n in names])
    for i in range(network.config.num_layers):
        old, new = f"transformer_blocks.{i}.attn.", f"double_blocks.{i}."
        for theirs, ours in (
            ("img_attn.norm.query_norm", "norm_q"),
            ("img_attn.norm.key_norm", "norm_k"),
            ("txt_attn.norm.query_norm", "norm_added_q"),
            ("txt_attn.norm.key_norm", "norm_added_k"),
        ):
            result[f"{new}{theirs}.scale"] = state[f"{old}{ours}.weight"]
    for i in range(network.config.num_single_layers):
        old, new = f"single_transformer_blocks.{i}.attn.", f"single_blocks.{i}.norm."
        result[f"{new}query_norm.scale"] = state[f"{old}norm_q.weight"]
        result[f"{new}key_norm.scale"] = state[f"{old}norm_k.weight"]
    return {prefix + name: tensor for name, tensor in result.items()}


def tiny_flux(path: Path, *, guided: bool = True, seed: int = 0) -> Made:
    """Write a tiny Flux checkpoint with both text encoders."""
    network, vae = flux_transformer(guided=guided, seed=seed), vae16(seed + 1)
    small = text_encoder(L_WIDTH, act="quick_gelu", seed=seed + 2)
    large = t5_encoder(seed + 3)
    write(
        path,
        flux_tensors(network, "model.diffusion_model."),
        ldm("vae", vae),
        text_tensors(small, "text_encoders.clip_l.transformer."),
        t5_tensors(large, "text_encoders.t5xxl.transformer."),
        metadata={"tokenizer_2": t5_tokenizer()},
    )
    return Made(path, network, vae, (small, large))


def folder(path: Path, made: Made, parts: tuple[str, ...], **configs: Any) -> Path:
    """The same model as a diffusers folder; `parts` name the text encoders' folders."""
    import json

    network = "unet" if type(made.network).__name__.startswith("UNet") else "transformer"
    made.network.save_pretrained(path / network)
    made.vae.save_pretrained(path / "vae")
    for part, encoder in zip(parts, made.encoders, strict=True):
        encoder.save_pretrained(path / part)
        tokenizer = path / part.replace("text_encoder", "tokenizer")
        tokenizer.mkdir()
        is_t5 = type(encoder).__name__.startswith("T5")
        text = t5_tokenizer() if is_t5 else models.word_tokenizer()
        (tokenizer / "tokenizer.json").write_text(text)
    for part, changes in configs.items():
        name = "scheduler_config.json" if part == "scheduler" else "config.json"
        (path / part).mkdir(exist_ok=True)
        file = path / part / name
        known = json.loads(file.read_text()) if file.exists() else {}
        file.write_text(json.dumps(known | changes))
    (path / "model_index.json").write_text("{}")
    return path


def sd3_tensors(network: Any, prefix: str = "") -> dict[str, Any]:
    """An SD3 transformer as Stability AI published it."""
    import torch

    state = dict(network.state_dict())
    last = network.config.num_layers - 1

    def swap(tensor: Any) -> Any:
        scale, shift = tensor.chunk(2)
        return torch.cat([shift, scale])

    result: dict[str, Any] = {"pos_embed": state["pos_embed.pos_embed"]}
    for end in ("weight", "bias"):
        for theirs, ours in (
            ("x_embedder.proj", "pos_embed.proj"),
            ("context_embedder", "context_embedder"),
            ("t_embedder.mlp.0", "time_text_embed.timestep_embedder.linear_1"),
            ("t_embedder.mlp.2", "time_text_embed.timestep_embedder.linear_2"),
            ("y_embedder.mlp.0", "time_text_embed.text_embedder.linear_1"),
            ("y_embedder.mlp.2", "time_text_embed.text_embedder.linear_2"),
            ("final_layer.linear", "proj_out"),
        ):
            result[f"{theirs}.{end}"] = state[f"{ours}.{end}"]
        result[f"final_layer.adaLN_modulation.1.{end}"] = swap(state[f"norm_out.linear.{end}"])
        for i in range(last + 1):
            old, new = f"transformer_blocks.{i}.", f"joint_blocks.{i}."
            for theirs, ours in (
                ("x_block.adaLN_modulation.1", "norm1.linear"),
                ("x_block.attn.proj", "attn.to_out.0"),
                ("x_block.attn2.proj", "attn2.to_out.0"),
                ("x_block.mlp.fc1", "ff.net.0.proj"),
                ("x_block.mlp.fc2", "ff.net.2"),
                ("context_block.attn.proj", "attn.to_add_out"),
                ("context_block.mlp.fc1", "ff_context.net.0.proj"),
                ("context_block.mlp.fc2", "ff_context.net.2"),
            ):
                if f"{old}{ours}.{end}" in state:
                    result[f"{new}{theirs}.{end}"] = state[f"{old}{ours}.{end}"]
            context = state[f"{old}norm1_context.linear.{end}"]
            context = swap(context) if i == last else context
            result[f"{new}context_block.adaLN_modulation.1.{end}"] = context
            for theirs, names in (
                ("x_block.attn", ("attn.to_q", "attn.to_k", "attn.to_v")),
                ("x_block.attn2", ("attn2.to_q", "attn2.to_k", "attn2.to_v")),
                ("context_block.attn", ("attn.add_q_proj", "attn.add_k_proj", "attn.add_v_proj")),
            ):
                if f"{old}{names[0]}.{end}" in state:
                    parts = [state[f"{old}{name}.{end}"] for name in names]
                    result[f"{new}{theirs}.qkv.{end}"] = torch.cat(parts)
    for name, tensor in state.items():
        for ours, theirs in (
            ("attn.norm_q", "x_block.attn.ln_q"),
            ("attn.norm_k", "x_block.attn.ln_k"),
            ("attn.norm_added_q", "context_block.attn.ln_q"),
            ("attn.norm_added_k", "context_block.attn.ln_k"),
            ("attn2.norm_q", "x_block.attn2.ln_q"),
            ("attn2.norm_k", "x_block.attn2.ln_k"),
        ):
            if f".{ours}.weight" in name:
                number = name.split(".")[1]
                result[f"joint_blocks.{number}.{theirs}.weight"] = tensor
    return {prefix + name: tensor for name, tensor in result.items()}


def tiny_sd3(path: Path, *, modern: bool = False, with_t5: bool = True, seed: int = 0) -> Made:
    """Write a tiny SD3 (modern: SD3.5) checkpoint with its text encoders."""
    network = sd3_transformer(qk_norm=modern, dual=(0,) if modern else (), seed=seed)
    vae = vae16(seed + 1)
    small = text_encoder(L_WIDTH, projection=L_WIDTH, act="quick_gelu", seed=seed + 2)
    large = text_encoder(G_WIDTH, projection=G_WIDTH, act="quick_gelu", seed=seed + 3)
    t5 = t5_encoder(seed + 4)
    write(
        path,
        sd3_tensors(network, "model.diffusion_model."),
        ldm("vae", vae),
        text_tensors(small, "text_encoders.clip_l.transformer."),
        text_tensors(large, "text_encoders.clip_g.transformer."),
        t5_tensors(t5, "text_encoders.t5xxl.transformer.") if with_t5 else {},
        metadata={"tokenizer_3": t5_tokenizer()},
    )
    return Made(path, network, vae, (small, large, t5) if with_t5 else (small, large))


def pixart_tensors(network: Any, prefix: str = "", tokens: int = 120) -> dict[str, Any]:
    """A PixArt transformer as its authors published it."""
    import torch

    state = dict(network.state_dict())
    result: dict[str, Any] = {
        "y_embedder.y_embedding": torch.zeros(tokens, network.config.caption_channels),
        "final_layer.scale_shift_table": state["scale_shift_table"],
    }
    for end in ("weight", "bias"):
        emb = "adaln_single.emb."
        for theirs, ours in (
            ("x_embedder.proj", "pos_embed.proj"),
            ("y_embedder.y_proj.fc1", "caption_projection.linear_1"),
            ("y_embedder.y_proj.fc2", "caption_projection.linear_2"),
            ("t_embedder.mlp.0", f"{emb}timestep_embedder.linear_1"),
            ("t_embedder.mlp.2", f"{emb}timestep_embedder.linear_2"),
            ("csize_embedder.mlp.0", f"{emb}resolution_embedder.linear_1"),
            ("csize_embedder.mlp.2", f"{emb}resolution_embedder.linear_2"),
            ("ar_embedder.mlp.0", f"{emb}aspect_ratio_embedder.linear_1"),
            ("ar_embedder.mlp.2", f"{emb}aspect_ratio_embedder.linear_2"),
            ("t_block.1", "adaln_single.linear"),
            ("final_layer.linear", "proj_out"),
        ):
            if f"{ours}.{end}" in state:
                result[f"{theirs}.{end}"] = state[f"{ours}.{end}"]
        for i in range(network.config.num_layers):
            old, new = f"transformer_blocks.{i}.", f"blocks.{i}."
            result[f"{new}scale_shift_table"] = state[f"{old}scale_shift_table"]
            for theirs, ours in (
                ("attn.proj", "attn1.to_out.0"),
                ("cross_attn.q_linear", "attn2.to_q"),
                ("cross_attn.proj", "attn2.to_out.0"),
                ("mlp.fc1", "ff.net.0.proj"),
                ("mlp.fc2", "ff.net.2"),
            ):
                result[f"{new}{theirs}.{end}"] = state[f"{old}{ours}.{end}"]
            joined = [state[f"{old}attn1.to_{part}.{end}"] for part in "qkv"]
            result[f"{new}attn.qkv.{end}"] = torch.cat(joined)
            joined = [state[f"{old}attn2.to_{part}.{end}"] for part in "kv"]
            result[f"{new}cross_attn.kv_linear.{end}"] = torch.cat(joined)
    return {prefix + name: tensor for name, tensor in result.items()}


def tiny_pixart(
    path: Path, *, sized: bool = True, tokens: int = 120, network: Any = None, seed: int = 0
) -> Made:
    """Write a tiny PixArt checkpoint with VAE and T5; 0 tokens leave the empty text out."""
    network = network or pixart_transformer(sized=sized, seed=seed)
    vae, encoder = models.tiny_vae(seed=seed + 1), t5_encoder(seed + 2)
    tensors = pixart_tensors(network, "model.diffusion_model.", tokens)
    if not tokens:
        del tensors["model.diffusion_model.y_embedder.y_embedding"]
    write(
        path,
        tensors,
        ldm("vae", vae),
        t5_tensors(encoder, "text_encoders.t5xxl.transformer."),
        metadata={"tokenizer": t5_tokenizer()},
    )
    return Made(path, network, vae, (encoder,))
