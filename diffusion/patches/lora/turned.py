"""Adapters that turn or scale a weight instead of adding to it: OFT, BOFT, GLoRA, (IA)^3.

What is given is the difference W' - W at strength 1, from the plain weight. Strengths between go
straight from W to W'.

Source: Qiu et al. 2023 (OFT), Liu et al. 2024 (BOFT), Chavan et al. 2023 (GLoRA), Liu et al. 2022
((IA)^3), in the forms and names of LyCORIS 3 (Apache-2.0); formulas only.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ...errors import ModelError
from .entries import is_old_glora

if TYPE_CHECKING:
    from torch import Tensor

Parts = Mapping[str, "Tensor"]


def turned_difference(algorithm: str, parts: Parts, weight: Tensor) -> Tensor:
    """W' - W.

    Args:
        algorithm: "oft", "glora" or "ia3".
        parts: Tensors by field (`entries.py`), of the type of `weight`.
        weight: (O, I) or (O, I, kh, kw).

    Returns:
        The shape of `weight`.

    Raises:
        ModelError: The parts do not fit the weight.
    """
    if algorithm == "glora":
        return glora(parts, weight)
    if algorithm == "ia3":
        return ia3(parts, weight)
    turn = boft if parts["blocks"].ndim == 4 else oft
    turned = turn(parts, weight)
    if "rescale" in parts:
        turned = parts["rescale"].reshape(-1, *[1] * (weight.ndim - 1)) * turned
    return turned - weight


def oft(parts: Parts, weight: Tensor) -> Tensor:
    """Outputs in blocks, each turned: W'[k] = R[k]^T W[k], blocks (K, N, N) with K N = O."""
    import torch

    turns = _turns(parts, weight)
    blocks = weight.reshape(*turns.shape[:2], -1)
    return torch.einsum("knm,kni->kmi", turns, blocks).reshape(weight.shape)


def boft(parts: Parts, weight: Tensor) -> Tensor:
    """Outputs turned m times, in other pairs of halves each time; blocks (m, K, N, N), K N = O.

    Before turn i the outputs are dealt out like a butterfly: in groups of two runs of 2^i N/2, the
    two runs are shuffled into each other; afterwards they go back.
    """
    import torch

    turns = _turns(parts, weight)
    count, size = turns.shape[1], turns.shape[2]
    found = weight.reshape(weight.shape[0], -1)
    for number in range(turns.shape[0]):
        run = 2**number * (size // 2)
        if size % 2 or weight.shape[0] % (2 * run):
            raise _misfit("oft_blocks", f"{weight.shape[0]} outputs", str(tuple(turns.shape)))
        dealt = found.reshape(-1, 2, run, found.shape[1]).transpose(1, 2)
        dealt = dealt.reshape(count, size, -1)
        dealt = torch.einsum("kij,kjn->kin", turns[number], dealt)
        found = dealt.reshape(-1, run, 2, found.shape[1]).transpose(1, 2)
        found = found.reshape(weight.shape[0], -1)
    return found.reshape(weight.shape)


def glora(parts: Parts, weight: Tensor) -> Tensor:
    """alpha / rank (W A + B), with A = a1 a2 over the inputs and B = b1 b2.

    Files of LyCORIS before 3 have the factors the other way round: A = a2 a1, B = b2 b1.
    """
    import torch

    from .formulas import lora

    a1, a2, b1, b2 = (parts[name] for name in ("a1", "a2", "b1", "b2"))
    if is_old_glora({name: parts[name].shape for name in ("a1", "a2", "b1", "b2")}):
        a1, a2, b1, b2 = a2, a1, b2, b1
    rank = b2.shape[0]
    fits = b1.shape[1] == rank == a2.shape[0] == a1.shape[1]
    if not fits or not a1.shape[0] == a2.shape[1] == weight.shape[1] == b2.shape[1]:
        shapes = ", ".join(str(tuple(parts[name].shape)) for name in ("a1", "a2", "b1", "b2"))
        raise _misfit("a1, a2, b1, b2", f"factors of {tuple(weight.shape)}", shapes)
    pair = {"up": b1, "down": b2} | ({"mid": parts["bm"]} if "bm" in parts else {})
    inputs = a1.flatten(1) @ a2.flatten(1)
    found = torch.einsum("oi...,ij->oj...", weight, inputs) + lora(pair).reshape(weight.shape)
    alpha = float(parts["alpha"]) if "alpha" in parts else float(rank)
    return found * (alpha / rank)


def ia3(parts: Parts, weight: Tensor) -> Tensor:
    """W times a factor for each input or each output."""
    factors, axis = parts["factors"], 1 if bool(parts["on_input"]) else 0
    if factors.numel() != weight.shape[axis]:
        raise _misfit("weight", f"{weight.shape[axis]} factors", str(factors.numel()))
    shape = [1] * weight.ndim
    shape[axis] = weight.shape[axis]
    return weight * factors.reshape(shape)


def _turns(parts: Parts, weight: Tensor) -> Tensor:
    """Rotations from their skew parts by Cayley's formula, (I + Q) (I - Q)^-1.

    "alpha" bounds the size of Q: to alpha times the number of outputs, 0 = not at all.
    """
    import torch

    raw = parts["blocks"]
    if raw.shape[-1] != raw.shape[-2] or raw.shape[-3] * raw.shape[-2] != weight.shape[0]:
        raise _misfit("oft_blocks", f"blocks of {weight.shape[0]} outputs", str(tuple(raw.shape)))
    skew = raw - raw.transpose(-1, -2)
    bound = float(parts["alpha"]) * weight.shape[0] if "alpha" in parts else 0.0
    if bound > 0:
        size = torch.linalg.vector_norm(skew) + 1e-8
        skew = skew * (bound / size).clamp(max=1.0)
    one = torch.eye(skew.shape[-1], dtype=skew.dtype, device=skew.device)
    # Both factors are functions of Q, so they may change places: solve from the left.
    found: Tensor = torch.linalg.solve(one - skew, one + skew)
    return found


def _misfit(field: str, expected: str, got: str) -> ModelError:
    return ModelError(
        "lora.does_not_fit",
        f'"{field}" of a LoRA does not match the weight that it patches.',
        expected=expected,
        got=got,
        hint="Use a LoRA that was trained for this model family.",
    )
