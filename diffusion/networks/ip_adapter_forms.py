"""How IP-Adapters project an image or a face to tokens: what their kinds are told apart by.

Every file has "image_proj." and "ip_adapter." names. No torch.
"""

from __future__ import annotations

from enum import Enum

from .names import Names

FACE, VIT_H, CLIP_336 = 512, 1280, 1024
"""Widths that IP-Adapters read: a face embedding, the tokens of ViT-H, of CLIP-L at 336 px."""
KOLORS = (2048, 4096)
"""Widths inside of Kolors' resamplers: of images, of faces."""
_FLUX_TEXT = 4096


class Form(Enum):
    """How the projection is made."""

    INSTANTX = "for a transformer"
    FACE_AND_IMAGE = "a face embedding and a resampler over the image of the face"
    FACE = "a face embedding, with LoRAs for the UNet in the file"
    RESAMPLER = "a resampler over image tokens"
    LAYERS = "several linear layers"
    LINEAR = "one linear layer (the base layout)"
    OTHER = "another one"


def form_of(names: Names) -> Form | None:
    """The form of an IP-Adapter's projection; None for other files."""
    if not names.start("image_proj.") or not names.start("ip_adapter."):
        return None
    if is_sd3(names) or names.size("ip_adapter.0.to_k_ip.weight", 1) == _FLUX_TEXT:
        return Form.INSTANTX
    if names.start("image_proj.perceiver_resampler."):
        return Form.FACE_AND_IMAGE
    if names.end("_lora.down.weight"):
        return Form.FACE
    if names.has("image_proj.latents"):
        return Form.RESAMPLER
    if names.has("image_proj.proj.2.weight"):
        return Form.LAYERS
    if len(names.shapes.get("image_proj.proj.weight", ())) == 2:
        return Form.LINEAR
    return Form.OTHER


def is_sd3(names: Names) -> bool:
    """Whether it is InstantX's for SD3.5, which has norms of its own."""
    return names.end(".norm_ip.linear.weight")


def is_kolors_face(names: Names) -> bool:
    """Whether a resampler beside a face embedding is as wide as Kolors'."""
    inner = names.size("image_proj.perceiver_resampler.layers.0.0.to_out.weight", 0)
    return inner == KOLORS[1]


def resampler_of(names: Names) -> tuple[str, str]:
    """Kind and family of an IP-Adapter with a resampler, by the width that it reads."""
    family = text_family(names)
    reads = names.size("image_proj.proj_in.weight", 1)
    inner = names.size("image_proj.layers.0.0.to_out.weight", 0)
    if reads == CLIP_336 and KOLORS[0] in (names.size("image_proj.latents", 2), inner):
        return "ip_adapter_plus", "kolors"
    if reads == FACE:
        return "instantid", family
    return ("ip_adapter_plus" if reads == VIT_H else "ip_adapter_other"), family


def text_family(names: Names) -> str:
    """The family of the UNet, by the width of the prompt that it reads; "unknown" if none."""
    return names.text(".to_k_ip.weight")
