"""Rules that split guidance: by direction, by frequency, or against the negative prompt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from ..types.guidance import GuidanceRule, Stage, View, per_item

if TYPE_CHECKING:
    from torch import Tensor

    from ..types import Conditioning


@dataclass(frozen=True, slots=True)
class AdaptiveProjectedGuidance(GuidanceRule):
    """Weakens the part of guidance that only makes the picture stronger.

    The result is positive + cfg * (what is left of positive - negative), so that cfg is the paper's
    minus 1, as in ComfyUI.

    Source: Sadat et al. 2024, "Eliminating Oversaturation and Artifacts of High Guidance Scales in
    Diffusion Models", algorithm 1.

    Attributes:
        eta: Factor on the part parallel to the positive picture.
        norm_threshold: Longest guidance; 0 = any.
        momentum: Factor on the sum of earlier guidance; 0 = none, usually below 0.
    """

    stage: ClassVar[Stage] = "before"
    eta: float = 1.0
    norm_threshold: float = 5.0
    momentum: float = 0.0

    def before(self, view: View) -> tuple[Tensor, Tensor]:
        difference = view.wanted - view.other
        guidance = self._with_momentum(view, difference)
        if self.norm_threshold > 0:
            length = per_item(guidance**2).sqrt()
            guidance = guidance * (self.norm_threshold / length).clamp(max=1.0)
        direction = view.wanted / per_item(view.wanted**2).sqrt().clamp(min=1e-12)
        parallel = per_item(guidance * direction) * direction
        guidance = guidance - parallel + self.eta * parallel
        return view.other + guidance + difference / view.cfg, view.other

    def _with_momentum(self, view: View, difference: Tensor) -> Tensor:
        if self.momentum == 0.0:
            return difference
        before = view.memory.get("sum")
        if before is None or view.sigma > view.memory["sigma"]:
            total = difference
        else:
            total = self.momentum * before + difference
        view.memory.update(sum=total, sigma=view.sigma)
        return total


@dataclass(frozen=True, slots=True)
class TangentialDamping(GuidanceRule):
    """Keeps of the negative side only what lies along the main direction of both sides.

    Source: Kwon et al. 2025, "TCFG: Tangential Damping Classifier-free Guidance".
    """

    stage: ClassVar[Stage] = "before"

    def before(self, view: View) -> tuple[Tensor, Tensor]:
        import torch

        batch = view.x.shape[0]
        unwanted = (view.x - view.other).reshape(batch, 1, -1)
        both = torch.cat([unwanted, (view.x - view.wanted).reshape(batch, 1, -1)], dim=1)
        if both.device.type == "mps":  # which knows no float64
            unwanted, both = unwanted.cpu(), both.cpu()
        both = both.double()
        # The first right singular vector, by way of the 2 x 2 matrix of inner products.
        vectors = torch.linalg.eigh(both @ both.transpose(1, 2)).eigenvectors
        main = vectors[:, None, :, -1] @ both
        main = main / main.norm(dim=-1, keepdim=True).clamp(min=1e-12)
        damped = (unwanted.double() * main).sum(dim=-1, keepdim=True) * main
        return view.wanted, view.x - damped.to(view.x).reshape(view.x.shape)


@dataclass(frozen=True, slots=True)
class FrequencyGuidance(GuidanceRule):
    """Scales the low and the high frequencies of guidance apart (FreSca).

    Source: Huang et al. 2025, "FreSca: Scaling in Frequency Space Enhances Diffusion Models".

    Attributes:
        scale_low, scale_high: Factors; 1 = none.
        cutoff: Waves over the picture's side that still count as low.
    """

    stage: ClassVar[Stage] = "before"
    scale_low: float = 1.0
    scale_high: float = 1.25
    cutoff: int = 20

    def before(self, view: View) -> tuple[Tensor, Tensor]:
        guidance = view.wanted - view.other
        filtered = scale_frequencies(guidance, self.scale_low, self.scale_high, self.cutoff)
        return view.other + filtered, view.other


def scale_frequencies(x: Tensor, low: float, high: float, cutoff: int) -> Tensor:
    """Pictures (B, C, h, w) with frequencies below and above a cutoff (in waves) scaled apart."""
    import torch

    height, width = x.shape[-2:]
    waves = torch.fft.fftshift(torch.fft.fft2(x.float()), dim=(-2, -1))
    scale = torch.full((height, width), high, device=x.device)
    top, left = height // 2, width // 2
    scale[max(0, top - cutoff) : top + cutoff, max(0, left - cutoff) : left + cutoff] = low
    back: Tensor = torch.fft.ifft2(torch.fft.ifftshift(waves * scale, dim=(-2, -1)))
    return back.real.to(x.dtype)


@dataclass(frozen=True, slots=True, eq=False)
class PerpNeg(GuidanceRule):
    """Leads away only from the part of the negative prompt that the positive does not share.

    Source: Armandpour et al. 2023, "Re-imagine the Negative Prompt Algorithm", eq. 8.

    Attributes:
        empty: Conditioning of an empty prompt, against which both are measured.
        scale: Strength of the negative prompt.
    """

    stage: ClassVar[Stage] = "combine"
    needs_negative: ClassVar[bool] = True
    empty: Conditioning
    scale: float = 1.0

    @property
    def sides(self) -> tuple[Conditioning, ...]:
        return (self.empty,)

    def combine(self, view: View) -> Tensor:
        (nothing,) = view.further
        wanted, unwanted = view.wanted - nothing, view.other - nothing
        shared = per_item(unwanted * wanted) / per_item(wanted**2).clamp(min=1e-12)
        away = (unwanted - shared * wanted) * self.scale
        return nothing + view.cfg * (wanted - away)
