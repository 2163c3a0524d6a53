"""Progress and preview images of a sampling run, at a limited rate."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from weft.diffusion.types import Model
from weft.engine.declaration.context import Run
from weft.engine.errors import FileError

if TYPE_CHECKING:
    from weft.diffusion.sampling.preview import Painter
    from weft.diffusion.sampling.sample import StepInfo

INTERVAL = 0.25
"""Minimum number of seconds between two previews of one run."""


def reporter(run: Run, model: Model) -> Callable[[StepInfo], None]:
    """The callback of a sampling node after each step: it reports progress and previews the image.

    Previews are made only if a client listens. `WEFT_PREVIEW` sets the method: `auto` (a tiny
    decoder from models/vae_approx if there is one for the model's latent space, else a linear map),
    `latent` (the linear map), or `off`. The last step has no preview: the image itself follows.
    """
    from weft.diffusion.sampling.preview import preview_jpeg

    painter = _painter(run, model) if run.watched else None
    due = 0.0

    def on_step(info: StepInfo) -> None:
        nonlocal due
        run.progress(info.step, info.total)
        if painter is None or info.step >= info.total or time.monotonic() < due:
            return
        run.preview(preview_jpeg(painter(info.denoised[:1])), "image/jpeg")
        due = time.monotonic() + INTERVAL

    return on_step


def _painter(run: Run, model: Model) -> Painter | None:
    from weft.diffusion.sampling.preview import linear_painter, tiny_decoder_names, tiny_painter

    how = os.environ.get("WEFT_PREVIEW", "auto")
    if how not in {"auto", "latent", "off"}:
        raise FileError(
            f"The environment variable WEFT_PREVIEW has no known value: {how[:40]!r}.",
            code="preview.bad_setting",
            expected="auto, latent or off",
            got=how[:40],
        )
    if how == "off":
        return None
    if how == "auto":
        for name in tiny_decoder_names(model):
            for folder in run.workspace.folders("vae_approx"):
                if (folder / name).is_file():
                    return tiny_painter(folder / name, model)
    return linear_painter(model)
