"""The difference that an entry of a LoRA file adds to a weight and a bias, for any algorithm."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .formulas import Parts, loha, lokr, lora
from .turned import turned_difference

if TYPE_CHECKING:
    from torch import Tensor


def weight_difference(
    algorithm: str, parts: Parts, scale: float | None, weight: Tensor | None = None
) -> Tensor | None:
    """The difference of the weight at strength 1, before DoRA; None if only a bias changes.

    Args:
        algorithm: "lora", "loha", "lokr", "oft", "glora", "ia3", "whole" or "diff".
        parts: Tensors by field (`entries.py`), all of one type.
        scale: A factor that takes the place of alpha / rank; None to compute it from "alpha".
        weight: What is changed, (O, I) or (O, I, kh, kw), or (O,) of a norm; "oft", "glora", "ia3"
            and "whole" need it.

    Returns:
        The shape that the factors give: (O, I), (O, I, 1, 1) or (O, I, kh, kw).
    """
    if algorithm == "lora":
        return lora(parts) * _scale(parts, parts["down"].shape[0], scale)
    if algorithm == "loha":
        return loha(parts) * _scale(parts, parts["w1_b"].shape[0], scale)
    if algorithm == "lokr":
        return lokr(parts) * _scale(parts, _lokr_rank(parts), scale)
    if algorithm in ("oft", "glora", "ia3"):
        assert weight is not None
        return turned_difference(algorithm, parts, weight)
    if algorithm == "whole":
        assert weight is not None
        return parts["whole"] - weight
    return parts.get("diff")


def bias_difference(parts: Parts, scale: float | None) -> Tensor | None:
    """The difference of the bias, (O,); None if it stays."""
    if "up_b" in parts:
        return parts["up_b"] * _scale(parts, parts["down"].shape[0], scale)
    return parts.get("diff_b")


def _lokr_rank(parts: Parts) -> int | None:
    """The rank of a factored half; None if both are whole, when alpha has no meaning."""
    for name in ("k2_b", "k1_b"):
        if name in parts:
            return int(parts[name].shape[0])
    return None


def _scale(parts: Parts, rank: int | None, scale: float | None) -> float:
    if scale is not None:
        return scale
    if "alpha" not in parts or rank is None:
        return 1.0
    return float(parts["alpha"]) / rank
