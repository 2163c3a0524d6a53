"""Progress and previews of a sampling run, at a bounded rate."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from ...diffusion.types import Model
from ...engine.declaration.context import Run
from ...engine.errors import FileError

if TYPE_CHECKING:
    from ...diffusion.sampling.preview import Painter
    from ...diffusion.sampling.sample import StepInfo

INTERVAL = 0.25
"""Least seconds between two previews of one run."""


def reporter(run: Run, model: Model) -> Callable[[StepInfo], None]:
    """What a sampling node does after each step: tell of progress, and show the picture so far.

    Previews are painted only where somebody listens. `WEFT_PREVIEW` says how: `auto` (a tiny
    decoder from models/vae_approx if there is one for the model's latent space, else a linear map),
    `latent` (the linear map), or `off`. The last step is not shown: the picture itself comes next.
    """
    from ...diffusion.sampling.preview import preview_jpeg

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
    from ...diffusion.sampling.preview import linear_painter, tiny_decoder_names, tiny_painter

    how = os.environ.get("WEFT_PREVIEW", "auto")
    if how not in {"auto", "latent", "off"}:
        raise FileError(
            f"WEFT_PREVIEW is {how[:40]!r}.",
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
