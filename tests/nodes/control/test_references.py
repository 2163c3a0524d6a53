"""Pictures that Flux Kontext draws from, through nodes."""

from __future__ import annotations

import pytest
import torch

import weft.diffusion as wd
from weft import testing
from weft.diffusion.types import References
from weft.nodes.control.references import KONTEXT_SIZES, flux_kontext_image_scale, reference_latent


@pytest.mark.parametrize(
    ("size", "expected"),
    [((100, 100), (1024, 1024)), ((160, 90), (1392, 752)), ((64, 640), (672, 1568))],
)
def test_picture_takes_the_nearest_shape_that_kontext_knows(
    size: tuple[int, int], expected: tuple[int, int]
) -> None:
    width, height = size
    scaled = flux_kontext_image_scale(torch.rand(1, height, width, 3))
    assert (scaled.shape[2], scaled.shape[1]) == expected
    assert expected in KONTEXT_SIZES


def test_pictures_are_shown_one_beside_the_other_and_the_prompt_given_stays() -> None:
    text = wd.Conditioning((wd.ConditioningEntry(torch.zeros(1, 2, 4)),))
    latent = wd.Latent(torch.ones(1, 16, 4, 4), "flux")
    shown = reference_latent(reference_latent(text, latent), latent)
    found = shown.entries[0].attachment(References)
    assert found is not None
    assert len(found.latents) == 2
    assert text.entries[0].attached == ()
    assert reference_latent(text, None) is text


def test_nodes_keep_their_contract() -> None:
    text = wd.Conditioning((wd.ConditioningEntry(torch.zeros(1, 2, 4)),))
    testing.check_node(reference_latent, conditioning=text, latent=wd.empty_latent(64, 64))
    testing.check_node(flux_kontext_image_scale, image=torch.rand(1, 40, 50, 3))
