"""Nodes that scale attention's query, key, value and output, as patches over shared weights."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from weft.diffusion.types import Clip, Model
from weft.engine.declaration.node import node
from weft.engine.declaration.widgets import Range

CATEGORY = "model/attention"
Factor = Annotated[float, Range(0, 10, step=0.01)]


@node("UNetSelfAttentionMultiply", category=CATEGORY, lane="cpu")
def unet_self_attention_multiply(
    model: Model, *, q: Factor = 1.0, k: Factor = 1.0, v: Factor = 1.0, out: Factor = 1.0
) -> Model:
    """Scale the query, key, value and output of self-attention.

    Args:
        model: A model with a UNet.
        q: Query scale. With the key scale, values above 1 make attention more focused, values below
            1 more diffuse.
        k: Key scale. 1 leaves it unchanged.
        v: Value scale. 1 leaves it unchanged.
        out: Output scale. 1 leaves it unchanged.

    Returns:
        The model; the same one if all scales are 1.

    Raises:
        ModelError: The model has no UNet.
    """
    return _unet(model, "attn1", q, k, v, out)


@node("UNetCrossAttentionMultiply", category=CATEGORY, lane="cpu")
def unet_cross_attention_multiply(
    model: Model, *, q: Factor = 1.0, k: Factor = 1.0, v: Factor = 1.0, out: Factor = 1.0
) -> Model:
    """Scale the query, key, value and output of cross-attention to the prompt.

    Args:
        model: A model with a UNet.
        q: Query scale. With the key scale, values above 1 make attention more focused, values below
            1 more diffuse.
        k: Key scale. 1 leaves it unchanged.
        v: Value scale. 1 leaves it unchanged.
        out: Output scale. 1 leaves it unchanged.

    Returns:
        The model; the same one if all scales are 1.

    Raises:
        ModelError: The model has no UNet.
    """
    return _unet(model, "attn2", q, k, v, out)


@node("UNetTemporalAttentionMultiply", category=CATEGORY, lane="cpu")
def unet_temporal_attention_multiply(
    model: Model,
    *,
    self_structural: Factor = 1.0,
    self_temporal: Factor = 1.0,
    cross_structural: Factor = 1.0,
    cross_temporal: Factor = 1.0,
) -> Model:
    """Scale the output of self-attention and cross-attention.

    Args:
        model: A model with a UNet.
        self_structural: Output scale of self-attention within an image. 1 leaves it unchanged.
        self_temporal: Output scale of self-attention between the frames of a video. UNets for
            single images have no such layers, so it has no effect in weft.
        cross_structural: Output scale of cross-attention to the prompt. 1 leaves it unchanged.
        cross_temporal: Output scale of cross-attention between frames. Like `self_temporal`, it has
            no effect in weft.

    Returns:
        The model; the same one if both effective scales are 1.

    Raises:
        ModelError: The model has no UNet.
    """
    changed = _unet(model, "attn1", 1.0, 1.0, 1.0, self_structural)
    return _unet(changed, "attn2", 1.0, 1.0, 1.0, cross_structural)


@node("CLIPAttentionMultiply", category=CATEGORY, lane="cpu")
def clip_attention_multiply(
    clip: Clip, *, q: Factor = 1.0, k: Factor = 1.0, v: Factor = 1.0, out: Factor = 1.0
) -> Clip:
    """Scale the query, key, value and output of attention in CLIP text encoders.

    Args:
        clip: The text encoders. Others than CLIP, such as T5, stay unchanged.
        q: Query scale. With the key scale, values above 1 make attention more focused, values below
            1 more diffuse.
        k: Key scale. 1 leaves it unchanged.
        v: Value scale. 1 leaves it unchanged.
        out: Output scale. 1 leaves it unchanged.

    Returns:
        The text encoders; the same ones if all scales are 1.
    """
    from weft.diffusion.patches.merge import scale_attention

    named = {
        f".self_attn.{name}_proj.": factor
        for name, factor in {"q": q, "k": k, "v": v, "out": out}.items()
    }
    words = f"attention x q {q:g} k {k:g} v {v:g} out {out:g}"
    first, *others = (scale_attention(encoder, named, words) for encoder in clip.encoders)
    if all(new is old for new, old in zip((first, *others), clip.encoders, strict=True)):
        return clip
    return replace(clip, weights=first, others=tuple(others))


def _unet(model: Model, layer: str, q: float, k: float, v: float, out: float) -> Model:
    from weft.diffusion.guidance.apply import check_unet
    from weft.diffusion.patches.merge import scale_attention

    check_unet(model, "This node")
    named = {
        f".{layer}.to_{name}.": factor
        for name, factor in {"q": q, "k": k, "v": v, "out": out}.items()
    }
    words = f"{layer} x q {q:g} k {k:g} v {v:g} out {out:g}"
    weights = scale_attention(model.weights, named, words)
    return model if weights is model.weights else replace(model, weights=weights)
