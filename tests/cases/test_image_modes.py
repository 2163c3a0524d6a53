"""Float TIFF files hold 0 to 1."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from PIL import Image

import weft
from tests.cases.places import case
from weft.diffusion.pictures.file import read_image


def test_float_tiff_is_loaded_as_its_ramp() -> None:
    file = case("behaviour/07_float_tiff_0_to_1.tif")
    with Image.open(file) as opened:
        stored = torch.from_numpy(np.asarray(opened).copy())
    assert stored.dtype == torch.float32
    assert stored.max() > 0.99
    image, mask = read_image(file)
    torch.testing.assert_close(image[0], stored.unsqueeze(-1).expand(-1, -1, 3))
    assert not mask.any()


def test_workflow_writes_the_ramp(tmp_path: Path) -> None:
    file = case("behaviour/07_load_float_tiff.json")
    workflow = weft.load(file)
    with weft.Engine(inputs=[file.parent], output=tmp_path, disk_cache=False) as engine:
        result = engine.run(workflow)
    (picture,) = result.artifacts
    shown = np.asarray(Image.open(picture.path).convert("L"))
    assert shown.min() == 0
    assert shown.max() == 255
    assert len(np.unique(shown)) > 50
