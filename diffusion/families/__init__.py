"""Model families, one file each: latents, text, noise levels and the call of the network."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING

from ..errors import ModelError
from ..prediction.model_sampling import ModelSampling
from .family import Family

if TYPE_CHECKING:
    from ..formats.network_facts import NetworkFacts
    from ..types import Model

_HOME: Mapping[str, tuple[str, str]] = {
    "sd1": ("sd1", "FAMILY"),
    "sd2": ("sd2", "FAMILY"),
    "sdxl": ("sdxl", "BASE"),
    "sdxl_refiner": ("sdxl", "REFINER"),
    "playground": ("playground", "FAMILY"),
    "sd3": ("sd3", "FAMILY"),
    "flux": ("flux", "FAMILY"),
    "pixart_alpha": ("pixart", "ALPHA"),
    "pixart_sigma": ("pixart", "SIGMA"),
}
"""Family -> module and name of its object; imported on first use."""

NAMES: tuple[str, ...] = tuple(_HOME)


def family_named(name: str) -> Family:
    """The family of a model, text encoder or ControlNet.

    Raises:
        ModelError: A family that weft does not run.
    """
    if name not in _HOME:
        raise ModelError(
            "model.unsupported_family",
            f'weft cannot run models of family "{name}".',
            expected=", ".join(_HOME),
            got=name,
        )
    module, attribute = _HOME[name]
    found = getattr(import_module(f".{module}", __name__), attribute)
    assert isinstance(found, Family)
    return found


def family_of(facts: NetworkFacts) -> str | None:
    """The family that a network's tensors belong to; None if weft knows none."""
    return next((name for name in _HOME if family_named(name).owns(facts)), None)


def sampling_of(model: Model) -> ModelSampling:
    """Prediction type and sigmas of a model: its own, else its file's or family's.

    Raises:
        ModelError: A family that weft does not run.
    """
    if model.sampling is not None:
        return model.sampling
    return family_named(model.family).sampling_of(model)
