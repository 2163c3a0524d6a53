"""ControlNets of every family, Control-LoRAs and T2I-Adapters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..device import CONTROL, TRANSFORMER_CONTROL
from ..formats.control_shapes import (
    flux_control_config,
    pixart_control_config,
    sd3_control_config,
)
from ..formats.shapes import controlnet_config, controlnet_union_config
from ..formats.t2i_names import t2i_config, t2i_family
from ..importing import importing
from .identity import Identity
from .kind import Network, NetworkKind
from .names import Names

if TYPE_CHECKING:
    from torch.nn import Module


_UNION = {6: "union", 8: "promax"}
"""Number of control types -> variant."""


def _control(names: Names) -> Identity | None:
    if (facts := names.control) is None:
        return None
    # PixArt's consists of blocks alone, which are the same in alpha and sigma.
    family = "pixart" if facts.body == "pixart" else names.family(facts)
    variant = _UNION.get(names.size("task_embedding", 0), "")
    return Identity("controlnet", family, facts.layout, facts.prefix, variant, facts)


def _t2i(names: Names) -> Identity | None:
    if names.control is not None or names.network is not None or names.has_lora:
        return None
    family = t2i_family(names.shapes)
    return None if family is None else Identity("t2i_adapter", family)


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


def _control_lora(config: dict[str, Any]) -> Module:
    from ..weights.tensor_bag import TensorBag

    return TensorBag(config["tensors"])


def _t2i_adapter(config: dict[str, Any]) -> Module:
    with importing():
        from diffusers.models.adapter import T2IAdapter

    given: dict[str, Any] = {**config, "channels": list(config["channels"])}
    network: Module = T2IAdapter(**given)
    return network


KIND = NetworkKind(
    "controlnet",
    "a ControlNet",
    folder="controlnet",
    recognise=_control,
    variants={"union": "union of 6 kinds", "promax": "union ProMax, 8 kinds"},
    networks=(
        Network(
            "flux_controlnet",
            "controlnet",
            flux_control_config,
            _flux_controlnet,
            TRANSFORMER_CONTROL,
            owns=lambda shapes: "controlnet_x_embedder.weight" in shapes,
        ),
        Network(
            "sd3_controlnet",
            "controlnet",
            sd3_control_config,
            _sd3_controlnet,
            TRANSFORMER_CONTROL,
            owns=lambda shapes: "pos_embed_input.proj.weight" in shapes,
        ),
        Network(
            "pixart_controlnet",
            "controlnet",
            pixart_control_config,
            _pixart_controlnet,
            TRANSFORMER_CONTROL,
            owns=lambda shapes: "controlnet_blocks.0.after_proj.weight" in shapes,
        ),
        Network(
            "controlnet_union",
            "controlnet",
            controlnet_union_config,
            _controlnet_union,
            CONTROL,
            owns=lambda shapes: "task_embedding" in shapes,
        ),
        Network("controlnet", "controlnet", controlnet_config, _controlnet, CONTROL),
        Network(
            "control_lora",
            "control_lora",
            lambda shapes: {"tensors": tuple(sorted(shapes.items()))},
            _control_lora,
            CONTROL,
        ),
    ),
)
T2I_ADAPTER = NetworkKind(
    "t2i_adapter",
    "a T2I-Adapter",
    folder="controlnet",
    more_folders=("t2i_adapter",),
    recognise=_t2i,
    networks=(Network("t2i_adapter", "t2i_adapter", t2i_config, _t2i_adapter, CONTROL),),
)
