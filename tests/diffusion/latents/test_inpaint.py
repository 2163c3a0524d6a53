"""Encoding pictures of which a part is to be painted anew."""

from __future__ import annotations

import pytest
import torch

import weft.diffusion as wd
from weft.diffusion.latents.inpaint import encode_for_inpaint


def square(side: int = 32) -> torch.Tensor:
    mask = torch.zeros(1, side, side)
    mask[:, 12:20, 12:20] = 1
    return mask


@pytest.mark.parametrize(("grow", "side"), [(0, 8), (1, 8), (3, 10), (6, 13)])
def test_noise_mask_is_grown_by_so_many_pixels(vae: wd.Vae, grow: int, side: int) -> None:
    image = torch.rand(1, 32, 32, 3, generator=torch.Generator().manual_seed(0))
    mask = encode_for_inpaint(vae, image, square(), grow=grow).noise_mask
    assert mask is not None
    assert mask.shape == (1, 32, 32)
    assert mask[0].any(dim=0).sum() == side
    assert set(mask.unique().tolist()) == {0.0, 1.0}


def test_what_is_painted_does_not_show_in_the_latent(vae: wd.Vae) -> None:
    image = torch.rand(1, 32, 32, 3, generator=torch.Generator().manual_seed(0))
    other = torch.where(square()[..., None] > 0, torch.zeros(()), image)
    found = [encode_for_inpaint(vae, each, square()).samples for each in (image, other)]
    assert torch.allclose(*found)
    grey = torch.where(square()[..., None] > 0, torch.full((), 0.5), image)
    assert torch.allclose(found[0], wd.encode_image(vae, grey).samples, atol=1e-6)


def test_mask_of_any_size_is_stretched_and_cut_as_the_picture(vae: wd.Vae) -> None:
    mask = torch.zeros(1, 10, 10)
    mask[:, :, :5] = 1
    found = encode_for_inpaint(vae, torch.rand(2, 37, 45, 3), mask, grow=0)
    assert found.samples.shape == (2, 4, 4, 5)
    assert found.noise_mask is not None
    assert found.noise_mask.shape == (1, 32, 40)
    # Of 45 columns 2 are cut at the left; the middle of the picture is at 22.5.
    assert found.noise_mask[0, 0].tolist() == [1.0] * 20 + [0.0] * 20


def test_mask_shrunk_by_growing_is_refused(vae: wd.Vae) -> None:
    with pytest.raises(wd.ParameterError):
        encode_for_inpaint(vae, torch.rand(1, 32, 32, 3), square(), grow=-1)
