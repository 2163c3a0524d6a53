"""Models merged from others, and models into files."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Literal

from ...diffusion.types import Clip, Model, Vae
from ...engine.declaration.context import Run
from ...engine.declaration.node import node
from ...engine.declaration.widgets import Alias, FilePrefix, Multiline, Range

if TYPE_CHECKING:
    from ...diffusion.files.exporting import SingleFile
    from ...diffusion.files.lora_saving import LoraExtraction

FileName = Annotated[str, FilePrefix()]
Ratio = Annotated[float, Range(0, 1, step=0.01)]
Multiplier = Annotated[float, Range(-10, 10, step=0.01)]
StoredType = Literal["as stored", "fp16", "bf16", "fp32"]


@node("ModelMergeSimple", category="merge")
def model_merge_simple(run: Run, model1: Model, model2: Model, *, ratio: Ratio = 1.0) -> Model:
    """Mix two models of one family.

    Args:
        model1: Its sampling, adapters and all else but weights are the result's.
        model2: The other; LoRAs on it go in.
        ratio: 1 is the first alone, 0 the second alone.

    Returns:
        model1 * ratio + model2 * (1 - ratio), as a description: it is computed when used or saved.

    Raises:
        DiffusionError: The two are not of one family and size.
    """
    from ...diffusion.patches.merge import merge_models

    return told_of_merge(run, model1, model2, merge_models(model1, model2, ratio))


@node("ModelMergeBlocks", category="merge")
def model_merge_blocks(
    run: Run,
    model1: Model,
    model2: Model,
    *,
    input_blocks: Annotated[float, Range(0, 1, step=0.01), Alias("input")] = 1.0,
    middle_block: Annotated[float, Range(0, 1, step=0.01), Alias("middle")] = 1.0,
    output_blocks: Annotated[float, Range(0, 1, step=0.01), Alias("out")] = 1.0,
    more: Annotated[str, Multiline()] = "",
) -> Model:
    """Mix two models of one family with a ratio for each part of the UNet.

    Args:
        model1: As in ModelMergeSimple.
        model2: As in ModelMergeSimple.
        input_blocks: Ratio on the way down, and of what is in no block (time and size embeddings).
        middle_block: Ratio in the middle.
        output_blocks: Ratio on the way up, and of the last layer.
        more: Ratios for less, one a line: beginnings of names as the original UNet has them, such
            as `input_blocks.4. = 0.2` or `time_embed. = 1`. The longest that fits counts.

    Returns:
        The mixture, as a description.

    Raises:
        DiffusionError: The two are not of one family and size, or a line cannot be read.
    """
    from ...diffusion.patches.merge import merge_blocks, parse_ratios

    ratios = {"input": input_blocks, "middle": middle_block, "out": output_blocks}
    ratios |= parse_ratios(more)
    return told_of_merge(run, model1, model2, merge_blocks(model1, model2, ratios))


@node("ModelMergeAdd", category="merge")
def model_merge_add(run: Run, model1: Model, model2: Model) -> Model:
    """Add the weights of a model to another's: the second half of "add difference".

    Args:
        model1: As in ModelMergeSimple.
        model2: Usually a difference from ModelMergeSubtract.

    Returns:
        model1 + model2, as a description. Tensors of another shape stay the first's; so an
        inpainting model can take a difference of others.

    Raises:
        DiffusionError: The two are not of one family and size.
    """
    from ...diffusion.patches.merge import add_models

    return told_of_merge(run, model1, model2, add_models(model1, model2))


@node("ModelMergeSubtract", category="merge")
def model_merge_subtract(
    run: Run, model1: Model, model2: Model, *, multiplier: Multiplier = 1.0
) -> Model:
    """Take the difference of two models.

    Args:
        model1: As in ModelMergeSimple.
        model2: What it was made from.
        multiplier: Factor on the difference.

    Returns:
        (model1 - model2) * multiplier, as a description. Not to be sampled with.

    Raises:
        DiffusionError: The two are not of one family and size.
    """
    from ...diffusion.patches.merge import subtract_models

    return told_of_merge(run, model1, model2, subtract_models(model1, model2, multiplier))


@node("CLIPMergeSimple", category="merge")
def clip_merge_simple(clip1: Clip, clip2: Clip, *, ratio: Ratio = 1.0) -> Clip:
    """Mix the text encoders of two models.

    Args:
        clip1: Its tokenizer and layer choice are the result's.
        clip2: The other.
        ratio: 1 is the first alone, 0 the second alone.

    Returns:
        clip1 * ratio + clip2 * (1 - ratio), as a description.

    Raises:
        DiffusionError: The two are not of one family and size.
    """
    from ...diffusion.patches.merge import merge_clips

    return merge_clips(clip1, clip2, ratio)


@node("CLIPMergeAdd", category="merge")
def clip_merge_add(clip1: Clip, clip2: Clip) -> Clip:
    """Add the weights of text encoders to others'.

    Args:
        clip1: As in CLIPMergeSimple.
        clip2: Usually a difference from CLIPMergeSubtract.

    Returns:
        clip1 + clip2, as a description.

    Raises:
        DiffusionError: The two are not of one family and size.
    """
    from ...diffusion.patches.merge import add_clips

    return add_clips(clip1, clip2)


@node("CLIPMergeSubtract", category="merge")
def clip_merge_subtract(clip1: Clip, clip2: Clip, *, multiplier: Multiplier = 1.0) -> Clip:
    """Take the difference of the text encoders of two models.

    Args:
        clip1: As in CLIPMergeSimple.
        clip2: What they were made from.
        multiplier: Factor on the difference.

    Returns:
        (clip1 - clip2) * multiplier, as a description.

    Raises:
        DiffusionError: The two are not of one family and size.
    """
    from ...diffusion.patches.merge import subtract_clips

    return subtract_clips(clip1, clip2, multiplier)


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
    """Write a model, its text encoders and a VAE as one checkpoint file.

    LoRAs and merges are in it, and the workflow in its header; IP-Adapters are not.

    Args:
        model: The model.
        clip: The text encoders.
        vae: The VAE.
        filename_prefix: Name before the number, below the output folder; may hold folders and
            tokens: %date:yyyy-MM-dd%, %year%, %KSampler.seed% and others.
        precision: Type of all tensors; "as stored" keeps that of the files they came from.

    Raises:
        DiffusionError: The layout of such a model cannot be written.
        FileError: The prefix leaves the output folder, or the disk refuses.
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
    """Write a denoising network alone.

    Args:
        model: The model.
        filename_prefix: As in CheckpointSave.
        precision: As in CheckpointSave.

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
    """Write text encoders, each into a file of its own with transformers' names.

    Args:
        clip: The text encoders.
        filename_prefix: As in CheckpointSave; where there are several encoders, the kind follows.
        precision: As in CheckpointSave.

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
    """Write a VAE alone.

    Args:
        vae: The VAE.
        filename_prefix: As in CheckpointSave.
        precision: As in CheckpointSave.

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
    """Write the difference of two models as a LoRA.

    LoadLoRA puts it on the model that was subtracted and gives, as near as the rank comes, the
    other one.

    Args:
        model_diff: What ModelMergeSubtract gives; None leaves the denoising network out.
        text_encoder_diff: What CLIPMergeSubtract gives; None leaves the text encoders out.
        filename_prefix: As in CheckpointSave.
        rank: Singular values that are kept of each layer; a layer with a smaller side keeps all.
            The file grows with it.
        lora_type: `standard`: factors of that rank. `full_diff`: the differences themselves,
            exactly, in a file as large as the model.
        bias_diff: Whether differences of biases and norms are written, which have no rank.
        precision: Type of the tensors.

    Raises:
        DiffusionError: A model is no difference, the two are equal, or neither is linked.
        FileError: As in CheckpointSave.

    Source: Eckart & Young 1936. UNets and text encoders in kohya's names, transformers in
    diffusers'. ComfyUI also cuts off the largest 1 % of the factors; this does not.
    """
    from ...diffusion import ParameterError
    from ...diffusion.files.lora_saving import LoraExtraction

    if model_diff is None and text_encoder_diff is None:
        raise ParameterError(
            "lora.nothing_linked",
            "There is no difference to write.",
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
        run.progress(1, 1, f"left out, no LoRA has words for it: {', '.join(file.left_out)}")
    _write(run, file, filename_prefix)


def _file(precision: StoredType) -> SingleFile:
    from ...diffusion.files.exporting import SingleFile

    return SingleFile(None if precision == "as stored" else precision)


def _write(run: Run, file: SingleFile | LoraExtraction, prefix: str) -> None:
    header = {"weft": json.dumps(run.document, sort_keys=True)} if run.document else {}
    path = run.write(prefix, ".safetensors", lambda stream: file.write(stream, header))
    run.artifact(path, "application/octet-stream")


def told_of_merge(run: Run, first: Model, second: Model, merged: Model) -> Model:
    """Say which tensors could not be merged."""
    from ...diffusion.patches.merge import kept_apart

    odd = kept_apart(first, second)
    if odd:
        run.progress(1, 1, f"kept from the first model, other shape: {', '.join(odd)}")
    return merged
