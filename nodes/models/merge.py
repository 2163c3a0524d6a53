"""Models and text encoders merged from others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from ...diffusion.types import Clip, Model
from ...engine.declaration.context import Run
from ...engine.declaration.node import node
from ...engine.declaration.widgets import Alias, Multiline, Range

if TYPE_CHECKING:
    pass
Ratio = Annotated[float, Range(0, 1, step=0.01)]
Multiplier = Annotated[float, Range(-10, 10, step=0.01)]


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


def told_of_merge(run: Run, first: Model, second: Model, merged: Model) -> Model:
    """Say which tensors could not be merged."""
    from ...diffusion.patches.merge import kept_apart

    odd = kept_apart(first, second)
    if odd:
        run.progress(1, 1, f"kept from the first model, other shape: {', '.join(odd)}")
    return merged
