"""VAEs, ControlNets, CLIP vision encoders and IP-Adapters loaded from files."""

from __future__ import annotations

from typing import Annotated, Literal

from weft.diffusion.types import ClipVision, ControlNet, IPAdapter, Model, Vae
from weft.engine.declaration.context import Run
from weft.engine.declaration.node import node
from weft.engine.declaration.widgets import ModelFile

from .model_files import model_path as find_model


@node("LoadVAE", category="load", aliases=["VAELoader"], effects=["reads"], lane="io")
def load_vae(run: Run, *, vae_name: Annotated[str, ModelFile("vae")]) -> Vae:
    """Load a VAE, to use instead of the checkpoint's.

    Args:
        vae_name: The safetensors file of the VAE.

    Returns:
        The VAE.

    Raises:
        ModelError: The file is damaged or holds no VAE.
    """
    from weft.diffusion import load_vae as load

    return load(find_model(run, "vae", vae_name))


@node(
    "LoadControlNet",
    category="load",
    aliases=["ControlNetLoader"],
    effects=["reads"],
    lane="io",
    version=2,
)
def load_control_net(
    run: Run,
    *,
    control_net_name: Annotated[str, ModelFile("controlnet")],
    global_pooling: Literal["auto", "on", "off"] = "auto",
) -> ControlNet:
    """Load a ControlNet, a Control-LoRA or a T2I-Adapter.

    Args:
        control_net_name: A safetensors file in the original or the diffusers layout.
        global_pooling: Whether the residuals are averaged over the image, as Shuffle ControlNets
            need it. `auto` reads the file's configuration, and without one checks the file name for
            the word "shuffle".

    Returns:
        The ControlNet.

    Raises:
        ModelError: The file is damaged or holds none of these networks.
    """
    from weft.diffusion import load_controlnet as load

    pooled = {"auto": None, "on": True, "off": False}[global_pooling]
    return load(find_model(run, "controlnet", control_net_name), pooled=pooled)


@node(
    "LoadControlNetDifference",
    category="load",
    aliases=["DiffControlNetLoader"],
    effects=["reads"],
    lane="io",
)
def load_control_net_difference(
    run: Run, model: Model, *, control_net_name: Annotated[str, ModelFile("controlnet")]
) -> ControlNet:
    """Load a ControlNet whose file may hold the difference from a model.

    A file that holds a difference has a tensor `difference`. Any other file is loaded as by
    LoadControlNet.

    Args:
        model: The model that the difference is added to: the one the ControlNet was trained on
            (SD1.5), or a finetune of it. LoRAs on it are included.
        control_net_name: The safetensors file of the ControlNet.

    Returns:
        The ControlNet. The addition is computed when it is used.

    Raises:
        ModelError: The file is damaged or holds no ControlNet, or the model is of another family.

    Source: as ComfyUI.
    """
    from weft.diffusion import load_controlnet as load

    return load(find_model(run, "controlnet", control_net_name), model)


@node("LoadCLIPVision", category="load", aliases=["CLIPVisionLoader"], effects=["reads"], lane="io")
def load_clip_vision(
    run: Run, *, clip_name: Annotated[str, ModelFile("clip_vision")]
) -> ClipVision:
    """Load an image encoder (CLIP vision or SigLIP).

    Args:
        clip_name: A safetensors file of a CLIP image encoder with projection, or of SigLIP (for
            Flux Redux). The kind is read from the tensors.

    Returns:
        The image encoder.

    Raises:
        ModelError: The file is damaged or holds no image encoder.
    """
    from weft.diffusion import load_clip_vision as load

    return load(find_model(run, "clip_vision", clip_name))


@node("LoadIPAdapter", category="load", effects=["reads"], lane="io")
def load_ip_adapter(
    run: Run,
    clip_vision: ClipVision,
    *,
    ipadapter_file: Annotated[str, ModelFile("ipadapter")],
) -> IPAdapter:
    """Load an IP-Adapter and the image encoder that it was trained with.

    Args:
        clip_vision: The image encoder. Its width must match the IP-Adapter's.
        ipadapter_file: A safetensors file with `image_proj.` and `ip_adapter.` tensors.

    Returns:
        The IP-Adapter, for the IPAdapter node.

    Raises:
        ModelError: The file is damaged, holds no IP-Adapter, or was trained with another image
        encoder.
    """
    from weft.diffusion import load_ip_adapter as load

    return load(find_model(run, "ipadapter", ipadapter_file), clip_vision)
