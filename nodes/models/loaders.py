"""Model files into models."""

from __future__ import annotations

from typing import Annotated, Literal, NamedTuple

from ...diffusion.types import Clip, ClipVision, ControlNet, IPAdapter, Model, Vae
from ...engine.declaration.context import Run
from ...engine.declaration.node import node
from ...engine.declaration.widgets import ModelFile
from .model_files import model_path as find_model


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
        ckpt_name: A safetensors file in the layout of its first publication, or a diffusers
            folder. docs/families.md lists the families.

    Returns:
        The three models.

    Raises:
        ModelError: The file is damaged, is no safetensors file, or is no checkpoint.
    """
    from ...diffusion import load_checkpoint as load

    return Checkpoint(*load(find_model(run, "checkpoints", ckpt_name)))


Config = Literal[
    "anything_v3.yaml",
    "v1-inference.yaml",
    "v1-inference_clip_skip_2.yaml",
    "v1-inference_clip_skip_2_fp16.yaml",
    "v1-inference_fp16.yaml",
    "v1-inpainting-inference.yaml",
    "v2-inference-v.yaml",
    "v2-inference-v_fp32.yaml",
    "v2-inference.yaml",
    "v2-inference_fp32.yaml",
    "v2-inpainting-inference.yaml",
]


@node("CheckpointLoader", category="load", effects=["reads"], lane="io")
def checkpoint_loader(
    run: Run,
    *,
    config_name: Config = "v1-inference.yaml",
    ckpt_name: Annotated[str, ModelFile("checkpoints")],
) -> Checkpoint:
    """Load a checkpoint with a configuration beside it, as old workflows of ComfyUI do.

    LoadCheckpoint does without: family, widths and number types are read from the file. Of the
    configuration two things are followed that a file may not tell: "-v" is velocity prediction,
    and "clip_skip_2" (also "anything_v3") takes the text from the last layer but one.

    Args:
        config_name: The configuration's name; the file itself is not needed. Configurations of
            one's own are not read.
        ckpt_name: As in LoadCheckpoint.

    Returns:
        The three models.

    Raises:
        ModelError: As in LoadCheckpoint.

    Source: as ComfyUI.
    """
    from ...diffusion import load_checkpoint as load
    from ...diffusion import set_clip_last_layer
    from ...diffusion.denoising.resampling import discrete

    model, clip, vae = load(find_model(run, "checkpoints", ckpt_name))
    if config_name.startswith("v2-inference-v"):
        model = discrete(model, "v_prediction", zero_snr=False)
    if "clip_skip_2" in config_name or config_name == "anything_v3.yaml":
        clip = set_clip_last_layer(clip, -2)
    return Checkpoint(model, clip, vae)


Place = Literal["default", "cpu"]
WeightType = Literal["default", "fp32", "fp16", "bf16", "fp8_e4m3fn", "fp8_e4m3fn_fast", "fp8_e5m2"]


@node(
    "LoadDiffusionModel",
    category="load",
    aliases=["UNETLoader", "UnetLoaderGGUF"],
    effects=["reads"],
    lane="io",
)
def load_diffusion_model(
    run: Run,
    *,
    unet_name: Annotated[str, ModelFile("diffusion_models")],
    weight_dtype: WeightType = "default",
) -> Model:
    """Load a denoising network alone: a UNet or transformer without VAE and text encoders.

    Args:
        unet_name: A safetensors or GGUF file in the layout of its first publication or in
            diffusers' names, or a diffusers folder. Weights of a GGUF file stay in its blocks of
            few bits and are unpacked one at a time, so memory is the file's size; a LoRA adds the
            unpacked size of what it touches.
        weight_dtype: Number type of the weights; "default" is what the device computes best. The
            fp8 types store large weights in half the room of fp16; sums are done as by default,
            with "fp8_e4m3fn_fast" too, a name that documents of ComfyUI know.
            For GGUF files it is the type of the sums.

    Returns:
        The denoising model.

    Raises:
        ModelError: The file is damaged or holds no denoising network that weft knows.
    """
    from ...diffusion import load_model as load

    dtype = weight_dtype.removesuffix("_fast")
    return load(find_model(run, "diffusion_models", unet_name), dtype=dtype)


@node(
    "LoadCLIP",
    category="load",
    aliases=["CLIPLoader", "CLIPLoaderGGUF"],
    effects=["reads"],
    lane="io",
)
def load_clip(
    run: Run,
    *,
    clip_name: Annotated[str, ModelFile("clip")],
    type: Literal["stable_diffusion", "sd3", "pixart"] = "stable_diffusion",  # noqa: A002
    device: Place = "default",
) -> Clip:
    """Load a text encoder of its own.

    Args:
        clip_name: A safetensors or GGUF file of a CLIP, T5 or BERT text encoder.
        type: What it shall encode for. With "stable_diffusion" the encoder itself says: CLIP-L is
            SD1.x, CLIP-H SD2.x, CLIP-G the SDXL refiner.
        device: Where it runs: as the other networks do, or on the CPU to spare the card's memory.

    Returns:
        The text encoder.

    Raises:
        ModelError: The file is damaged, holds no text encoder, or another than the type has.
    """
    from ...diffusion import load_clip as load

    family = {"stable_diffusion": None, "pixart": "pixart_sigma"}.get(type, type)
    return load([find_model(run, "clip", clip_name)], family, device=_device(device))


@node(
    "LoadDualCLIP",
    category="load",
    aliases=["DualCLIPLoader", "DualCLIPLoaderGGUF"],
    effects=["reads"],
    lane="io",
)
def load_dual_clip(
    run: Run,
    *,
    clip_name1: Annotated[str, ModelFile("clip")],
    clip_name2: Annotated[str, ModelFile("clip")],
    type: Literal["sdxl", "sd3", "flux"] = "sdxl",  # noqa: A002
    device: Place = "default",
) -> Clip:
    """Load two text encoders that work together, in any order.

    Args:
        clip_name1: A safetensors or GGUF file of a CLIP or T5 text encoder.
        clip_name2: Another.
        type: What they shall encode for: SDXL has CLIP-L and CLIP-G, Flux CLIP-L and T5, SD3 any
            two of CLIP-L, CLIP-G and T5.
        device: Where they run: as the other networks do, or on the CPU to spare the card's memory.

    Returns:
        The text encoders.

    Raises:
        ModelError: A file is damaged, holds no text encoder, or another than the type has.
    """
    from ...diffusion import load_clip as load

    paths = [find_model(run, "clip", name) for name in (clip_name1, clip_name2)]
    return load(paths, type, device=_device(device))


@node(
    "LoadTripleCLIP",
    category="load",
    aliases=["TripleCLIPLoader", "TripleCLIPLoaderGGUF"],
    effects=["reads"],
    lane="io",
)
def load_triple_clip(
    run: Run,
    *,
    clip_name1: Annotated[str, ModelFile("clip")],
    clip_name2: Annotated[str, ModelFile("clip")],
    clip_name3: Annotated[str, ModelFile("clip")],
) -> Clip:
    """Load the three text encoders of SD3, in any order.

    Args:
        clip_name1: A safetensors or GGUF file of CLIP-L, CLIP-G or T5.
        clip_name2: Another.
        clip_name3: The third.

    Returns:
        The text encoders.

    Raises:
        ModelError: A file is damaged, holds no text encoder, or they are not SD3's three.
    """
    from ...diffusion import load_clip as load

    names = (clip_name1, clip_name2, clip_name3)
    return load([find_model(run, "clip", name) for name in names], "sd3")


@node("LoadDiffusers", category="load", aliases=["DiffusersLoader"], effects=["reads"], lane="io")
def load_diffusers(run: Run, *, model_path: Annotated[str, ModelFile("diffusers")]) -> Checkpoint:
    """Load a model from a diffusers folder: denoising model, text encoders, VAE.

    Args:
        model_path: A folder with model_index.json.

    Returns:
        The three models.

    Raises:
        ModelError: A part is missing or damaged, or of a family that weft does not know.
    """
    from ...diffusion import load_checkpoint as load

    return Checkpoint(*load(find_model(run, "diffusers", model_path)))


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
    from ...diffusion import load_vae as load

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
        control_net_name: A safetensors file in the layout of its first publication or diffusers'.
        global_pooling: Whether what the network adds is averaged over the image, as Shuffle
            ControlNets are trained. `auto` follows the file's configuration, else a name with the
            word "shuffle".

    Returns:
        The ControlNet.

    Raises:
        ModelError: The file is damaged or holds neither.
    """
    from ...diffusion import load_controlnet as load

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
    """Load a ControlNet that may be stored as its difference from a model.

    A file says that it is one by a tensor `difference`; any other is loaded as by LoadControlNet.

    Args:
        model: What the difference is added to: the model that the ControlNet was trained on
            (SD1.5), or a finetune of it. LoRAs on it go in.
        control_net_name: A safetensors file.

    Returns:
        The ControlNet, made when it is used.

    Raises:
        ModelError: The file is damaged or holds no ControlNet, or the model is of another family.

    Source: as ComfyUI.
    """
    from ...diffusion import load_controlnet as load

    return load(find_model(run, "controlnet", control_net_name), model)


@node("LoadCLIPVision", category="load", aliases=["CLIPVisionLoader"], effects=["reads"], lane="io")
def load_clip_vision(
    run: Run, *, clip_name: Annotated[str, ModelFile("clip_vision")]
) -> ClipVision:
    """Load an image encoder.

    Args:
        clip_name: A safetensors file of a CLIP image encoder with projection, or of SigLIP (for
            Flux Redux); which of them, its tensors say.

    Returns:
        The image encoder.

    Raises:
        ModelError: The file is damaged or holds no image encoder.
    """
    from ...diffusion import load_clip_vision as load

    return load(find_model(run, "clip_vision", clip_name))


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
    from ...diffusion import load_ip_adapter as load

    return load(find_model(run, "ipadapter", ipadapter_file), clip_vision)


def _device(place: Place) -> str | None:
    return None if place == "default" else place
