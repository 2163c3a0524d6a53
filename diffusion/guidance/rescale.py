"""Rules that keep strong guidance from overexposing the image. Each item of a batch by itself."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from ..types.guidance import GuidanceRule, Stage, View, per_item, plain

if TYPE_CHECKING:
    from torch import Tensor

    from ..latents.operations import LatentOperation


@dataclass(frozen=True, slots=True)
class RescaleCFG(GuidanceRule):
    """Gives the guided velocity the spread of the positive side's.

    Source: Lin et al. 2023, "Common Diffusion Noise Schedules and Sample Steps are Flawed", eq. 15
    and 16; on the velocity whatever the model predicts, as ComfyUI.

    Attributes:
        multiplier: Share of the rescaled result; 0 = off.
    """

    stage: ClassVar[Stage] = "combine"
    multiplier: float = 0.7

    def combine(self, view: View) -> Tensor:
        signal, spread = velocity_scales(view)
        wanted = (signal * view.x - view.wanted) / spread
        unwanted = (signal * view.x - view.other) / spread
        guided = unwanted + view.cfg * (wanted - unwanted)
        sides = tuple(range(1, guided.ndim))
        ratio = wanted.std(dim=sides, keepdim=True) / guided.std(dim=sides, keepdim=True)
        guided = guided * (self.multiplier * ratio + (1.0 - self.multiplier))
        return signal * view.x - spread * guided


def velocity_scales(view: View) -> tuple[float, float]:
    """a and b of x0 = a x - b v, with v the velocity that the model predicts or could predict."""
    if view.is_flow:
        return 1.0, view.sigma
    whole = view.sigma**2 + 1.0
    return 1.0 / whole, view.sigma / math.sqrt(whole)


@dataclass(frozen=True, slots=True)
class CFGNorm(GuidanceRule):
    """Shortens the guided picture at every place to the length the positive side has there.

    Source: ComfyUI's CFGNorm node, by its known rule.

    Attributes:
        strength: Factor on the result; 1 = none.
    """

    takes_negative: ClassVar[bool] = False
    strength: float = 1.0

    def after(self, view: View) -> Tensor:
        wanted = view.wanted.square().sum(dim=1, keepdim=True).sqrt()
        found = view.denoised.square().sum(dim=1, keepdim=True).sqrt()
        return view.denoised * (wanted / (found + 1e-8)).clamp(max=1.0) * self.strength


@dataclass(frozen=True, slots=True)
class RenormCFG(GuidanceRule):
    """Shortens the guided picture to a multiple of the positive side's length, as a whole.

    Source: Qin et al. 2025, "Lumina-Image 2.0", section 3.4 (CFG renormalisation and truncation);
    on the clean picture, as ComfyUI's RenormCFG.

    Attributes:
        cfg_trunc: Noise level from which on upwards nothing is guided.
        renorm_cfg: Longest result, in lengths of the positive side; 0 = any.
    """

    stage: ClassVar[Stage] = "combine"
    cfg_trunc: float = 100.0
    renorm_cfg: float = 1.0

    def combine(self, view: View) -> Tensor:
        if view.sigma >= self.cfg_trunc:
            return view.wanted
        guided = plain(view)
        if self.renorm_cfg <= 0:
            return guided
        longest = per_item(view.wanted**2).sqrt() * self.renorm_cfg
        return guided * (longest / per_item(guided**2).sqrt().clamp(min=1e-12)).clamp(max=1.0)


@dataclass(frozen=True, slots=True)
class Mahiro(GuidanceRule):
    """Leans towards the positive side times cfg, the more the negative side differs in direction.

    The direction of a place is taken from the signed square roots of its channels; the mean of the
    cosines over a picture decides for all of it. Source: yoinked-h's Mahiro, as ComfyUI has it.
    """

    def after(self, view: View) -> Tensor:
        leap = view.wanted * view.cfg
        alike = _cosine(_root(view.other * view.cfg), _root((leap + view.denoised) / 2))
        kept = (alike.mean(dim=(1, 2), keepdim=True)[:, None] + 1.0) / 2
        return kept * view.denoised + (1.0 - kept) * leap


def _root(x: Tensor) -> Tensor:
    return x.abs().sqrt() * x.sign()


def _cosine(a: Tensor, b: Tensor) -> Tensor:
    import torch.nn.functional as F

    return F.cosine_similarity(a, b)


@dataclass(frozen=True, slots=True)
class OperationOnGuidance(GuidanceRule):
    """A rule for latents on the way from the negative side to the positive one.

    Without a negative side, on the positive one. Source: ComfyUI's LatentApplyOperationCFG.

    Attributes:
        operation: The rule.
    """

    stage: ClassVar[Stage] = "before"
    takes_negative: ClassVar[bool] = False
    operation: LatentOperation

    def before(self, view: View) -> tuple[Tensor, Tensor | None]:
        if view.unwanted is None:
            return self.operation(view.wanted), None
        return view.other + self.operation(view.wanted - view.other), view.other


@dataclass(frozen=True, slots=True)
class CFGZeroStar(GuidanceRule):
    """Guidance from the part of the negative side that points the way of the positive one.

    Source: Fan et al. 2025, "CFG-Zero*: Improved Classifier-Free Guidance for Flow Matching
    Models", eq. 11; without its zeroed first steps.
    """

    def after(self, view: View) -> Tensor:
        wanted, unwanted = view.x - view.wanted, view.x - view.other
        share = per_item(wanted * unwanted) / (per_item(unwanted**2) + 1e-8)
        # negative' = share * negative; the result so far may already be changed by other rules.
        return view.denoised + view.other * (share - 1.0) * (1.0 - view.cfg)


@dataclass(frozen=True, slots=True)
class EpsilonScaling(GuidanceRule):
    """Divides the noise that is seen by a number a little above 1, against exposure bias.

    Source: Ning et al. 2023, "Elucidating the Exposure Bias in Diffusion Models".

    Attributes:
        scaling_factor: The divisor; 1 = off.
    """

    takes_negative: ClassVar[bool] = False
    scaling_factor: float = 1.005

    def after(self, view: View) -> Tensor:
        return view.x - (view.x - view.denoised) / self.scaling_factor


__all__ = [
    "CFGNorm",
    "CFGZeroStar",
    "EpsilonScaling",
    "Mahiro",
    "OperationOnGuidance",
    "RenormCFG",
    "RescaleCFG",
    "plain",
    "velocity_scales",
]
