"""Guidance away from the prediction of the same network with a part disabled."""

from __future__ import annotations

import math
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from ..types.guidance import GuidanceRule, Moment, View

if TYPE_CHECKING:
    from torch import Tensor

SMALLEST = 4
"""Latents with a side up to this have no attention worth a map."""


@dataclass(frozen=True, slots=True)
class PerturbedAttention(GuidanceRule):
    """Away from the picture seen when the middle of the network attends to each place alone.

    Source: Ahn et al. 2024, "Self-Rectifying Diffusion Sampling with Perturbed-Attention Guidance".

    Attributes:
        scale: Strength; 0 = off.
    """

    takes_negative: ClassVar[bool] = False
    scale: float = 3.0

    def after(self, view: View) -> Tensor:
        from .network import Attention, middle_attention

        with middle_attention(Attention(identity=True)):
            spoilt = view.predict(view.x, view.positive, False)
        return view.denoised + (view.wanted - spoilt) * self.scale


@dataclass(frozen=True, slots=True)
class SelfAttentionGuidance(GuidanceRule):
    """Away from the picture seen when what the network looks at is blurred.

    Source: Hong et al. 2023, "Improving Sample Quality of Diffusion Models Using Self-Attention
    Guidance", algorithm 1, on the negative side.

    Attributes:
        scale: Strength; 0 = off.
        blur_sigma: Of the blur, in latent cells.
    """

    needs_negative: ClassVar[bool] = True
    scale: float = 0.5
    blur_sigma: float = 2.0

    def watch(self, memory: dict[str, Any], moment: Moment) -> AbstractContextManager[Any]:
        from .network import Attention, middle_attention

        memory["scores"] = []
        return middle_attention(Attention(scores=memory["scores"]))

    def after(self, view: View) -> Tensor:
        scores: list[Tensor] = view.memory["scores"]
        if not scores or min(view.x.shape[-2:]) <= SMALLEST:
            return view.denoised
        looked_at = attention_map(scores[0], view.x)
        blurred = blur(view.other, self.blur_sigma)
        spoilt = view.other + (blurred - view.other) * looked_at
        again = view.predict(spoilt + view.x - view.other, view.negative, True)
        return view.denoised + (spoilt - again) * self.scale


def attention_map(scores: Tensor, like: Tensor) -> Tensor:
    """Where more than its share of attention goes, (B, 1, h, w) of 0 and 1.

    Args:
        scores: (B, heads, places, places), each row of sum 1.
        like: (B, C, h, w) whose shape the places have, at a lower resolution.
    """
    import torch.nn.functional as F

    places = scores.shape[-1]
    height, width = like.shape[-2:]
    tall = max(1, round(math.sqrt(places * height / width)))
    # Sides that were rounded on the way down: the nearest that fills the places.
    tall = min((t for t in range(1, places + 1) if places % t == 0), key=lambda t: abs(t - tall))
    received = scores.mean(1).sum(1) > 1.0
    small = received.reshape(len(scores), 1, tall, places // tall).to(like.dtype)
    return F.interpolate(small, size=(height, width))


def blur(x: Tensor, sigma: float, size: int = 9) -> Tensor:
    """Gaussian blur of every channel, with a kernel of `size` cells and mirrored edges."""
    import torch
    import torch.nn.functional as F

    if sigma <= 0:
        return x
    places = torch.arange(size, device=x.device, dtype=x.dtype) - (size - 1) / 2
    kernel = torch.exp(-0.5 * (places / sigma) ** 2)
    kernel = kernel / kernel.sum()
    channels, margin = x.shape[1], size // 2
    mode = "reflect" if min(x.shape[-2:]) > margin else "replicate"
    x = F.pad(x, (margin, margin, margin, margin), mode=mode)
    x = F.conv2d(x, kernel.view(1, 1, 1, -1).expand(channels, 1, 1, -1), groups=channels)
    return F.conv2d(x, kernel.view(1, 1, -1, 1).expand(channels, 1, -1, 1), groups=channels)


@dataclass(frozen=True, slots=True)
class SkipLayers(GuidanceRule):
    """Away from the picture seen when a diffusion transformer leaves out some of its blocks.

    Source: Stability AI 2024, Stable Diffusion 3.5 ("skip layer guidance"), in the manner of Hyung
    et al. 2024, "Spatiotemporal Skip Guidance".

    Attributes:
        blocks: Names of the blocks: "double.7", "single.3".
        scale: Strength; 0 = off.
        start, end: Part of the schedule in which it acts, fractions from 0 to 1.
        rescaling: Share in which the result is given the spread of the positive side.
    """

    takes_negative: ClassVar[bool] = False
    blocks: tuple[str, ...]
    scale: float = 3.0
    start: float = 0.01
    end: float = 0.15
    rescaling: float = 0.0

    def after(self, view: View) -> Tensor:
        from .network import skipped_blocks

        if not view.inside(self.start, self.end):
            return view.denoised
        with skipped_blocks(self.blocks):
            spoilt = view.predict(view.x, view.positive, False)
        result = view.denoised + (view.wanted - spoilt) * self.scale
        if self.rescaling:
            sides = tuple(range(1, result.ndim))
            ratio = view.wanted.std(dim=sides, keepdim=True) / result.std(dim=sides, keepdim=True)
            result = result * (self.rescaling * ratio + (1.0 - self.rescaling))
        return result


@dataclass(frozen=True, slots=True)
class SkipLayersOfNegative(GuidanceRule):
    """Lets the negative side, and no further one, be seen without some of the blocks.

    Source: as `SkipLayers`; ComfyUI's SkipLayerGuidanceDiTSimple.

    Attributes:
        blocks: Names of the blocks: "double.7", "single.3".
        start, end: Part of the schedule in which it acts, fractions from 0 to 1.
    """

    blocks: tuple[str, ...]
    start: float = 0.0
    end: float = 1.0

    def watch(self, memory: dict[str, Any], moment: Moment) -> AbstractContextManager[Any] | None:
        from .network import skipped_blocks

        return skipped_blocks(self.blocks) if moment.inside(self.start, self.end) else None


@dataclass(frozen=True, slots=True)
class DifferentialDiffusion(GuidanceRule):
    """A soft noise mask as times: darker places are let go of later in the run.

    Source: Levin & Fried 2023, "Differential Diffusion: Giving Each Pixel Its Strength".

    Attributes:
        strength: 1 = only the times; below, mixed with the soft mask itself.
    """

    changes_mask: ClassVar[bool] = True
    takes_negative: ClassVar[bool] = False
    strength: float = 1.0

    def mask_at(self, mask: Tensor, progress: float) -> Tensor:
        open_places = (mask >= progress).to(mask.dtype)
        return self.strength * open_places + (1.0 - self.strength) * mask
