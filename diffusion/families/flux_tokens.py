"""How Flux sees images: tokens of 2x2 latent cells, and the places of these tokens.

Source: black-forest-labs/flux.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


def patches(x: Tensor) -> Tensor:
    """(N, C, h, w) of even sides as tokens of 2x2 cells, (N, h/2 * w/2, 4C)."""
    count, channels, height, width = x.shape
    cells = x.reshape(count, channels, height // 2, 2, width // 2, 2)
    return cells.permute(0, 2, 4, 1, 3, 5).reshape(count, -1, channels * 4)


def places(height: int, width: int, number: int = 0, down: int = 0, right: int = 0) -> Tensor:
    """Places of the tokens of an image: (T, 3), its number, row and column.

    Args:
        height, width: In tokens.
        number: 0 = the image that is sampled, from 1 on = reference images.
        down, right: Of its first token.
    """
    import torch

    found = torch.zeros(height, width, 3)
    found[..., 0] = number
    found[..., 1] += torch.arange(down, down + height)[:, None]
    found[..., 2] += torch.arange(right, right + width)[None, :]
    return found.reshape(-1, 3)
