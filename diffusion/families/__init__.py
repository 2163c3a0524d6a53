"""Model families: one file each, from a `Model` description to a running `Denoiser`."""

from __future__ import annotations

from ..denoiser import Denoiser
from ..errors import ModelError
from ..model_sampling import SD1, ModelSampling
from ..types import Model

FAMILY_SAMPLING = {"sd1": SD1}


def sampling_of(model: Model) -> ModelSampling:
    """What a model predicts and at which noise levels: its own, else its family's.

    Raises:
        ModelError: A family that weft does not run.
    """
    if model.sampling is not None:
        return model.sampling
    if model.family not in FAMILY_SAMPLING:
        raise _unknown(model)
    return FAMILY_SAMPLING[model.family]


def open_denoiser(model: Model) -> Denoiser:
    """The denoiser for a model; made once per run.

    Raises:
        ModelError: A family that weft does not run.
    """
    if model.family == "sd1":
        from .sd1 import SD1Denoiser

        return SD1Denoiser(model)
    raise _unknown(model)


def _unknown(model: Model) -> ModelError:
    return ModelError(
        "model.unsupported_family",
        f'weft cannot run models of family "{model.family}".',
        expected=", ".join(FAMILY_SAMPLING),
        got=model.family,
    )
