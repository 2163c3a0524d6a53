"""Models and text encoders merged from others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from weft.diffusion.types import Clip, Model
from weft.engine.declaration.context import Run
from weft.engine.declaration.node import node
from weft.engine.declaration.widgets import Alias, Multiline, Range

if TYPE_CHECKING:
    pass
Ratio = Annotated[float, Range(0, 1, step=0.01)]
Multiplier = Annotated[float, Range(-10, 10, step=0.01)]


@node("ModelMergeSimple", category="merge")
def model_merge_simple(run: Run, model1: Model, model2: Model, *, ratio: Ratio = 1.0) -> Model:
    """Merge two models of one family by a weighted mean.

    Args:
        model1: The first model. The result keeps its sampling settings and patches.
        model2: The second model. LoRAs on it are included.
        ratio: Share of the first: 1 is the first alone, 0 is the second alone.

    Returns:
        The merged model: model1 * ratio + model2 * (1 - ratio). It is computed when it is used or
        saved.

    Raises:
        DiffusionError: The two differ in family or size.
    """
    from weft.diffusion.patches.merge import merge_models

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
    """Merge two models of one family, with a ratio for each part of the UNet.

    Args:
        model1: A model, as in ModelMergeSimple.
        model2: A model, as in ModelMergeSimple.
        input_blocks: Share of the first model in the encoder blocks, and outside of blocks (time
            and size embeddings).
        middle_block: Share of the first model in the middle block.
        output_blocks: Share of the first model in the decoder blocks and the last layer.
        more: Ratios for single tensors, one a line, by the beginning of their names in the original
            UNet: `input_blocks.4. = 0.2` or `time_embed. = 1`. The longest match is used.

    Returns:
        The merged model. It is computed when it is used or saved.

    Raises:
        DiffusionError: The two differ in family or size, or a line cannot be read.
    """
    from weft.diffusion.patches.merge import merge_blocks, parse_ratios

    ratios = {"input": input_blocks, "middle": middle_block, "out": output_blocks}
    ratios |= parse_ratios(more)
    return told_of_merge(run, model1, model2, merge_blocks(model1, model2, ratios))


@node("ModelMergeAdd", category="merge")
def model_merge_add(run: Run, model1: Model, model2: Model) -> Model:
    """Add the weights of one model to another: the second half of "add difference".

    Args:
        model1: A model, as in ModelMergeSimple.
        model2: The model that is added, usually a difference from ModelMergeSubtract.

    Returns:
        The sum: model1 + model2. It is computed when it is used or saved. Tensors whose shapes
        differ are taken from the first, so an inpainting model can take a difference of other
        models.

    Raises:
        DiffusionError: The two differ in family or size.
    """
    from weft.diffusion.patches.merge import add_models

    return told_of_merge(run, model1, model2, add_models(model1, model2))


@node("ModelMergeSubtract", category="merge")
def model_merge_subtract(
    run: Run, model1: Model, model2: Model, *, multiplier: Multiplier = 1.0
) -> Model:
    """Subtract one model from another: the first half of "add difference".

    Args:
        model1: A model, as in ModelMergeSimple.
        model2: The model that is subtracted, usually the base model of the first.
        multiplier: Factor on the difference. 1 leaves it unchanged.

    Returns:
        The difference: (model1 - model2) * multiplier. It cannot be sampled.

    Raises:
        DiffusionError: The two differ in family or size.
    """
    from weft.diffusion.patches.merge import subtract_models

    return told_of_merge(run, model1, model2, subtract_models(model1, model2, multiplier))


@node("CLIPMergeSimple", category="merge")
def clip_merge_simple(clip1: Clip, clip2: Clip, *, ratio: Ratio = 1.0) -> Clip:
    """Merge the text encoders of two models by a weighted mean.

    Args:
        clip1: The first text encoders. The result keeps their tokenizer and layer choice.
        clip2: The second text encoders.
        ratio: Share of the first: 1 is the first alone, 0 is the second alone.

    Returns:
        The merged text encoders: clip1 * ratio + clip2 * (1 - ratio).

    Raises:
        DiffusionError: The two differ in family or size.
    """
    from weft.diffusion.patches.merge import merge_clips

    return merge_clips(clip1, clip2, ratio)


@node("CLIPMergeAdd", category="merge")
def clip_merge_add(clip1: Clip, clip2: Clip) -> Clip:
    """Add the weights of text encoders to others.

    Args:
        clip1: Text encoders, as in CLIPMergeSimple.
        clip2: The text encoders that are added, usually a difference from CLIPMergeSubtract.

    Returns:
        The sum: clip1 + clip2.

    Raises:
        DiffusionError: The two differ in family or size.
    """
    from weft.diffusion.patches.merge import add_clips

    return add_clips(clip1, clip2)


@node("CLIPMergeSubtract", category="merge")
def clip_merge_subtract(clip1: Clip, clip2: Clip, *, multiplier: Multiplier = 1.0) -> Clip:
    """Subtract the text encoders of one model from those of another.

    Args:
        clip1: Text encoders, as in CLIPMergeSimple.
        clip2: The text encoders that are subtracted, usually the base model's.
        multiplier: Factor on the difference. 1 leaves it unchanged.

    Returns:
        The difference: (clip1 - clip2) * multiplier.

    Raises:
        DiffusionError: The two differ in family or size.
    """
    from weft.diffusion.patches.merge import subtract_clips

    return subtract_clips(clip1, clip2, multiplier)


def told_of_merge(run: Run, first: Model, second: Model, merged: Model) -> Model:
    """Report the tensors that could not be merged."""
    from weft.diffusion.patches.merge import kept_apart

    odd = kept_apart(first, second)
    if odd:
        run.progress(1, 1, f"taken from the first model, because shapes differ: {', '.join(odd)}")
    return merged
