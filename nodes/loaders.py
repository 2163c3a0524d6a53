"""Model files into models."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, NamedTuple

from ..diffusion.types import Clip, ClipVision, ControlNet, IPAdapter, Model, Vae
from ..engine.context import Run
from ..engine.node import node
from ..engine.widgets import ModelFile


class Checkpoint(NamedTuple):
    """The three models of a checkpoint."""

    model: Model
    clip: Clip
    vae: Vae


@node(
    "LoadCheckpoint",
    category="load",
    aliases=["CheckpointLoaderSimple"],
    effects=["reads"],
    lane="io",
)
def load_checkpoint(run: Run, *, ckpt_name: Annotated[str, ModelFile("checkpoints")]) -> Checkpoint:
    """Load a checkpoint: the denoising model, the text encoder and the VAE.

    The family and all widths are read from the tensors of the file, never from its name. Weights
    stay memory-mapped and are shared by all who load the same content.

    Args:
        ckpt_name: A safetensors file in Stable Diffusion layout, or a diffusers folder.

    Returns:
        The three models.

    Raises:
        ModelError: The file is damaged, is no safetensors file, or is no checkpoint.
    """
    from ..diffusion import load_checkpoint as load

    return Checkpoint(*load(_path(run, "checkpoints", ckpt_name)))


@node("LoadVAE", category="load", aliases=["VAELoader"], effects=["reads"], lane="io")
def load_vae(run: Run, *, vae_name: Annotated[str, ModelFile("vae")]) -> Vae:
    """Load a VAE of its own, in place of a checkpoint's.

    Args:
        vae_name: A safetensors file.

    Returns:
        The VAE.

    Raises:
        ModelError: The file is damaged or holds no VAE.
    """
    from ..diffusion import load_vae as load

    return load(_path(run, "vae", vae_name))


@node("LoadControlNet", category="load", aliases=["ControlNetLoader"], effects=["reads"], lane="io")
def load_control_net(
    run: Run, *, control_net_name: Annotated[str, ModelFile("controlnet")]
) -> ControlNet:
    """Load a ControlNet.

    Args:
        control_net_name: A safetensors file in Stable Diffusion or diffusers layout.

    Returns:
        The ControlNet.

    Raises:
        ModelError: The file is damaged or holds no ControlNet.
    """
    from ..diffusion import load_controlnet as load

    return load(_path(run, "controlnet", control_net_name))


@node("LoadCLIPVision", category="load", aliases=["CLIPVisionLoader"], effects=["reads"], lane="io")
def load_clip_vision(
    run: Run, *, clip_name: Annotated[str, ModelFile("clip_vision")]
) -> ClipVision:
    """Load an image encoder.

    Args:
        clip_name: A safetensors file of a CLIP image encoder with projection.

    Returns:
        The image encoder.

    Raises:
        ModelError: The file is damaged or holds no image encoder.
    """
    from ..diffusion import load_clip_vision as load

    return load(_path(run, "clip_vision", clip_name))


@node("LoadIPAdapter", category="load", effects=["reads"], lane="io")
def load_ip_adapter(
    run: Run,
    clip_vision: ClipVision,
    *,
    ipadapter_file: Annotated[str, ModelFile("ipadapter")],
) -> IPAdapter:
    """Load an IP-Adapter together with the image encoder that it was trained on.

    Args:
        clip_vision: The image encoder; its width must be the adapter's.
        ipadapter_file: A safetensors file with `image_proj.` and `ip_adapter.` tensors.

    Returns:
        The adapter, ready for IPAdapter.

    Raises:
        ModelError: The file is damaged, is no IP-Adapter, or was trained on another encoder.
    """
    from ..diffusion import load_ip_adapter as load

    return load(_path(run, "ipadapter", ipadapter_file), clip_vision)


def _path(run: Run, kind: str, name: str) -> Path:
    """A model's path; the digest that its cache key needed is handed on with it."""
    from ..diffusion.file_digest import remember_digest

    path = run.workspace.model(kind, name)
    if path.is_file():
        remember_digest(path, run.workspace.digests.digest(path))
    return path
