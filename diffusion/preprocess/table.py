"""The table of preprocessors. Tests walk it: each row has a reference image and a node."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .canny import canny

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, slots=True)
class Preprocessor:
    """One preprocessor.

    Attributes:
        name: The name of its module and, with `.png`, of its reference image in
            `tests/diffusion/preprocess/references`.
        function: Makes control images, (B, H, W, 3) float32 in [0, 1], of images of the same shape
            and type. Its settings are keywords with defaults.
        node: The type id of its node, whose defaults are the same.
    """

    name: str
    function: Callable[..., Tensor]
    node: str


PREPROCESSORS = (Preprocessor("canny", canny, "Canny"),)
