"""Pictures cut, turned, widened, put together."""

from __future__ import annotations

import pytest
import torch

import weft.diffusion as wd
from weft.diffusion.pictures import shapes

PICTURE = torch.arange(6.0).reshape(1, 2, 3, 1).repeat(1, 1, 1, 3) / 10  # rows 0 1 2, 3 4 5


def rows(image: torch.Tensor) -> list[list[int]]:
    return (image[0, :, :, 0] * 10).round().int().tolist()


def test_picture_is_cropped_flipped_and_turned_clockwise() -> None:
    assert rows(shapes.crop_image(PICTURE, 1, 1, 5, 5)) == [[4, 5]]
    assert rows(shapes.flip_image(PICTURE, "x")) == [[3, 4, 5], [0, 1, 2]]
    assert rows(shapes.flip_image(PICTURE, "y")) == [[2, 1, 0], [5, 4, 3]]
    assert rows(shapes.rotate_image(PICTURE, 1)) == [[3, 0], [4, 1], [5, 2]]
    assert rows(shapes.rotate_image(PICTURE, 3)) == [[2, 5], [1, 4], [0, 3]]
    with pytest.raises(wd.ShapeError):
        shapes.crop_image(PICTURE, 0, 2, 1, 1)


def test_padded_picture_is_grey_outside_and_masked_there() -> None:
    image = torch.ones(1, 20, 30, 3)
    padded, mask = shapes.pad_for_outpaint(image, 8, 0, 0, 16, 0)
    assert padded.shape == (1, 36, 38, 3)
    assert torch.equal(padded[:, :20, 8:], image)
    assert padded[0, 0, 0].tolist() == [0.5] * 3
    assert mask[0, :20, 8:].max() == 0
    assert mask[0, 20:].min() == mask[0, :, :8].min() == 1


def test_padding_mask_fades_with_the_square_towards_widened_sides_only() -> None:
    _, mask = shapes.pad_for_outpaint(torch.ones(1, 20, 30, 3), 8, 0, 0, 0, 4)
    assert mask[0, 10, 8:14].tolist() == [1.0, 0.5625, 0.25, 0.0625, 0.0, 0.0]
    assert not mask[0, :, 12:].any()
    _, wide = shapes.pad_for_outpaint(torch.ones(1, 20, 30, 3), 0, 0, 8, 0, 4)
    assert wide[0, 10, 24:31].tolist() == [0, 0, 0, 0.0625, 0.25, 0.5625, 1]
    _, none = shapes.pad_for_outpaint(torch.ones(1, 20, 30, 3), 8, 0, 0, 0, 10)
    assert set(none.unique().tolist()) == {0.0, 1.0}


def test_batched_pictures_have_the_size_and_channels_of_the_first() -> None:
    found = shapes.batch_images(torch.zeros(2, 4, 6, 3), torch.ones(1, 8, 12, 4))
    assert found.shape == (3, 4, 6, 4)
    assert found[2].min() == 1
    assert found[0, 0, 0].tolist() == [0, 0, 0, 1]


def test_pictures_taken_from_a_batch_are_those() -> None:
    batch = torch.arange(3.0)[:, None, None, None].expand(-1, 1, 1, 3)
    assert shapes.take_images(batch, 1, 9)[:, 0, 0, 0].tolist() == [1, 2]
    with pytest.raises(wd.ParameterError) as caught:
        shapes.take_images(batch, 3, 1)
    assert caught.value.code == "batch.no_such_item"


@pytest.mark.parametrize(
    ("direction", "expected"),
    [
        ("right", [[1, 1, 10, 5]]),
        ("left", [[5, 10, 1, 1]]),
        ("down", [[1, 1], [10, 10], [5, 5], [5, 5]]),
        ("up", [[5, 5], [5, 5], [10, 10], [1, 1]]),
    ],
)
def test_stitched_pictures_stand_side_by_side(
    direction: shapes.Direction, expected: list[list[int]]
) -> None:
    first, second = torch.full((1, 1, 2, 3), 0.1), torch.full((1, 2, 2, 3), 0.5)
    assert rows(shapes.stitch_images(first, second, direction, spacing=1)) == expected


def test_stitched_pictures_of_other_size_are_centred_on_black() -> None:
    found = shapes.stitch_images(
        torch.ones(1, 4, 2, 3), torch.ones(2, 2, 1, 3), "right", match_size=False
    )
    assert found.shape == (2, 4, 3, 3)
    assert found[1, :, 2, 0].tolist() == [0, 1, 1, 0]


def test_picture_fitted_into_a_size_keeps_its_shape() -> None:
    found = shapes.resize_and_pad(torch.ones(1, 10, 20, 3), 8, 8, method="area", color=0x000000)
    assert found[0, :, 0, 0].tolist() == [0, 0, 1, 1, 1, 1, 0, 0]
    white = shapes.resize_and_pad(torch.zeros(1, 10, 20, 3), 8, 8, method="area", color=0xFFFFFF)
    assert white[0, :, 0, 0].tolist() == [1, 1, 0, 0, 0, 0, 1, 1]
