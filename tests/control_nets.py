"""Tiny random ControlNets of transformers, whose zero layers are not zero, so that they act."""

from __future__ import annotations

from typing import Any

from . import families


def _awake(network: Any, *layers: Any, std: float = 0.1) -> Any:
    import torch

    with torch.no_grad():
        for layer in layers:
            torch.nn.init.normal_(layer.weight, std=std)
            torch.nn.init.normal_(layer.bias, std=std)
        for name, parameter in network.named_parameters():
            if "norm_" in name:  # random norms, so that a wrong name would show
                parameter.uniform_(0.5, 1.5)
    return network.eval()


def sd3_control(*, layers: int = 1, bare: bool = True, extra: int = 0, seed: int = 30) -> Any:
    """A random SD3 ControlNet; not bare: of Stability AI's kind, without text and places."""
    import torch
    from diffusers import SD3ControlNetModel

    torch.manual_seed(seed)
    network = SD3ControlNetModel(
        sample_size=8,
        patch_size=2,
        in_channels=16,
        num_layers=layers,
        attention_head_dim=64,
        num_attention_heads=1,
        joint_attention_dim=max(families.T5_WIDTH, families.L_WIDTH + families.G_WIDTH)
        if bare
        else None,
        caption_projection_dim=64,
        pooled_projection_dim=families.L_WIDTH + families.G_WIDTH,
        out_channels=16,
        pos_embed_max_size=8,
        extra_conditioning_channels=extra,
        use_pos_embed=bare,
        force_zeros_for_pooled_projection=bare,
    )
    return _awake(network, *network.controlnet_blocks, network.pos_embed_input.proj)


def flux_control(
    *,
    layers: tuple[int, int] = (1, 1),
    modes: int | None = None,
    hint: bool = False,
    guided: bool = True,
    extra: int = 0,
    seed: int = 31,
) -> Any:
    """A random Flux ControlNet; with `hint` one that takes pixels, as XLabs made them."""
    import torch
    from diffusers import FluxControlNetModel

    torch.manual_seed(seed)
    network = FluxControlNetModel(
        patch_size=2 if hint else 1,
        in_channels=64,
        num_layers=layers[0],
        num_single_layers=layers[1],
        attention_head_dim=32,
        num_attention_heads=2,
        joint_attention_dim=families.T5_WIDTH,
        pooled_projection_dim=families.L_WIDTH,
        guidance_embeds=guided,
        axes_dims_rope=(4, 14, 14),
        num_mode=modes,
        conditioning_embedding_channels=16 if hint else None,
    )
    if extra:
        network.controlnet_x_embedder = torch.nn.Linear(64 + 4 * extra, 64)
    ends = [network.input_hint_block.conv_out] if hint else []
    return _awake(
        network,
        *network.controlnet_blocks,
        *network.controlnet_single_blocks,
        network.controlnet_x_embedder,
        *ends,
    )


def xlabs_tensors(network: Any) -> dict[str, Any]:
    """A Flux ControlNet with a hint encoder in the names of XLabs."""
    state = dict(network.state_dict())
    trunk = families.flux_tensors(_Trunk(network))
    result = {k: v for k, v in trunk.items() if not k.startswith("final_layer")}
    for name, tensor in state.items():
        stem, _, end = name.rpartition(".")
        if name.startswith("controlnet_blocks."):
            result[name] = tensor
        elif stem == "controlnet_x_embedder":
            result[f"pos_embed_input.{end}"] = tensor
        elif stem.startswith("input_hint_block."):
            layer = stem.removeprefix("input_hint_block.")
            place = {"conv_in": 0, "conv_out": 14}.get(layer)
            place = 2 * int(layer.rpartition(".")[2]) + 2 if place is None else place
            result[f"input_hint_block.{place}.{end}"] = tensor
    return result


class _Trunk:
    """What `families.flux_tensors` reads of a network, with an end that ControlNets lack."""

    def __init__(self, network: Any) -> None:
        self.config = network.config
        self._network = network

    def state_dict(self) -> dict[str, Any]:
        import torch

        end = {f"norm_out.linear.{kind}": torch.zeros(2) for kind in ("weight", "bias")}
        return dict(self._network.state_dict()) | end


def stability_tensors(network: Any) -> dict[str, Any]:
    """An SD3.5 ControlNet in the names of Stability AI: diffusers', but for the blocks."""
    import torch

    state = dict(network.state_dict())
    inside = {k: v for k, v in state.items() if k.startswith("transformer_blocks.")}
    result = {k: v for k, v in state.items() if k not in inside}
    for number in range(network.config.num_layers):
        block = f"transformer_blocks.{number}."
        for end in ("weight", "bias"):
            parts = [inside[f"{block}attn.to_{part}.{end}"] for part in "qkv"]
            result[f"{block}attn.qkv.{end}"] = torch.cat(parts)
            for theirs, ours in (
                ("attn.proj", "attn.to_out.0"),
                ("mlp.fc1", "ff.net.0.proj"),
                ("mlp.fc2", "ff.net.2"),
                ("adaLN_modulation.1", "norm1.linear"),
            ):
                result[f"{block}{theirs}.{end}"] = inside[f"{block}{ours}.{end}"]
    return result


def pixart_control(*, layers: int = 1, seed: int = 32) -> Any:
    """A random PixArt ControlNet; weft's own module, as diffusers has none."""
    import torch

    from weft.diffusion.control.pixart_network import PixArtControlNetwork

    torch.manual_seed(seed)
    network = PixArtControlNetwork(
        num_layers=layers, num_attention_heads=16, attention_head_dim=6, cross_attention_dim=96
    )
    ends = [block["after_proj"] for block in network.controlnet_blocks]
    return _awake(network, *ends, network.controlnet_blocks[0]["before_proj"])


def union_control(unet: Any, *, kinds: int = 6, seed: int = 33) -> Any:
    """A random union ControlNet for an SDXL UNet."""
    import torch
    from diffusers import ControlNetUnionModel

    torch.manual_seed(seed)
    config = unet.config
    network = ControlNetUnionModel(
        in_channels=4,
        down_block_types=config.down_block_types,
        block_out_channels=config.block_out_channels,
        layers_per_block=config.layers_per_block,
        cross_attention_dim=config.cross_attention_dim,
        transformer_layers_per_block=config.transformer_layers_per_block,
        attention_head_dim=config.attention_head_dim,
        use_linear_projection=True,
        addition_embed_type="text_time",
        addition_time_embed_dim=256,
        projection_class_embeddings_input_dim=config.projection_class_embeddings_input_dim,
        conditioning_embedding_out_channels=(16, 32, 32, 32),
        num_control_type=kinds,
        num_trans_channel=config.block_out_channels[0],
        num_proj_channel=config.block_out_channels[0],
    )
    return _awake(
        network,
        *network.controlnet_down_blocks,
        network.controlnet_mid_block,
        network.controlnet_cond_embedding.conv_out,
        network.spatial_ch_projs,
    )
