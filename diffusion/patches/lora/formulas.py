"""The difference that an entry of a LoRA file adds to a weight: one formula per algorithm.

The formulas that take the weight itself, which they turn or scale, are in `turned.py`.

Shapes: W is (O, I) or (O, I, kh, kw). `rank` is that of the factors.

Source: LoRA, Hu et al. 2021; LoCon, LoHa and LoKr, Yeh et al. 2023 ("LyCORIS"), with their Tucker
forms; LoHa after Hyeon-Woo et al. 2021 (FedPara); DoRA, Liu et al. 2024, eq. 5.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

Parts = Mapping[str, "Tensor"]


def lora(parts: Parts) -> Tensor:
    """up down; with a mid, the Tucker form sum_nm up[o,n] mid[n,m,:,:] down[m,i]."""
    import torch

    up, down = parts["up"], parts["down"]
    if "mid" in parts:
        mid = parts["mid"]
        return torch.einsum("on,nmhw,mi->oihw", up.flatten(1), mid, down.flatten(1))
    product = up.flatten(1) @ down.flatten(1)
    return product.reshape(up.shape[0], *down.shape[1:])


def loha(parts: Parts) -> Tensor:
    """(w1_a w1_b) * (w2_a w2_b), elementwise; for convolutions each half may be Tucker."""
    first = _half(parts["w1_a"], parts["w1_b"], parts.get("t1"))
    return first * _half(parts["w2_a"], parts["w2_b"], parts.get("t2"))


def lokr(parts: Parts) -> Tensor:
    """The Kronecker product k1 (x) k2, each whole or as a product; the kernel is k2's."""
    import torch

    left = parts["k1"] if "k1" in parts else parts["k1_a"] @ parts["k1_b"]
    if "k2" in parts:
        right = parts["k2"]
    elif "kt2" in parts:
        right = _half(parts["k2_a"], parts["k2_b"], parts["kt2"])
    else:
        a, b = parts["k2_a"], parts["k2_b"]
        right = (a.flatten(1) @ b.flatten(1)).reshape(a.shape[0], *b.shape[1:])
    for _ in range(right.ndim - left.ndim):
        left = left.unsqueeze(-1)
    return torch.kron(left.contiguous(), right.contiguous())


def dora_difference(weight: Tensor, difference: Tensor, parts: Parts) -> Tensor:
    """W' - W with W' = m * V / |V|, V = W + difference; the difference itself without a magnitude.

    Args:
        weight: (O, I, ...).
        difference: Same shape, at full strength.
        parts: "magnitude_out": a norm for each output, any shape of O numbers (peft).
            "magnitude": (O,) or (O, 1, ...) for each output, as in the paper and LyCORIS 3, or
            (1, I, ...) for each input (LyCORIS before).
    """
    import torch

    magnitude = parts.get("magnitude_out", parts.get("magnitude"))
    if magnitude is None:
        return difference
    moved = weight + difference
    by_output = "magnitude_out" in parts or magnitude.shape[0] == weight.shape[0]
    axis = 0 if by_output else 1
    shape = [1] * weight.ndim
    shape[axis] = weight.shape[axis]
    others = [dim for dim in range(weight.ndim) if dim != axis]
    norm = torch.linalg.vector_norm(moved, dim=others, keepdim=True)
    tiny = torch.finfo(moved.dtype).tiny
    renormed: Tensor = magnitude.reshape(shape) * moved / norm.clamp(min=tiny)
    return renormed - weight


def _half(a: Tensor, b: Tensor, core: Tensor | None) -> Tensor:
    """a b, or the Tucker form sum_ij a[i,o] core[i,j,:,:] b[j,n]."""
    import torch

    if core is None:
        return a @ b
    return torch.einsum("ijhw,jn,io->onhw", core, b, a)
