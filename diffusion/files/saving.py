"""Writing model files in the Stable Diffusion (LDM) layout, atomically.

A file appears whole or not at all: it is written beside its target and renamed. Renaming also keeps
models that are mapped from the former file of that name intact.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from ..formats.ldm import to_ldm
from ..replacing import replacing

if TYPE_CHECKING:
    from torch import Tensor

    StateDict = Mapping[str, Tensor]


def save_checkpoint(
    path: str | os.PathLike[str],
    unet: StateDict,
    vae: StateDict,
    text_encoder: StateDict,
    metadata: Mapping[str, str] | None = None,
) -> None:
    """Write a full SD1.x checkpoint.

    Args:
        path: Target, usually "*.safetensors"; replaced if it exists.
        unet, vae, text_encoder: State dicts with diffusers (transformers) names.
        metadata: Text kept in the header. Key "tokenizer": the text of a tokenizer.json, for a
            vocabulary that is not CLIP's. Key "config": see `formats.shapes`.

    Raises:
        ModelError: A state dict has keys that belong to no layer of its kind.
    """
    tensors = {
        **to_ldm("unet", unet, prefix=True),
        **to_ldm("vae", vae, prefix=True),
        **to_ldm("text_encoder", text_encoder, prefix=True),
    }
    save_tensors(path, tensors, metadata)


def save_controlnet(
    path: str | os.PathLike[str], controlnet: StateDict, metadata: Mapping[str, str] | None = None
) -> None:
    """Write a ControlNet (diffusers names given, LDM names with "control_model." written)."""
    save_tensors(path, to_ldm("controlnet", controlnet, prefix=True), metadata)


def save_clip_vision(
    path: str | os.PathLike[str], vision: StateDict, metadata: Mapping[str, str] | None = None
) -> None:
    """Write a CLIP vision encoder with projection (names of CLIPVisionModelWithProjection)."""
    tensors = {name: t for name, t in vision.items() if not name.endswith("position_ids")}
    save_tensors(path, tensors, metadata)


def save_ip_adapter(
    path: str | os.PathLike[str],
    image_proj: StateDict,
    attention: StateDict,
    metadata: Mapping[str, str] | None = None,
) -> None:
    """Write a base-layout IP-Adapter.

    Args:
        path: Target.
        image_proj: proj.weight (4*C, D), proj.bias (4*C), norm.weight (C), norm.bias (C).
        attention: "1.to_k_ip.weight", "1.to_v_ip.weight", "3...." (width, C), one pair for every
            cross-attention layer in the order of `UNet2DConditionModel.attn_processors`.
        metadata: Text kept in the header.
    """
    tensors = {f"image_proj.{name}": tensor for name, tensor in image_proj.items()}
    tensors |= {f"ip_adapter.{name}": tensor for name, tensor in attention.items()}
    save_tensors(path, tensors, metadata)


def save_tensors(
    path: str | os.PathLike[str], tensors: StateDict, metadata: Mapping[str, str] | None = None
) -> None:
    """Write tensors to a safetensors file under a temporary name, then rename."""
    from safetensors.torch import save_file

    target = Path(path)
    # Views that share memory are refused by safetensors; contiguous copies are cheap here.
    flat = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    with replacing(target) as temporary:
        save_file(flat, temporary, metadata={"format": "pt", **(metadata or {})})
