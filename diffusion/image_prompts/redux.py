"""Style models: images as further tokens of a prompt (Flux Redux).

An image encoder sees the patches of a picture; the style model makes of each a token as a text
encoder gives them, and these stand behind the prompt's own. Flux's attention takes them as text.

Source: black-forest-labs/flux (Redux); the two kinds of strength as in ComfyUI.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

from ..errors import ModelError, ParameterError, ShapeError
from ..families.call import Call, Handler
from ..types import Conditioning, ConditioningEntry, ImageEmbeds, StyleModel, StyleTokens

if TYPE_CHECKING:
    from torch import Tensor

Strength = Literal["multiply", "attn_bias"]


def apply_style(
    conditioning: Conditioning,
    style_model: StyleModel,
    pictures: ImageEmbeds,
    strength: float = 1.0,
    kind: Strength = "multiply",
) -> Conditioning:
    """Add image prompts to a prompt for Flux.

    Args:
        conditioning: Encoded prompt; every entry gets the tokens.
        style_model: From `load_style_model`.
        pictures: From `see_image` with the image encoder that the style model was trained on.
        strength: 1 = as trained; from 0 up.
        kind: What the strength acts on. "multiply": the tokens, so that 0 makes them zeros, which
            still take attention. "attn_bias": the attention paid to them, so that 0 is without
            them.

    Raises:
        ParameterError: The strength is below 0 or not finite.
        ShapeError: The pictures were seen by another image encoder, or the prompt was encoded by
            another text encoder, than the style model knows.
    """
    import torch

    if not (math.isfinite(strength) and strength >= 0.0):
        raise ParameterError(
            "style.bad_strength",
            "strength is out of range.",
            expected="0 or more",
            got=f"{strength}",
        )
    config = style_model.weights.config
    _check(style_model, "pictures", _width(pictures.tokens), config["redux_dim"])
    for entry in conditioning.entries:
        _check(style_model, "prompt", entry.tokens.shape[-1], config["txt_in_features"])
    seen = pictures.tokens
    assert seen is not None
    weights = style_model.weights
    network: Any = weights.module
    with torch.no_grad():
        made = network(seen.to(weights.device, weights.dtype)).image_embeds
    tokens = made.to(device="cpu", dtype=torch.float32).flatten(0, 1)[None]
    multiplied = kind == "multiply"
    if multiplied:
        tokens = tokens * strength
    return Conditioning(
        tuple(
            _with(entry, tokens, 1.0 if multiplied else float(strength))
            for entry in conditioning.entries
        )
    )


class StyleHandler(Handler):
    """Weights of the tokens that a style model made, in the attention of Flux."""

    kinds = (StyleTokens,)

    def prepare(self, call: Call) -> None:
        entries = [row.entry for row in call.rows]
        if not any(entry.attachments(StyleTokens) for entry in entries):
            return
        if call.model.family != "flux":
            raise ModelError(
                "model.no_styles",
                f'"{call.model.weights.path.name}" ({call.family.words}) takes no tokens of '
                "style models.",
                expected="Flux",
                got=call.family.words,
                hint="Remove ApplyStyleModel, or sample Flux.",
            )
        images = call.inputs.arguments["img_ids"].shape[0]
        if call.inputs.tokens is not None:
            images += call.inputs.tokens[0].shape[1]
        bias = attention_bias(entries, call.batch, images, call.like)
        if bias is not None:
            call.inputs.arguments["joint_attention_kwargs"] = {"attention_mask": bias}


def attention_bias(
    rows: Sequence[ConditioningEntry], batch: int, pictures: int, like: Tensor
) -> Tensor | None:
    """The bias on the attention of text and image tokens, text first; None = no bias.

    The tokens of a style model are seen with its weight by all but each other and those of later
    style models.

    Args:
        rows: Entries of one call, with equally many tokens.
        batch: Rows of the call for each of them.
        pictures: How many tokens the picture has.
        like: Device and type of the network.

    Returns:
        (len(rows) * batch, 1, T + pictures, T + pictures), or None.
    """
    import torch

    if all(style.weight == 1.0 for entry in rows for style in entry.attachments(StyleTokens)):
        return None
    length = rows[0].tokens.shape[1]
    side = length + pictures
    bias = torch.zeros(len(rows), 1, side, side)
    for row, entry in zip(bias, rows, strict=True):
        for style in entry.attachments(StyleTokens):
            end = style.start + style.count
            value = math.log(style.weight) if style.weight > 0.0 else -math.inf
            row[:, : style.start, style.start : end] = value
            row[:, length:, style.start : end] = value
    return bias.repeat_interleave(batch, 0).to(like)


def _with(entry: ConditioningEntry, tokens: Tensor, weight: float) -> ConditioningEntry:
    import torch

    use = StyleTokens(entry.tokens.shape[1], tokens.shape[1], weight)
    joined = torch.cat([entry.tokens, tokens], dim=1)
    return replace(entry, tokens=joined).attach(use)


def _width(tokens: Tensor | None) -> int | None:
    return None if tokens is None else int(tokens.shape[-1])


def _check(style_model: StyleModel, what: str, found: int | None, wanted: int) -> None:
    if found != wanted:
        raise ShapeError(
            "style.does_not_fit",
            f'The {what} and the style model "{style_model.weights.path.name}" do not fit each '
            "other.",
            expected=f"{what} encoded in width {wanted}",
            got="one vector for a whole picture (CLIP)" if found is None else f"width {found}",
            hint="Flux Redux takes pictures seen by SigLIP (so400m, patch 14, 384 pixels) and "
            "prompts encoded for Flux.",
        )
