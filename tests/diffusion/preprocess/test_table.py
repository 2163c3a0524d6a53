"""Every preprocessor of the table makes the control image that its reference shows."""

from __future__ import annotations

import pkgutil

import pytest
import torch

from weft.diffusion import preprocess
from weft.diffusion.preprocess.table import PREPROCESSORS, Preprocessor

from .reference import FOLDER, read, source_image

EVERY = pytest.mark.parametrize("each", PREPROCESSORS, ids=lambda each: each.name)


def test_every_module_and_reference_image_has_its_row() -> None:
    names = sorted(each.name for each in PREPROCESSORS)
    modules = {module.name for module in pkgutil.iter_modules(preprocess.__path__)}
    assert sorted(modules - {"table"}) == names
    assert sorted(path.stem for path in FOLDER.glob("*.png")) == names


@EVERY
def test_preprocessor_makes_its_reference_image(each: Preprocessor) -> None:
    image = source_image()
    before = image.clone()
    made, expected = each.function(image), read(each.name)
    assert made.shape == expected.shape
    assert (made - expected).abs().mean() < 0.01
    assert expected.std() > 0.05  # an empty image is no reference
    assert torch.equal(image, before)


@EVERY
def test_preprocessor_treats_each_image_of_a_batch_alone(each: Preprocessor) -> None:
    image = source_image()
    batch = torch.cat([image, image.flip(2)])
    made = each.function(batch)
    assert (made.dtype, made.device) == (torch.float32, image.device)
    assert 0 <= made.min() <= made.max() <= 1
    assert torch.equal(made, torch.cat([each.function(item[None]) for item in batch]))
