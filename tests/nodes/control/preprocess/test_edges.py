"""Control images of edges, as nodes make them."""

from __future__ import annotations

import pytest
import skimage.data
import torch

from weft.diffusion.errors import DiffusionError
from weft.nodes.control.preprocess import edges as nodes


def test_canny_finds_the_outline_of_a_square_and_nothing_else() -> None:
    square = torch.zeros(1, 64, 64, 3)
    square[:, 16:48, 16:48] = 1
    edges = nodes.canny(square)
    assert edges.shape == square.shape
    assert set(edges.unique().tolist()) == {0.0, 1.0}
    assert torch.equal(edges[..., 0], edges[..., 2])
    rows, columns = edges[0, :, :, 0].nonzero(as_tuple=True)
    distance = torch.minimum((rows - 15.5).abs(), (rows - 47.5).abs()).minimum(
        torch.minimum((columns - 15.5).abs(), (columns - 47.5).abs())
    )
    assert distance.max() <= 1.5
    assert len(rows) > 4 * 28


def test_canny_with_lower_thresholds_finds_more() -> None:
    photo = torch.from_numpy(skimage.data.astronaut()).float().unsqueeze(0) / 255
    counts = [
        nodes.canny(photo, low=low, high=high).mean().item()
        for low, high in ((0.05, 0.1), (0.2, 0.4), (0.5, 0.95))
    ]
    assert counts[0] > 1.5 * counts[1] > 2 * counts[2] > 0


def test_canny_with_thresholds_in_wrong_order_is_refused() -> None:
    with pytest.raises(DiffusionError) as caught:
        nodes.canny(torch.zeros(1, 8, 8, 3), low=0.5, high=0.5)
    assert caught.value.code == "canny.thresholds"
