"""Erosion, dilation and what is made of them, against OpenCV."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch

import weft.diffusion as wd
from weft import testing
from weft.diffusion.pictures.morphology import OPERATIONS, dilated
from weft.nodes.pictures.morphology import morphology

CODES = {
    "erode": cv2.MORPH_ERODE,
    "dilate": cv2.MORPH_DILATE,
    "open": cv2.MORPH_OPEN,
    "close": cv2.MORPH_CLOSE,
    "gradient": cv2.MORPH_GRADIENT,
    "bottom_hat": cv2.MORPH_BLACKHAT,
    "top_hat": cv2.MORPH_TOPHAT,
}


@pytest.mark.parametrize("size", [1, 3, 5, 31])
@pytest.mark.parametrize("name", OPERATIONS)
def test_operation_is_that_of_opencv(name: str, size: int) -> None:
    picture = np.random.default_rng(1).random((17, 23), dtype=np.float32)
    expected = cv2.morphologyEx(picture, CODES[name], np.ones((size, size), np.uint8))
    found = OPERATIONS[name](torch.from_numpy(picture)[None, None], size)[0, 0]
    assert np.allclose(found.numpy(), expected, atol=1e-6)


def test_square_without_size_is_refused() -> None:
    with pytest.raises(wd.ParameterError, match="kernel_size"):
        dilated(torch.zeros(1, 1, 3, 3), 0)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_node_keeps_its_contract(operation: str) -> None:
    picture = torch.rand((2, 9, 7, 3), generator=torch.Generator().manual_seed(1))
    testing.check_node(morphology, image=picture, operation=operation, kernel_size=4)
