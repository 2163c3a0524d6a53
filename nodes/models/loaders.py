"""Checkpoints and diffusion models loaded from files."""

from __future__ import annotations

from typing import Annotated, Literal, NamedTuple

from weft.diffusion.types import Clip, Model, Vae
from weft.engine.declaration.context import Run
from weft.engine.declaration.node import node
from weft.engine.declaration.widgets import ModelFile

from .model_files import model_path as find_model


class Checkpoint(NamedTuple):
    """The model, text encoders and VAE of a checkpoint."""

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
    """Load a checkpoint: the model, its text encoders and its VAE.

    The model family and all sizes are read from the tensors of the file, never from its name.
    Weights are memory-mapped, and nodes that load the same content share them.

    Args:
        ckpt_name: A safetensors file in the original layout, or a diffusers folder.
            docs/families.md lists the model families.

    Returns:
        The model, its text encoders and its VAE.

    Raises:
        ModelError: The file is damaged, is no safetensors file, or is no checkpoint.
    """
    from weft.diffusion import load_checkpoint as load

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
    """Load a checkpoint with a configuration file, as old ComfyUI workflows do.

    Prefer LoadCheckpoint, which reads family, sizes and number types from the file. Two parts of
    the configuration's name are used: "-v" means velocity prediction, and "clip_skip_2" (also
    "anything_v3") uses the last but one layer of the text encoder.

    Args:
        config_name: Name of the configuration. The file itself is not needed, and custom
            configurations are not read.
        ckpt_name: The checkpoint file, as in LoadCheckpoint.

    Returns:
        The model, its text encoders and its VAE.

    Raises:
        ModelError: As in LoadCheckpoint.

    Source: as ComfyUI.
    """
    from weft.diffusion import load_checkpoint as load
    from weft.diffusion import set_clip_last_layer
    from weft.diffusion.denoising.resampling import discrete

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
    """Load a denoising network (UNet or transformer), without VAE and text encoders.

    Args:
        unet_name: A safetensors or GGUF file, in the original layout or with diffusers' tensor
            names, or a diffusers folder. GGUF weights stay quantised and are unpacked one at a
            time, so the network needs about as much memory as the file has; a LoRA adds the
            unpacked size of the layers it patches.
        weight_dtype: Number type of the weights; "default" is the best one for the device. The fp8
            types halve the memory of large weights compared with fp16; computation stays in the
            default type, also with "fp8_e4m3fn_fast", a name from ComfyUI. For GGUF files this is
            the type of the computation.

    Returns:
        The denoising model.

    Raises:
        ModelError: The file is damaged or holds no denoising network that weft supports.
    """
    from weft.diffusion import load_model as load

    dtype = weight_dtype.removesuffix("_fast")
    return load(find_model(run, "diffusion_models", unet_name), dtype=dtype)


@node("LoadDiffusers", category="load", aliases=["DiffusersLoader"], effects=["reads"], lane="io")
def load_diffusers(run: Run, *, model_path: Annotated[str, ModelFile("diffusers")]) -> Checkpoint:
    """Load a model from a diffusers folder: the model, its text encoders and its VAE.

    Args:
        model_path: A folder with a model_index.json file.

    Returns:
        The model, its text encoders and its VAE.

    Raises:
        ModelError: A component is missing or damaged, or of a model family that weft does not
        support.
    """
    from weft.diffusion import load_checkpoint as load

    return Checkpoint(*load(find_model(run, "diffusers", model_path)))


def device_of(place: Place) -> str | None:
    return None if place == "default" else place
