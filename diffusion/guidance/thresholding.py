"""Dynamic thresholding: strong guidance with the range of values that a weaker one would give.

Source: Saharia et al. 2022, "Imagen", section 2.3, with the range of another cfg in place of
[-1, 1]: A. Goodwin's dynamic thresholding (mcmonkeyprojects/sd-dynamic-thresholding, MIT).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

from ..types.guidance import GuidanceRule, Stage, View

if TYPE_CHECKING:
    from torch import Tensor

Mode = Literal[
    "Constant",
    "Linear Down",
    "Cosine Down",
    "Half Cosine Down",
    "Linear Up",
    "Cosine Up",
    "Half Cosine Up",
    "Power Up",
    "Power Down",
    "Linear Repeating",
    "Cosine Repeating",
    "Sawtooth",
]
QUARTER, ROUND = 1.5707, 6.28318
"""Of a circle, in as many digits as the source has."""


def _triangle(part: float) -> float:
    return abs(0.5 - part) * 2


MODES: Mapping[Mode, Callable[[float, float], float]] = {
    "Constant": lambda p, v: 1.0,
    "Linear Down": lambda p, v: 1.0 - p,
    "Cosine Down": lambda p, v: math.cos(p * QUARTER),
    "Half Cosine Down": lambda p, v: math.cos(p),
    "Linear Up": lambda p, v: p,
    "Cosine Up": lambda p, v: 1.0 - math.cos(p * QUARTER),
    "Half Cosine Up": lambda p, v: 1.0 - math.cos(p),
    "Power Up": lambda p, v: p**v,
    "Power Down": lambda p, v: 1.0 - p**v,
    "Linear Repeating": lambda p, v: _triangle(p * v % 1.0),
    "Cosine Repeating": lambda p, v: math.cos(p * ROUND * v) * 0.5 + 0.5,
    "Sawtooth": lambda p, v: p * v % 1.0,
}
"""How a scale changes with the part of the schedule that is done, and a number of one's choice."""


@dataclass(frozen=True, slots=True)
class DynamicThresholding(GuidanceRule):
    """Gives the guided picture, channel by channel, the range that another cfg would give it.

    Attributes:
        mimic_scale: The cfg whose range is kept.
        percentile: Share of values that count for the range of the strong guidance; 1 = all.
        mimic_mode, mimic_least: How `mimic_scale` changes over the schedule, and from what value.
        cfg_mode, cfg_least: The same for cfg.
        value: Number that some modes take: exponent or repetitions.
        by_channel: Whether every channel has its own range; else a picture has one.
        around_mean: Whether values are scaled around their channel's mean; else around 0.
        by_spread: Whether the range is a standard deviation; else the largest value.
        share: Share of the result; the rest is plain guidance.
    """

    stage: ClassVar[Stage] = "combine"
    mimic_scale: float = 7.0
    percentile: float = 1.0
    mimic_mode: Mode = "Constant"
    mimic_least: float = 0.0
    cfg_mode: Mode = "Constant"
    cfg_least: float = 0.0
    value: float = 1.0
    by_channel: bool = True
    around_mean: bool = True
    by_spread: bool = False
    share: float = 1.0

    def combine(self, view: View) -> Tensor:
        difference = view.wanted - view.other
        cfg = self._scale(view.cfg, self.cfg_mode, self.cfg_least, view.done)
        least = self._scale(self.mimic_scale, self.mimic_mode, self.mimic_least, view.done)
        plain = view.other + cfg * difference
        mimic = _centred(view.other + least * difference)[0]
        guided, mean = _centred(plain)
        if self.by_spread:
            reach, wanted = self._spread(guided), self._spread(mimic)
            limited = guided * _ratio(wanted, reach)
        else:
            wanted, reach = self._largest(mimic, 1.0), self._largest(guided, self.percentile)
            if self.around_mean:
                reach = reach.maximum(wanted)
                guided = guided.clamp(min=-reach, max=reach)
            limited = guided * _ratio(wanted, reach)
        result = limited + mean if self.around_mean else plain.flatten(2) * _ratio(wanted, reach)
        result = result.reshape(view.x.shape)
        return result if self.share == 1.0 else self.share * result + (1.0 - self.share) * plain

    def _scale(self, scale: float, mode: Mode, least: float, done: float) -> float:
        return (scale - least) * MODES[mode](done, self.value) + least

    def _spread(self, flat: Tensor) -> Tensor:
        sides = -1 if self.by_channel else (1, 2)
        return flat.std(dim=sides, keepdim=True)

    def _largest(self, flat: Tensor, percentile: float) -> Tensor:
        values = flat.abs() if self.by_channel else flat.abs().flatten(1)[:, None]
        return values.quantile(percentile, dim=-1, keepdim=True)


def _ratio(wanted: Tensor, reach: Tensor) -> Tensor:
    """How much to scale by; what has no range has nothing to scale."""
    return (wanted / reach).nan_to_num(nan=1.0)


def _centred(x: Tensor) -> tuple[Tensor, Tensor]:
    """(B, C, h * w) with the mean of each channel taken off, and that mean."""
    flat = x.flatten(2)
    mean = flat.mean(dim=-1, keepdim=True)
    return flat - mean, mean
