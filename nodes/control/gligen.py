"""Things at places: GLIGEN."""

from __future__ import annotations

from typing import Annotated

from ...diffusion.types import Clip, Conditioning, Gligen
from ...engine.declaration.context import Run
from ...engine.declaration.node import node
from ...engine.declaration.widgets import Box, ModelFile, Range
from ..models.model_files import model_path
from ..text.prompts import Prompt, embeddings_of

MAX_SIDE = 16_384


@node("LoadGLIGEN", category="load", aliases=["GLIGENLoader"], effects=["reads"], lane="io")
def load_gligen(run: Run, *, gligen_name: Annotated[str, ModelFile("gligen")]) -> Gligen:
    """Load a GLIGEN network, which places things that are named by words.

    Args:
        gligen_name: A safetensors file such as gligen_sd14_textbox_pruned, or a UNet that GLIGEN
            was trained in.

    Returns:
        The network.

    Raises:
        ModelError: The file is damaged or holds no GLIGEN network for boxes with words.
    """
    from ...diffusion import load_gligen as load

    return load(model_path(run, "gligen", gligen_name))


@node("GLIGENTextBoxApply", category="conditioning/places", lane="gpu", version=2)
def gligen_text_box_apply(
    run: Run,
    conditioning_to: Conditioning,
    clip: Clip,
    gligen_textbox_model: Gligen,
    *,
    text: Prompt,
    width: Annotated[int, Range(8, MAX_SIDE, step=8), Box("width")] = 64,
    height: Annotated[int, Range(8, MAX_SIDE, step=8), Box("height")] = 64,
    x: Annotated[int, Range(0, MAX_SIDE, step=8), Box("x")] = 0,
    y: Annotated[int, Range(0, MAX_SIDE, step=8), Box("y")] = 0,
) -> Conditioning:
    """Put a thing at a place in the picture.

    The negative prompt is shown the same boxes. Chain this node for several things, up to 30.

    Args:
        conditioning_to: The prompt, which should speak of the thing as well.
        clip: The model's text encoder.
        gligen_textbox_model: A GLIGEN network for SD1.x.
        text: What the thing is, a few words.
        width: Of its box, in pixels.
        height: Of its box, in pixels.
        x: Left edge of the box, in pixels.
        y: Upper edge of the box, in pixels.

    Returns:
        The prompt with the box.

    Raises:
        DiffusionError: There are more than 30 boxes, or the text encoder is of another model.

    Source: GLIGEN (Li 2023), as ComfyUI applies it.
    """
    from ...diffusion.grounding.gligen import add_box

    with embeddings_of(run):
        return add_box(conditioning_to, clip, gligen_textbox_model, text, x, y, width, height)
