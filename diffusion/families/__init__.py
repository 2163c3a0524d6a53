"""Model families: one file each, from a `Model` description to a running `Denoiser`."""

from __future__ import annotations

from ..denoiser import Denoiser
from ..errors import ModelError
from ..types import Model


def open_denoiser(model: Model) -> Denoiser:
    """The denoiser for a model; made once per run.

    Raises:
        ModelError: A family that weft does not run.
    """
    if model.family == "sd1":
        from .sd1 import SD1Denoiser

        return SD1Denoiser(model)
    raise ModelError(
        "model.unsupported_family",
        f'weft cannot run models of family "{model.family}".',
        expected="sd1",
        got=model.family,
    )
