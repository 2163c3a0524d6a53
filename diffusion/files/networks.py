"""Builds the torch modules: an empty shell on the meta device, filled with tensors from a file.

Nothing is initialised and nothing is copied: `load_state_dict(assign=True)` puts the tensors that
were read (or mapped) in the place of the parameters.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ..errors import ModelError
from ..importing import importing

if TYPE_CHECKING:
    import torch
    from torch import Tensor
    from torch.nn import Module

    from ..weights.packed import Packed


def build_network(
    kind: str,
    config: Mapping[str, Any],
    tensors: dict[str, Tensor],
    *,
    packed: Mapping[str, Packed] | None = None,
) -> Module:
    """Make a frozen module in evaluation mode.

    Args:
        kind: A key of `SHELLS`.
        config: From `formats.shapes`.
        tensors: All its parameters by diffusers (transformers) name, on device and in type.
        packed: More of its parameters, in few bits; linear and convolution layers keep them so, for
            others they are unpacked in the type of `tensors`.

    Raises:
        ModelError: Tensors are missing, left over, or of another shape.
    """
    import torch

    with torch.device("meta"):
        module = SHELLS[kind](dict(config))
    expected = {name: tuple(p.shape) for name, p in module.state_dict().items()}
    kept: set[str] = set()
    if packed:
        from ..weights.packed import keep_packed

        kept = keep_packed(module, {n: blocks for n, blocks in packed.items() if n in expected})
        dtype = next((t.dtype for t in tensors.values() if t.is_floating_point()), torch.float32)
        tensors |= {n: packed[n].unpacked().to(dtype) for n in packed.keys() - kept}
    if kind == "t5" and "shared.weight" in tensors:
        tensors.setdefault("encoder.embed_tokens.weight", tensors["shared.weight"])
    _check(kind, expected, {**tensors, **{name: (packed or {})[name] for name in kept}})
    fitting = {n: tensors[n].reshape(shape) for n, shape in expected.items() if n not in kept}
    module.load_state_dict(fitting, strict=not kept, assign=True)
    device = next(iter(fitting.values())).device
    _fill_buffers(module, device)
    module.requires_grad_(False)
    _record_hidden_states(module)
    return module.eval()


def _record_hidden_states(module: Module) -> None:
    """Put transformers' recorders of hidden states on a network, once for all.

    It does so itself at the first call, and notes it on the module that was called. That is a lease
    (`weights.residency`), which goes; through the next one every layer would be recorded twice, and
    "the layer before the last" be the last.
    """
    if type(module).__module__.startswith("transformers."):
        with importing():
            from transformers.utils.output_capturing import maybe_install_capturing_hooks

        network: Any = module
        maybe_install_capturing_hooks(network)


def _unet(config: dict[str, Any]) -> Module:
    with importing():
        from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel

    from ..grounding.gligen_network import install_gligen_places
    from ..guidance.network import install_unet_switches
    from ..image_prompts.ip_attention import install_image_attention

    unet: Module = UNet2DConditionModel(**config)
    install_image_attention(unet)
    install_gligen_places(unet)
    install_unet_switches(unet)
    return unet


def _controlnet(config: dict[str, Any]) -> Module:
    with importing():
        from diffusers.models.controlnets.controlnet import ControlNetModel

    network: Module = ControlNetModel(**config)
    return network


def _controlnet_union(config: dict[str, Any]) -> Module:
    with importing():
        from ..control.union_network import UnionControl

    network: Module = UnionControl(**config)
    return network


def _control_lora(config: dict[str, Any]) -> Module:
    from ..weights.tensor_bag import TensorBag

    return TensorBag(config["tensors"])


def _t2i_adapter(config: dict[str, Any]) -> Module:
    with importing():
        from diffusers.models.adapter import T2IAdapter

    given: dict[str, Any] = {**config, "channels": list(config["channels"])}
    network: Module = T2IAdapter(**given)
    return network


def _sd3_controlnet(config: dict[str, Any]) -> Module:
    with importing():
        from diffusers.models.controlnets.controlnet_sd3 import SD3ControlNetModel

    network: Module = SD3ControlNetModel(**config)
    return network


def _flux_controlnet(config: dict[str, Any]) -> Module:
    import warnings

    with importing():
        from diffusers.models.controlnets.controlnet_flux import FluxControlNetModel
    from torch.nn import Linear

    with warnings.catch_warnings():  # diffusers warns of an import of its own
        warnings.filterwarnings("ignore", "`FluxPosEmbed`", FutureWarning)
        more = config.pop("extra_conditioning_channels") * 4  # in patches of 2 x 2
        network: Any = FluxControlNetModel(**config)
    if more:
        entry = network.controlnet_x_embedder
        network.controlnet_x_embedder = Linear(entry.in_features + more, entry.out_features)
    module: Module = network
    return module


def _pixart_controlnet(config: dict[str, Any]) -> Module:
    from ..control.pixart_network import PixArtControlNetwork

    return PixArtControlNetwork(**config)


def _gligen(config: dict[str, Any]) -> Module:
    from ..grounding.gligen_network import GligenNetwork

    return GligenNetwork(**config)


def _vae(config: dict[str, Any]) -> Module:
    with importing():
        from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL

    network: Module = AutoencoderKL(**config)
    return network


def _text_encoder(config: dict[str, Any]) -> Module:
    from torch.nn import Linear

    with importing():
        from transformers import CLIPTextConfig, CLIPTextModel

    projection = config.pop("projection_dim", None)
    # The special ids are only read by transformers' own pooling, which weft does not use; its
    # defaults lie outside of small vocabularies and are warned about.
    ids = {"bos_token_id": 0, "eos_token_id": config["vocab_size"] - 1, "pad_token_id": 0}
    network: Module = CLIPTextModel(CLIPTextConfig(**config, **ids))
    # Flat since transformers 5, nested before.
    inner: Module = getattr(network, "text_model", network)
    if projection is not None:
        inner.text_projection = Linear(config["hidden_size"], projection, bias=False)
    return inner


def _clip_vision(config: dict[str, Any]) -> Module:
    with importing():
        from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

    network: Module = CLIPVisionModelWithProjection(CLIPVisionConfig(**config))
    return network


def _siglip_vision(config: dict[str, Any]) -> Module:
    with importing():
        from transformers import SiglipVisionConfig, SiglipVisionModel

    network: Module = SiglipVisionModel(SiglipVisionConfig(**config))
    return network


def _redux(config: dict[str, Any]) -> Module:
    with importing():
        from diffusers.pipelines.flux.modeling_flux import ReduxImageEncoder

    network: Module = ReduxImageEncoder(**config)
    return network


def _ip_adapter(config: dict[str, Any]) -> Module:
    from ..image_prompts.ip_attention import IPAdapterNetwork

    return IPAdapterNetwork(config)


def _flux(config: dict[str, Any]) -> Module:
    with importing():
        from diffusers.models.transformers.transformer_flux import FluxTransformer2DModel

    from ..guidance.network import install_block_switches
    from ..guidance.untold import install_guidance_switch

    network: Module = FluxTransformer2DModel(**config)
    install_block_switches(network)
    install_guidance_switch(network)
    return network


def _sd3(config: dict[str, Any]) -> Module:
    with importing():
        from diffusers.models.transformers.transformer_sd3 import SD3Transformer2DModel

    from ..guidance.network import install_block_switches

    network: Module = SD3Transformer2DModel(**config)
    install_block_switches(network)
    return network


def _pixart(config: dict[str, Any]) -> Module:
    with importing():
        from diffusers.models.transformers.pixart_transformer_2d import PixArtTransformer2DModel

    from ..families.pixart_blocks import install_block_additions

    network: Module = PixArtTransformer2DModel(**config)
    install_block_additions(network)
    return network


def _t5(config: dict[str, Any]) -> Module:
    with importing():
        from transformers import T5Config, T5EncoderModel

    network = T5EncoderModel(T5Config(**config, dropout_rate=0.0, is_encoder_decoder=False))
    network.encoder.embed_tokens = network.shared  # one tensor under two names
    module: Module = network
    return module


def _rrdb(config: dict[str, Any]) -> Module:
    from ..pictures.upscalers import RRDB

    return RRDB(**config)


def _srvgg(config: dict[str, Any]) -> Module:
    from ..pictures.upscalers import SRVGG

    return SRVGG(**config)


def _bert(config: dict[str, Any]) -> Module:
    from torch.nn import Linear

    with importing():
        from transformers import BertConfig, BertModel

    projection = config.pop("projection_dim")
    network: Module = BertModel(BertConfig(**config), add_pooling_layer=False)
    if projection:
        network.classifier = Linear(config["hidden_size"], projection)
    return network


SHELLS: Mapping[str, Callable[[dict[str, Any]], Module]] = {
    "unet": _unet,
    "controlnet": _controlnet,
    "controlnet_union": _controlnet_union,
    "control_lora": _control_lora,
    "t2i_adapter": _t2i_adapter,
    "sd3_controlnet": _sd3_controlnet,
    "flux_controlnet": _flux_controlnet,
    "pixart_controlnet": _pixart_controlnet,
    "gligen": _gligen,
    "vae": _vae,
    "text_encoder": _text_encoder,
    "clip_vision": _clip_vision,
    "siglip_vision": _siglip_vision,
    "redux": _redux,
    "ip_adapter": _ip_adapter,
    "flux": _flux,
    "sd3": _sd3,
    "pixart": _pixart,
    "t5": _t5,
    "bert": _bert,
    "rrdb": _rrdb,
    "srvgg": _srvgg,
}


def _check(
    kind: str, expected: Mapping[str, tuple[int, ...]], tensors: Mapping[str, Tensor | Packed]
) -> None:
    missing = [name for name in expected if name not in tensors]
    left_over = [name for name in tensors if name not in expected]
    if missing or left_over:
        names = missing or left_over
        raise ModelError(
            "model.tensors_do_not_fit",
            f"The {kind} has {len(missing)} tensors too few and {len(left_over)} too many, "
            f'e.g. "{names[0]}".',
            expected=f"{len(expected)} tensors",
            got=str(len(tensors)),
            hint="The file is incomplete, or a variant that weft does not read yet.",
        )
    for name, shape in expected.items():
        got = tuple(tensors[name].shape)
        # 1x1 convolutions and linear layers hold the same numbers; old files mix them.
        if tuple(n for n in got if n != 1) != tuple(n for n in shape if n != 1):
            raise ModelError(
                "model.tensors_do_not_fit",
                f'Tensor "{name}" of the {kind} does not fit the rest of the network.',
                expected=str(shape),
                got=str(got),
            )


def _fill_buffers(module: Module, device: torch.device) -> None:
    """Give the buffers that no file holds their values: position numbers, sines of places."""
    import torch

    for owner in module.modules():
        for name, buffer in list(owner.named_buffers(recurse=False)):
            if buffer is None or not buffer.is_meta:
                continue
            if name == "position_ids":
                values = torch.arange(buffer.shape[-1], device=device).expand(buffer.shape)
            elif name == "token_type_ids":
                values = torch.zeros(buffer.shape, dtype=torch.long, device=device)
            elif name == "pos_embed":
                values = _places(owner, buffer).to(device=device)
            else:
                raise AssertionError(f"unknown buffer {name!r} left without values")
            owner.register_buffer(name, values, persistent=False)


def _places(owner: Any, buffer: Tensor) -> Tensor:
    """The sines of places that PixArt's patch embedding is made with."""
    import math

    with importing():
        from diffusers.models.embeddings import get_2d_sincos_pos_embed

    sines: Tensor = get_2d_sincos_pos_embed(
        buffer.shape[-1],
        math.isqrt(buffer.shape[1]),
        base_size=owner.base_size,
        interpolation_scale=owner.interpolation_scale,
        output_type="pt",
    )
    return sines.float().unsqueeze(0)
