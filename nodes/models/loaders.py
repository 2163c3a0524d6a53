"""Checkpoints and diffusion models loaded from files."""

from __future__ import annotations

from typing import Annotated, Literal, NamedTuple

from ...diffusion.types import Clip, Model, Vae
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


def device_of(place: Place) -> str | None:
    return None if place == "default" else place
