"""Style models: image prompts for Flux (Flux Redux)."""

from __future__ import annotations

from typing import Annotated, Literal

from weft.diffusion.types import Conditioning, ImageEmbeds, StyleModel
from weft.engine.declaration.context import Run
from weft.engine.declaration.node import node
from weft.engine.declaration.widgets import ModelFile, Range

from ..models.model_files import model_path


@node("LoadStyleModel", category="load", aliases=["StyleModelLoader"], effects=["reads"], lane="io")
def load_style_model(
    run: Run, *, style_model_name: Annotated[str, ModelFile("style_models")]
) -> StyleModel:
    """Load a style model (Flux Redux), which makes prompts for Flux from images.

    Args:
        style_model_name: A safetensors file with the tensors `redux_up` and `redux_down`.

    Returns:
        The style model.

    Raises:
        ModelError: The file is damaged or holds no style model.
    """
    from weft.diffusion import load_style_model as load

    return load(model_path(run, "style_models", style_model_name))


@node("ApplyStyleModel", category="conditioning/pictures", aliases=["StyleModelApply"], lane="gpu")
def apply_style_model(
    conditioning: Conditioning,
    style_model: StyleModel,
    clip_vision_output: ImageEmbeds,
    *,
    strength: Annotated[float, Range(0, 10, step=0.001)] = 1.0,
    strength_type: Literal["multiply", "attn_bias"] = "multiply",
) -> Conditioning:
    """Add reference images to a prompt for Flux, with a style model (Flux Redux).

    Each image adds 729 tokens after those of the text. With an empty text prompt, the result is
    variations of the image. A text prompt has little weight against so many tokens; `attn_bias`
    with a strength of about 0.3 gives it more.

    Args:
        conditioning: The prompt, encoded for Flux.
        style_model: The style model.
        clip_vision_output: The image embedding from a SigLIP image encoder; several images act
            together.
        strength: Strength of the image prompt. 1 is as trained.
        strength_type: How `strength` acts. `multiply` scales the image tokens; at 0 they are zeros,
            which still take attention. `attn_bias` scales the attention that is paid to the image
            tokens; at 0 the images have no effect.

    Returns:
        The prompt with the image tokens, (1, T + 729 N, C).

    Raises:
        ShapeError: The image embedding is not of SigLIP, or the prompt was encoded for another
        model.

    Source: black-forest-labs/flux (Redux); strengths as in ComfyUI.
    """
    from weft.diffusion.image_prompts.redux import apply_style

    return apply_style(conditioning, style_model, clip_vision_output, strength, strength_type)
