"""Objects in bounding boxes: GLIGEN."""

from __future__ import annotations

from typing import Annotated

from weft.diffusion.types import Clip, Conditioning, Gligen
from weft.engine.declaration.context import Run
from weft.engine.declaration.node import node
from weft.engine.declaration.widgets import Box, ModelFile, Range

from ..limits import MAX_SIDE
from ..models.model_files import model_path
from ..text.prompts import Prompt, embeddings_of


@node("LoadGLIGEN", category="load", aliases=["GLIGENLoader"], effects=["reads"], lane="io")
def load_gligen(run: Run, *, gligen_name: Annotated[str, ModelFile("gligen")]) -> Gligen:
    """Load a GLIGEN network, which places objects in bounding boxes.

    Args:
        gligen_name: A safetensors file such as gligen_sd14_textbox_pruned, or a UNet with trained
            GLIGEN layers.

    Returns:
        The GLIGEN network, for GLIGENTextBoxApply.

    Raises:
        ModelError: The file is damaged or holds no GLIGEN network for boxes with text.
    """
    from weft.diffusion import load_gligen as load

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
    """Place an object in a bounding box of the image, with GLIGEN.

    The same boxes apply to the negative prompt. Chain several of these nodes for several objects,
    up to 30.

    Args:
        conditioning_to: The prompt. It should name the object as well.
        clip: The text encoder of the model.
        gligen_textbox_model: A GLIGEN network of SD1.x.
        text: The name of the object, a few words.
        width: Width of the box in pixels.
        height: Height of the box in pixels.
        x: Left edge of the box in pixels.
        y: Top edge of the box in pixels.

    Returns:
        The prompt with the box added.

    Raises:
        DiffusionError: There are more than 30 boxes, or the text encoder is of another model.

    Source: GLIGEN (Li 2023), as ComfyUI applies it.
    """
    from weft.diffusion.grounding.gligen import add_box

    with embeddings_of(run):
        return add_box(conditioning_to, clip, gligen_textbox_model, text, x, y, width, height)
