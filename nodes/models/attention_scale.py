"""Models whose attention projections are multiplied: descriptions over shared weights."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from ...diffusion.types import Clip, Model
from ...engine.declaration.node import node
from ...engine.declaration.widgets import Range

CATEGORY = "model/attention"
Factor = Annotated[float, Range(0, 10, step=0.01)]


@node("UNetSelfAttentionMultiply", category=CATEGORY, lane="cpu")
def unet_self_attention_multiply(
    model: Model, *, q: Factor = 1.0, k: Factor = 1.0, v: Factor = 1.0, out: Factor = 1.0
) -> Model:
    """Multiply the projections of self-attention, between places of the picture.

    Args:
        model: A model with a UNet.
        q: Factor on what asks; with `k` it sharpens (above 1) or blurs attention.
        k: Factor on what is asked.
        v: Factor on what is passed on.
        out: Factor on the result.

    Returns:
        The model; the same one if all factors are 1.

    Raises:
        ModelError: The model is no UNet.
    """
    return _unet(model, "attn1", q, k, v, out)


@node("UNetCrossAttentionMultiply", category=CATEGORY, lane="cpu")
def unet_cross_attention_multiply(
    model: Model, *, q: Factor = 1.0, k: Factor = 1.0, v: Factor = 1.0, out: Factor = 1.0
) -> Model:
    """Multiply the projections of attention from the picture to the text.

    Args:
        model: A model with a UNet.
        q: Factor on what asks; with `k` it sharpens (above 1) or blurs attention.
        k: Factor on what is asked.
        v: Factor on what is passed on.
        out: Factor on the result.

    Returns:
        The model; the same one if all factors are 1.

    Raises:
        ModelError: The model is no UNet.
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
    """Multiply what attention gives, apart for pictures and for time.

    Args:
        model: A model with a UNet.
        self_structural: Factor on what self-attention gives, between places of a picture.
        self_temporal: The same between pictures of a video. The UNets that weft runs draw single
            pictures and have no such layers, so this changes nothing.
        cross_structural: Factor on what attention to the text gives.
        cross_temporal: The same in layers between pictures; changes nothing, as `self_temporal`.

    Returns:
        The model; the same one if both factors that act are 1.

    Raises:
        ModelError: The model is no UNet.
    """
    changed = _unet(model, "attn1", 1.0, 1.0, 1.0, self_structural)
    return _unet(changed, "attn2", 1.0, 1.0, 1.0, cross_structural)


@node("CLIPAttentionMultiply", category=CATEGORY, lane="cpu")
def clip_attention_multiply(
    clip: Clip, *, q: Factor = 1.0, k: Factor = 1.0, v: Factor = 1.0, out: Factor = 1.0
) -> Clip:
    """Multiply the projections of attention in CLIP text encoders.

    Args:
        clip: The text encoders; those that are no CLIP (T5) stay as they are.
        q: Factor on what asks; with `k` it sharpens (above 1) or blurs attention.
        k: Factor on what is asked.
        v: Factor on what is passed on.
        out: Factor on the result.

    Returns:
        The text encoders; the same ones if all factors are 1.
    """
    from ...diffusion.patches.merge import scale_attention

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
    from ...diffusion.guidance.apply import check_unet
    from ...diffusion.patches.merge import scale_attention

    check_unet(model, "This node")
    named = {
        f".{layer}.to_{name}.": factor
        for name, factor in {"q": q, "k": k, "v": v, "out": out}.items()
    }
    words = f"{layer} x q {q:g} k {k:g} v {v:g} out {out:g}"
    weights = scale_attention(model.weights, named, words)
    return model if weights is model.weights else replace(model, weights=weights)
