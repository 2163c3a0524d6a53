"""Models saved as files, and the difference of two models saved as a LoRA."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Literal

from weft.diffusion.types import Clip, Model, Vae
from weft.engine.declaration.context import Run
from weft.engine.declaration.node import node
from weft.engine.declaration.widgets import FilePrefix, Range

if TYPE_CHECKING:
    from weft.diffusion.files.exporting import SingleFile
    from weft.diffusion.files.lora_saving import LoraExtraction

FileName = Annotated[str, FilePrefix()]
StoredType = Literal["as stored", "fp16", "bf16", "fp32"]


@node("CheckpointSave", category="merge", effects=["writes"], lane="io")
def checkpoint_save(
    run: Run,
    model: Model,
    clip: Clip,
    vae: Vae,
    *,
    filename_prefix: FileName = "checkpoints/weft",
    precision: StoredType = "as stored",
) -> None:
    """Save a model, its text encoders and a VAE as one checkpoint file.

    The file includes LoRAs and merges, and the workflow in its header. It does not include
    IP-Adapters.

    Args:
        model: The model.
        clip: The text encoders.
        vae: The VAE.
        filename_prefix: File name before the number, below the output folder. It may hold folders
            and tokens such as %date:yyyy-MM-dd%, %year% and %KSampler.seed%.
        precision: Number type of all tensors. "as stored" keeps the type of the source files.

    Raises:
        DiffusionError: This kind of model cannot be saved.
        FileError: The prefix leads outside the output folder, or the file cannot be written.
    """
    file = _file(precision)
    file.add_model(model)
    file.add_clip(clip)
    file.add_vae(vae)
    _write(run, file, filename_prefix)


@node("ModelSave", category="merge", effects=["writes"], lane="io")
def model_save(
    run: Run,
    model: Model,
    *,
    filename_prefix: FileName = "diffusion_models/weft",
    precision: StoredType = "as stored",
) -> None:
    """Save a denoising network alone.

    Args:
        model: The model.
        filename_prefix: File name before the number, as in CheckpointSave.
        precision: Number type of all tensors, as in CheckpointSave.

    Raises:
        DiffusionError: As in CheckpointSave.
        FileError: As in CheckpointSave.
    """
    file = _file(precision)
    file.add_model(model)
    _write(run, file, filename_prefix)


@node("CLIPSave", category="merge", effects=["writes"], lane="io")
def clip_save(
    run: Run,
    clip: Clip,
    *,
    filename_prefix: FileName = "clip/weft",
    precision: StoredType = "as stored",
) -> None:
    """Save text encoders, each as a file with transformers' tensor names.

    Args:
        clip: The text encoders.
        filename_prefix: File name before the number, as in CheckpointSave. With several text
            encoders, the kind of each is appended.
        precision: Number type of all tensors, as in CheckpointSave.

    Raises:
        FileError: As in CheckpointSave.
    """
    for weights in clip.encoders:
        file = _file(precision)
        file.add_text_encoder(weights)
        role = str(weights.extras.get("role", "text")).lower().replace("-", "_")
        _write(run, file, filename_prefix + (f"_{role}" if len(clip.encoders) > 1 else ""))


@node("VAESave", category="merge", effects=["writes"], lane="io")
def vae_save(
    run: Run,
    vae: Vae,
    *,
    filename_prefix: FileName = "vae/weft",
    precision: StoredType = "as stored",
) -> None:
    """Save a VAE alone.

    Args:
        vae: The VAE.
        filename_prefix: File name before the number, as in CheckpointSave.
        precision: Number type of all tensors, as in CheckpointSave.

    Raises:
        FileError: As in CheckpointSave.
    """
    file = _file(precision)
    file.add_vae(vae, prefix="")
    _write(run, file, filename_prefix)


@node("ExtractLoRA", category="merge", aliases=["LoraSave"], effects=["writes"])
def extract_lora(
    run: Run,
    model_diff: Model | None = None,
    text_encoder_diff: Clip | None = None,
    *,
    filename_prefix: FileName = "loras/weft",
    rank: Annotated[int, Range(1, 4096)] = 8,
    lora_type: Literal["standard", "full_diff"] = "standard",
    bias_diff: bool = True,
    precision: Literal["fp16", "bf16", "fp32"] = "fp16",
) -> None:
    """Extract the difference of two models as a LoRA file.

    LoadLoRA applies the file to the model that was subtracted, and gives the other model as closely
    as the rank allows.

    Args:
        model_diff: The model difference from ModelMergeSubtract. Empty leaves the denoising network
            out.
        text_encoder_diff: The text encoder difference from CLIPMergeSubtract. Empty leaves the text
            encoders out.
        filename_prefix: File name before the number, as in CheckpointSave.
        rank: Rank: the number of singular values kept for each layer. Higher ranks are more exact
            and give larger files. Smaller layers are kept whole.
        lora_type: `standard` writes factors of this rank. `full_diff` writes the exact differences,
            in a file as large as the model.
        bias_diff: Whether to write the differences of biases and norms too, which have no rank.
        precision: Number type of the tensors.

    Raises:
        DiffusionError: An input is not a difference, the two models are equal, or no input is
            linked.
        FileError: As in CheckpointSave.

    Source: Eckart & Young 1936. UNets and text encoders in kohya's names, transformers in
    diffusers'. ComfyUI also cuts off the largest 1 % of the factors; this does not.
    """
    from weft.diffusion import ParameterError
    from weft.diffusion.files.lora_saving import LoraExtraction

    if model_diff is None and text_encoder_diff is None:
        raise ParameterError(
            "lora.nothing_linked",
            "No model difference is linked.",
            expected="model_diff, text_encoder_diff or both",
            got="neither",
            hint="Link ModelMergeSubtract or CLIPMergeSubtract.",
        )
    file = LoraExtraction(rank, lora_type, biases=bias_diff, dtype=precision, on_layer=run.progress)
    if model_diff is not None:
        file.add_model(model_diff)
    if text_encoder_diff is not None:
        file.add_clip(text_encoder_diff)
    if file.left_out:
        run.progress(1, 1, f"left out, without a LoRA name: {', '.join(file.left_out)}")
    _write(run, file, filename_prefix)


def _file(precision: StoredType) -> SingleFile:
    from weft.diffusion.files.exporting import SingleFile

    return SingleFile(None if precision == "as stored" else precision)


def _write(run: Run, file: SingleFile | LoraExtraction, prefix: str) -> None:
    header = {"weft": json.dumps(run.document, sort_keys=True)} if run.document else {}
    path = run.write(prefix, ".safetensors", lambda stream: file.write(stream, header))
    run.artifact(path, "application/octet-stream")
