"""One picture upon another."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import weft.diffusion as wd
from weft.diffusion.pictures import compositing


def picture(*values: float) -> torch.Tensor:
    """A row of grey pixels."""
    return torch.tensor(values, dtype=torch.float32)[None, None, :, None].repeat(1, 1, 1, 3)


def grey(image: torch.Tensor) -> list[float]:
    return [round(v, 4) for v in image[0, 0, :, 0].tolist()]


def test_pasted_picture_covers_what_it_overlaps() -> None:
    found = compositing.paste_image(picture(0, 0, 0, 0), picture(1, 0.5, 0.25), 2, 0)
    assert grey(found) == [0, 0, 1, 0.5]


def test_pasted_picture_beyond_the_edge_changes_nothing() -> None:
    base = picture(0.25, 0.5)
    assert torch.equal(compositing.paste_image(base, picture(1), 2, 0), base)
    assert torch.equal(compositing.paste_image(base, picture(1), 0, 5), base)


def test_mask_belongs_to_the_source_not_to_what_is_seen_of_it() -> None:
    mask = torch.tensor([[[0.0, 1.0, 0.5, 1.0]]])
    found = compositing.paste_image(picture(0, 0, 0), picture(1, 1, 1, 1), 1, 0, mask)
    assert grey(found) == [0, 0, 1]
    whole = compositing.paste_image(picture(0.5, 0.5, 0.5), picture(1, 1, 1, 1), 0, 0, mask)
    assert grey(whole) == [0.5, 1, 0.75]


def test_source_is_resized_to_the_destination_on_demand() -> None:
    found = compositing.paste_image(picture(0, 0, 0, 0), picture(1), 0, 0, resize_source=True)
    assert grey(found) == [1, 1, 1, 1]


def test_smaller_batches_are_repeated_in_turn() -> None:
    base = torch.zeros(4, 1, 1, 3)
    found = compositing.paste_image(base, torch.stack([picture(0.25)[0], picture(0.5)[0]]), 0, 0)
    assert found[:, 0, 0, 0].tolist() == [0.25, 0.5, 0.25, 0.5]


def test_pasted_picture_takes_the_channels_of_the_destination() -> None:
    clear = torch.zeros(1, 2, 2, 4)
    assert compositing.paste_image(clear, torch.ones(1, 1, 1, 3), 0, 0)[0, 0, 0].tolist() == [1] * 4
    assert compositing.paste_image(torch.zeros(1, 2, 2, 3), clear, 0, 0).shape == (1, 2, 2, 3)


def test_alpha_joined_and_split_again_is_the_same() -> None:
    image, mask = torch.rand(2, 4, 6, 3), torch.rand(2, 4, 6)
    colours, alpha = compositing.split_alpha(compositing.join_alpha(image, mask))
    assert torch.equal(colours, image)
    assert torch.allclose(alpha, mask, atol=1e-6)


def test_picture_without_alpha_is_opaque() -> None:
    assert not compositing.split_alpha(torch.rand(1, 2, 2, 3))[1].any()


RULES = {
    "CLEAR": (0.0, 0.0),
    "SRC": (0.8, 0.5),
    "DST": (0.4, 0.25),
    "SRC_OVER": ((0.5 * 0.8 + 0.5 * 0.25 * 0.4) / 0.625, 0.625),
    "DST_OVER": ((0.25 * 0.4 + 0.75 * 0.5 * 0.8) / 0.625, 0.625),
    "SRC_IN": (0.8, 0.125),
    "DST_IN": (0.4, 0.125),
    "SRC_OUT": (0.8, 0.375),
    "DST_OUT": (0.4, 0.125),
    "SRC_ATOP": (0.5 * 0.8 + 0.5 * 0.4, 0.25),
    "DST_ATOP": (0.25 * 0.4 + 0.75 * 0.8, 0.5),
    "XOR": ((0.375 * 0.8 + 0.125 * 0.4) / 0.5, 0.5),
    "ADD": ((0.4 + 0.1) / 0.75, 0.75),
    "MULTIPLY": (0.4 * 0.1 / 0.125, 0.125),
    "SCREEN": ((0.4 + 0.1 - 0.04) / 0.625, 0.625),
    "DARKEN": ((0.75 * 0.4 + 0.5 * 0.1 + 0.1) / 0.625, 0.625),
    "LIGHTEN": (1.0, 0.625),
}


@pytest.mark.parametrize("mode", RULES)
def test_porter_duff_rule_gives_the_published_value(mode: compositing.PorterDuff) -> None:
    """Source 0.8 at alpha 0.5 upon destination 0.4 at alpha 0.25."""
    colour, alpha = RULES[mode]
    image, mask = compositing.porter_duff(
        picture(0.8), torch.tensor([[[0.5]]]), picture(0.4), torch.tensor([[[0.75]]]), mode
    )
    assert image[0, 0, 0].tolist() == pytest.approx([colour] * 3, abs=1e-6)
    assert mask.item() == pytest.approx(1 - alpha)


@settings(max_examples=20)
@given(st.floats(0, 1), st.floats(0, 1))
def test_porter_duff_overlay_of_opaque_pictures_is_the_usual_overlay(s: float, d: float) -> None:
    clear = torch.zeros(1, 1, 1)
    image, mask = compositing.porter_duff(picture(s), clear, picture(d), clear, "OVERLAY")
    expected = 2 * s * d if d < 0.5 else 1 - 2 * (1 - s) * (1 - d)
    assert image[0, 0, 0, 0].item() == pytest.approx(expected, abs=1e-5)
    assert mask.item() == 0


def test_porter_duff_scales_the_source_to_the_destination() -> None:
    image, mask = compositing.porter_duff(
        torch.ones(1, 4, 4, 3), torch.zeros(1, 4, 4), torch.zeros(2, 8, 6, 3), torch.zeros(2, 8, 6),
        "SRC_OVER",
    )  # fmt: skip
    assert image.shape == (1, 8, 6, 3)
    assert mask.shape == (1, 8, 6)
    assert image.min() > 0.99


def test_mask_of_bad_shape_is_refused() -> None:
    with pytest.raises(wd.ShapeError):
        compositing.paste_image(picture(0), picture(1), 0, 0, torch.zeros(1, 1))
