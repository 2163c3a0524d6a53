"""FreeU: boost the decoder's features, damp the low frequencies of skip connections.

Source: Si et al. 2023, "FreeU: Free Lunch in Diffusion U-Net", version 1 and 2.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from ..types.guidance import GuidanceRule, Moment, Stage
from .project import scale_frequencies
from .switches import switched

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, slots=True)
class FeatureScales:
    """FreeU's factors at the two deeper levels, of 4 and of 2 times the base width.

    Attributes:
        b1, b2: Factor on half of the features; 1 = none.
        s1, s2: Factor on the low waves of what was kept from the encoder; 1 = none.
        by_mean: Whether the factor grows with the features' mean at a place (version 2).
    """

    b1: float
    b2: float
    s1: float
    s2: float
    by_mean: bool = False


@dataclass(frozen=True, slots=True)
class FreeU(GuidanceRule):
    """Lets every evaluation of a UNet run with scaled features."""

    stage: ClassVar[Stage] = "after"
    takes_negative: ClassVar[bool] = False
    acts_inside: ClassVar[bool] = True
    scales: FeatureScales

    def around(self, moment: Moment) -> AbstractContextManager[Any]:
        pass

        return feature_scales(self.scales)


def scaled_features(both: Tensor, width: int, base: int, scales: FeatureScales) -> Tensor:
    """Input of a decoder block with its features and what was kept scaled.

    Args:
        both: (B, width + kept, h, w).
        width: Channels that are features.
        base: The network's base width.
        scales: What to do at widths 4 * base and 2 * base; others stay.
    """
    import torch

    if width == 4 * base:
        strength, low = scales.b1, scales.s1
    elif width == 2 * base:
        strength, low = scales.b2, scales.s2
    else:
        return both
    features, kept = both[:, :width], both[:, width:]
    half = features[:, : width // 2]
    if scales.by_mean:
        mean = features.mean(1, keepdim=True)
        lowest, highest = mean.amin((2, 3), keepdim=True), mean.amax((2, 3), keepdim=True)
        half = half * ((strength - 1.0) * (mean - lowest) / (highest - lowest) + 1.0)
    else:
        half = half * strength
    return torch.cat([half, features[:, width // 2 :], scale_frequencies(kept, low, 1.0, 1)], dim=1)


_features: ContextVar[FeatureScales | None] = ContextVar("weft_features", default=None)


@contextmanager
def feature_scales(scales: FeatureScales) -> Iterator[None]:
    """Let a UNet's decoder scale its features inside of the block."""
    with switched(_features, scales):
        yield


def install_feature_switches(unet: Any) -> None:
    """Build the switches into a new UNet2DConditionModel; done once, at building."""
    widths = list(reversed(unet.config.block_out_channels))
    before = widths[0]
    for width, block in zip(widths, unet.up_blocks, strict=True):
        for number, resnet in enumerate(block.resnets):
            # A resnet is given the features and, behind them, what was kept from the encoder.
            resnet.weft_features = before if number == 0 else width
            resnet.weft_base = unet.config.block_out_channels[0]
            resnet.register_forward_pre_hook(_scale_features)
        before = width


def _scale_features(resnet: Any, arguments: tuple[Any, ...]) -> tuple[Any, ...] | None:
    scales = _features.get()
    if scales is None:
        return None
    both, *rest = arguments
    return (scaled_features(both, resnet.weft_features, resnet.weft_base, scales), *rest)
