"""A difference of weights as a LoRA: the nearest matrices of low rank, by singular values.

Source: Eckart & Young 1936. The square roots of the singular values go into both factors, so that
neither outgrows half precision; extractors of the field put all of them into one, and cut off its
largest numbers, which this does not.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


def factors(difference: Tensor, rank: int) -> tuple[Tensor, Tensor]:
    """The two factors of the matrix of a rank that is nearest to a difference.

    Args:
        difference: (O, I) or (O, I, kh, kw), finite.
        rank: At most so many singular values are kept.

    Returns:
        "up" (O, r) or (O, r, 1, 1), and "down" (r, I) or (r, I, kh, kw), float32; up @ down is the
        difference as near as rank r comes; r is the rank, or the smaller side if that is less.
    """
    import torch

    matrix = difference.float().flatten(1)
    left, values, right = torch.linalg.svd(matrix, full_matrices=False)
    kept = min(rank, values.shape[0])
    roots = values[:kept].sqrt()
    up, down = left[:, :kept] * roots, roots[:, None] * right[:kept]
    if difference.ndim == 4:
        return up[:, :, None, None], down.reshape(kept, *difference.shape[1:])
    return up, down


def denoiser_stem(kind: str, layer: str) -> str:
    """The name of a denoising network's layer in files: kohya's for UNets, else diffusers'.

    Args:
        kind: "unet" or "transformer".
        layer: Its diffusers name.
    """
    return "lora_unet_" + layer.replace(".", "_") if kind == "unet" else f"transformer.{layer}"


def text_stem(number: int, role: str, of: int, layer: str) -> str:
    """The name of a text encoder's layer in files, as kohya writes it.

    Args:
        number: Which encoder it is, from 0.
        role: "CLIP-L", "CLIP-G", ...: the SDXL refiner's only one is called the second.
        of: How many encoders the model has.
        layer: Its transformers name.
    """
    place = "2" if of == 1 and role == "CLIP-G" else "" if of == 1 else str(number + 1)
    plain = layer.removeprefix("text_model.")
    whole = plain if plain.startswith(("encoder.block.", "shared")) else f"text_model.{plain}"
    return f"lora_te{place}_{whole.replace('.', '_')}"


def suffixes(stem: str) -> Sequence[str]:
    """How files call the two factors: diffusers' way for diffusers' stems, else kohya's."""
    if stem.startswith("transformer."):
        return ".lora_B.weight", ".lora_A.weight"
    return ".lora_up.weight", ".lora_down.weight"
