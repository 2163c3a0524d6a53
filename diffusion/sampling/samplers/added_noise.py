"""Flow models in the terms of added noise.

A flow's x = (1 - sigma) x0 + sigma noise is, divided by 1 - sigma, a picture with added noise of
level sigma / (1 - sigma). Samplers whose rules are made for added noise (SDE solvers, CFG++) run on
that; the model and the source of noise are asked in the flow's own terms.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .protocol import AfterStep, Noise, Predict, Rule

if TYPE_CHECKING:
    from torch import Tensor


def run_flow(
    rule: Rule,
    predict: Predict,
    x: Tensor,
    sigmas: Sequence[float],
    noise: Noise,
    after_step: AfterStep,
    options: Mapping[str, Any],
) -> Tensor:
    """Run a rule for added noise on a flow; all sigmas below 1."""

    def draw(like: Tensor, level: float, following: float) -> Tensor:
        return noise(like, share_of(level), share_of(following))

    def report(index: int, level: float, denoised: Tensor, y: Tensor) -> None:
        after_step(index, sigmas[index], denoised, y * (1.0 - sigmas[index + 1]))

    levels = [level_of(sigma) for sigma in sigmas]
    y = x / (1.0 - sigmas[0])
    y = rule(_Mixed(predict), y, levels, noise=draw, after_step=report, **options)
    return y * (1.0 - sigmas[-1])


def level_of(share: float) -> float:
    """Level of added noise for a share of noise in a mixture, below 1."""
    return share / (1.0 - share)


def share_of(level: float) -> float:
    """Share of noise for a level of added noise."""
    return level / (1.0 + level)


@dataclass(frozen=True, slots=True)
class _Mixed:
    """A flow model that is asked in terms of added noise."""

    predict: Predict

    def __call__(self, x: Tensor, sigma: float) -> Tensor:
        share = share_of(sigma)
        return self.predict(x * (1.0 - share), share)

    def both(self, x: Tensor, sigma: float) -> tuple[Tensor, Tensor]:
        share = share_of(sigma)
        return self.predict.both(x * (1.0 - share), share)
