"""Networks compiled by `torch.compile`, model by model."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..errors import ParameterError
from ..types import Model

if TYPE_CHECKING:
    from torch.nn import Module


def compile_model(model: Model, backend: str = "inductor") -> Model:
    """Have a denoising network compiled when it is first called, for each size of picture anew.

    Args:
        model: The model; LoRAs put on it later are compiled too.
        backend: A backend of `torch.compile`; "" = none.

    Returns:
        The model, to be compiled. Its numbers differ in their last digits.

    Raises:
        ParameterError: torch has no such backend.
    """
    from torch._dynamo import list_backends

    known = list_backends(exclude_tags=())
    if backend and backend not in known:
        raise ParameterError(
            "model.unknown_backend",
            "torch has no such compiler backend.",
            expected=", ".join(known),
            got=backend[:40],
        )
    return replace(model, compiled=backend)


def network_of(model: Model) -> Module:
    """A model's denoising network, compiled if that was asked for; in use while it is held."""
    from ..weights.residency import RESIDENCY

    if model.compiled:
        return RESIDENCY.lease_compiled(model.weights, model.compiled)
    network: Any = model.weights.module
    return network  # type: ignore[no-any-return]
