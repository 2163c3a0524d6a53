"""The denoising network with all its patches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ..prediction.model_sampling import ModelSampling
from ..weights.handle import Weights
from .attachment import Attachment
from .guidance import GuidanceRule


@dataclass(frozen=True, slots=True)
class Model:
    """A denoising network: shared weights, and a list of what acts when it is used.

    Attributes:
        attached: What acts together with every prompt: IP-Adapters.
        sampling: What it predicts and at which noise levels; None = as its family was trained.
        guidance: What changes its guidance, in this order.
        compiled: The backend of `torch.compile` that the network is compiled by; "" = it is not.
    """

    __socket__: ClassVar[str] = "MODEL"

    family: str
    weights: Weights
    attached: tuple[Attachment, ...] = ()
    sampling: ModelSampling | None = None
    guidance: tuple[GuidanceRule, ...] = ()
    compiled: str = ""
