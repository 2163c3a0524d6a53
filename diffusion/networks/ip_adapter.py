"""IP-Adapters: the base layout, which weft builds, and the others, which one rule recognises.

Source: tensor names and shapes of the published files; facts only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..device import NETWORK
from ..formats.shapes import ip_adapter_config
from .identity import Identity
from .kind import Network, NetworkKind
from .names import Names

if TYPE_CHECKING:
    from torch.nn import Module

_FACE, _VIT_H, _CLIP_336 = 512, 1280, 1024
"""Widths of what IP-Adapters read: a face's embedding, tokens of ViT-H and of CLIP-L at 336 px."""
_KOLORS = (2048, 4096)
"""Widths inside of Kolors' resamplers."""


def _ip_adapter(names: Names) -> Identity | None:
    if not names.start("image_proj.") or not names.start("ip_adapter."):
        return None
    family = names.text(".to_k_ip.weight")
    if names.end(".norm_ip.linear.weight"):
        return Identity("ip_adapter_instantx", "sd3")
    if names.size("ip_adapter.0.to_k_ip.weight", 1) == 4096:
        return Identity("ip_adapter_instantx", "flux")
    if names.start("image_proj.perceiver_resampler."):
        inner = names.size("image_proj.perceiver_resampler.layers.0.0.to_out.weight", 0)
        if inner in _KOLORS[1:]:
            return Identity("ip_adapter_faceid", "kolors")
        return Identity("ip_adapter_faceid_plus", family)
    if names.end("_lora.down.weight"):
        return Identity("ip_adapter_faceid", family)
    if names.has("image_proj.latents"):
        return Identity(*_resampled(names, family))
    if names.has("image_proj.proj.2.weight"):
        if names.size("image_proj.proj.0.weight", 1) == _FACE:
            return Identity("ip_adapter_portrait", family)
        return Identity("ip_adapter_full_face", family)
    if len(names.shapes.get("image_proj.proj.weight", ())) == 2:
        # SD1.x is also what networks of its layout and another width are made as.
        deep = names.start("ip_adapter.101.")
        told = family if family != "unknown" else "sdxl" if deep else "sd1"
        return Identity("ip_adapter", told)
    return Identity("ip_adapter_other", family)


def _resampled(names: Names, family: str) -> tuple[str, str]:
    reads = names.size("image_proj.proj_in.weight", 1)
    inner = names.size("image_proj.layers.0.0.to_out.weight", 0)
    if reads == _CLIP_336 and _KOLORS[0] in (names.size("image_proj.latents", 2), inner):
        return "ip_adapter_plus", "kolors"
    if reads == _FACE:
        return "instantid", family
    return ("ip_adapter_plus" if reads == _VIT_H else "ip_adapter_other"), family


def _build(config: dict[str, Any]) -> Module:
    from ..image_prompts.ip_attention import IPAdapterNetwork

    return IPAdapterNetwork(config)


KIND = NetworkKind(
    "ip_adapter",
    "an IP-Adapter",
    folder="ipadapter",
    recognise=_ip_adapter,
    networks=(Network("ip_adapter", "ip_adapter", ip_adapter_config, _build, NETWORK),),
)
OTHERS = tuple(
    NetworkKind(name, words, usable=False)
    for name, words in (
        ("ip_adapter_plus", "an IP-Adapter Plus"),
        ("ip_adapter_full_face", "an IP-Adapter Full-Face"),
        ("ip_adapter_portrait", "an IP-Adapter Portrait"),
        ("ip_adapter_faceid", "an IP-Adapter FaceID"),
        ("ip_adapter_faceid_plus", "an IP-Adapter FaceID Plus"),
        ("ip_adapter_instantx", "an IP-Adapter of InstantX"),
        ("ip_adapter_other", "an IP-Adapter of an unknown layout"),
        ("instantid", "an IP-Adapter on raw face embeddings (InstantID, or Portrait unnorm)"),
    )
)
"""Layouts that the rule of `KIND` tells, and that no loader takes."""
