"""Pictures that a format cannot hold."""

from __future__ import annotations

from io import BytesIO

import pytest
import torch

from weft.diffusion.errors import DiffusionError
from weft.diffusion.pictures.file import Kind, write_animated_webp, write_image


@pytest.mark.parametrize(
    ("kind", "most"), [("webp", 16_383), ("webp-lossless", 16_383), ("jpeg", 65_500)]
)
def test_side_beyond_the_format_is_refused_in_words(kind: Kind, most: int) -> None:
    for shape in ((2, most + 1, 3), (most + 1, 2, 3)):
        with pytest.raises(
            DiffusionError, match=f"sides up to {most}|no picture of this size"
        ) as e:
            write_image(BytesIO(), torch.zeros(shape), {}, kind)
        assert e.value.code == "image.too_large_for_format"
    file = BytesIO()
    write_image(file, torch.zeros(2, most, 3), {}, kind)
    assert file.tell() > 0


def test_frame_beyond_webp_is_refused_in_words() -> None:
    with pytest.raises(DiffusionError) as error:
        write_animated_webp(BytesIO(), torch.zeros(2, 1, 16_384, 3), {}, fps=1.0)
    assert error.value.code == "image.too_large_for_format"
