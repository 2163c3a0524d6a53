"""GLIGEN: objects, named by a text, in bounding boxes; for SD1.x.

Source: Li et al. 2023, "GLIGEN: Open-Set Grounded Text-to-Image Generation". That the negative side
is shown the same boxes is ComfyUI's way; the paper shows it none (`empty_boxes`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..errors import ModelError, ParameterError, ShapeError
from ..families.call import Call, Handler
from ..types import Clip, Conditioning, Gligen, Grounding, Model, TextBox

if TYPE_CHECKING:
    from torch import Tensor

MOST = 30
"""Objects at once: a GLIGEN network always attends to so many, empty ones among them."""


def add_box(
    conditioning: Conditioning,
    clip: Clip,
    gligen: Gligen,
    text: str,
    x: int,
    y: int,
    width: int,
    height: int,
) -> Conditioning:
    """Put a thing at a place, together with a prompt; several add up.

    Args:
        conditioning: Encoded prompt; it should speak of the thing as well.
        clip: Text encoder of the model.
        gligen: From `load_gligen`.
        text: What the thing is, a few words.
        x, y: Upper left corner in pixels; whole latent cells (8 pixels) count.
        width, height: Size in pixels.

    Returns:
        A new conditioning.

    Raises:
        ParameterError: The box is less than a cell, begins before the picture, or is one of more
            than 30; or the conditioning has boxes of another GLIGEN network.
        ShapeError: The text encoder is of another model.
    """
    from ..text.clip import encode_clip

    if min(width, height) < 8 or min(x, y) < 0:
        raise ParameterError(
            "gligen.bad_box",
            "This is no box.",
            expected="x and y from 0, width and height from 8 pixels",
            got=f"{width} x {height} at {x}, {y}",
        )
    pooled = encode_clip(clip.weights, text, projected=False).pooled
    wanted = gligen.weights.config["text_width"]
    if pooled is None or pooled.shape[-1] != wanted:
        raise ShapeError(
            "gligen.does_not_fit",
            "The text encoder is not one of the models that this GLIGEN network was made for.",
            expected=f"width {wanted}",
            got="none" if pooled is None else str(pooled.shape[-1]),
            hint="Use the text encoder of an SD1.x model.",
        )
    box = TextBox(pooled, x // 8, y // 8, width // 8, height // 8)
    return Conditioning(
        tuple(
            entry.attach(_with(entry.attachment(Grounding), gligen, box))
            for entry in conditioning.entries
        )
    )


def empty_boxes(conditioning: Conditioning, gligen: Gligen) -> Conditioning:
    """Let a GLIGEN network act with nothing in its boxes: the paper's negative side."""
    return Conditioning(
        tuple(
            entry.attach(entry.attachment(Grounding) or Grounding(gligen, ()))
            for entry in conditioning.entries
        )
    )


def check_gligen(model: Model, gligen: Gligen) -> None:
    """Refuse a GLIGEN network that was made for another UNet.

    Raises:
        ModelError: Text width or the attention layers differ; both files are named.
    """
    from ..formats.gligen_names import block_order

    unet, config = model.weights, gligen.weights.config
    mark = ".attn1.to_q.weight"
    blocks = sorted((name for name in unet.shapes if name.endswith(mark)), key=block_order)
    widths = tuple(unet.shapes[name][0] for name in blocks)
    wanted = (unet.config.get("cross_attention_dim"), widths)
    found = (config["text_width"], config["widths"])
    if wanted != found:
        raise ModelError(
            "model.kinds_do_not_fit",
            f'GLIGEN network "{gligen.weights.path.name}" does not fit the model '
            f'"{unet.path.name}" ({model.family}).',
            expected=f"text width {wanted[0]}, {len(widths)} attention layers",
            got=f"text width {found[0]}, {len(found[1])} attention layers",
            hint="Use it with the model family that it was made for (SD1.x).",
        )


class GroundingHandler(Handler):
    """Boxes with objects, for the UNet that a GLIGEN network was made for."""

    kinds = (Grounding,)

    def prepare(self, call: Call) -> None:
        shown = [row.entry.attachment(Grounding) for row in call.rows]
        if shown[0] is None:
            return
        from ..weights.casting import module_in
        from .gligen_network import active_gligen

        net = shown[0].net
        check_gligen(call.model, net)
        module: Any = module_in(net.weights, call.like.dtype)
        boxes = [each.boxes for each in shown if each is not None]
        made = objects(net, boxes, call.batch, call.shape, call.like)
        attention = {"gligen": {"objects": module.position_net(**made)}}
        call.inputs.arguments["cross_attention_kwargs"] = attention
        call.inputs.around.append(lambda: active_gligen(module))


def objects(
    net: Gligen, rows: Sequence[Sequence[TextBox]], batch: int, shape: Any, like: Tensor
) -> Mapping[str, Tensor]:
    """The inputs of a GLIGEN network for rows that run together.

    Args:
        net: The network.
        rows: The boxes of each row.
        batch: Items of the run.
        shape: (B, C, h, w) of a row's x.
        like: Device and type of the network.

    Returns:
        For each item `boxes` (30, 4) as fractions of the image, left, top, right, bottom;
        `positive_embeddings` (30, C); `masks` (30), 1 for those that are there.
    """
    import torch

    tall, wide = shape[-2:]
    parts: dict[str, list[Tensor]] = {"boxes": [], "positive_embeddings": [], "masks": []}
    for boxes in rows:
        corners, words = torch.zeros(MOST, 4), torch.zeros(MOST, net.text_width)
        there = torch.zeros(MOST)
        for number, box in enumerate(boxes):
            right, bottom = box.x + box.width, box.y + box.height
            sides = [box.x / wide, box.y / tall, right / wide, bottom / tall]
            corners[number] = torch.tensor(sides)
            words[number] = box.words[0]
            there[number] = 1.0
        for name, value in zip(parts, (corners, words, there), strict=True):
            parts[name] += [value] * batch
    return {name: torch.stack(values).to(like) for name, values in parts.items()}


def _with(grounding: Grounding | None, gligen: Gligen, box: TextBox) -> Grounding:
    if grounding is None:
        return Grounding(gligen, (box,))
    if grounding.net != gligen:
        raise ParameterError(
            "gligen.two_networks",
            "This prompt already has boxes of another GLIGEN network.",
            expected=grounding.net.weights.path.name,
            got=gligen.weights.path.name,
        )
    if len(grounding.boxes) == MOST:
        raise ParameterError(
            "gligen.too_many",
            "GLIGEN places so many things and no more.",
            expected=f"at most {MOST}",
            got=str(MOST + 1),
        )
    return Grounding(gligen, (*grounding.boxes, box))
