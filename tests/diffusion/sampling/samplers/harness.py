"""What tests of samplers share: problems with known answers, and runs that are written down."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from weft.diffusion.sampling.samplers import SAMPLERS

Array = np.ndarray
Model = Callable[[Array, float], Array]
MEANS, WIDTHS = (-1.5, 2.0), (0.3, 0.7)


def mixture_x0(x: Array, sigma: float) -> Array:
    """The exact denoiser of a mixture of two Gaussians of equal share."""
    logs, means = [], []
    for mean, width in zip(MEANS, WIDTHS, strict=True):
        variance = width**2 + sigma**2
        logs.append(-((x - mean) ** 2) / (2 * variance) - 0.5 * math.log(variance))
        means.append((width**2 * x + sigma**2 * mean) / variance)
    top = np.maximum(*logs)
    shares = [np.exp(log - top) for log in logs]
    return (shares[0] * means[0] + shares[1] * means[1]) / (shares[0] + shares[1])


def gaussian_x0(x: Array, sigma: float) -> Array:
    """The exact denoiser of N(1, 0.5**2)."""
    return (0.25 * x + sigma**2) / (0.25 + sigma**2)


def unguided_x0(x: Array, sigma: float) -> Array:
    """What the negative side sees: N(0.5, 1)."""
    return (x + 0.5 * sigma**2) / (1 + sigma**2)


def gaussian_flow(x: Array, start: float, end: float) -> Array:
    """Where the probability flow of N(1, 0.5**2) leads from one sigma to another."""
    return 1 + (x - 1) * math.sqrt((0.25 + end**2) / (0.25 + start**2))


@dataclass
class Record:
    """A run written down.

    Attributes:
        states: x after each step.
        draws: Noise that was drawn, in order.
        asked: Where it was asked for: (sigma, following).
        seen: Sigmas at which the model was evaluated.
        end: What the sampler returned.
    """

    states: list[Array] = field(default_factory=list)
    draws: list[Array] = field(default_factory=list)
    asked: list[tuple[float, float]] = field(default_factory=list)
    seen: list[float] = field(default_factory=list)
    end: Array = field(default_factory=lambda: np.zeros(0))


class _Predict:
    def __init__(self, model: Model, unguided: Model, record: Record) -> None:
        self._model, self._unguided, self._record = model, unguided, record

    def __call__(self, x: torch.Tensor, sigma: float) -> torch.Tensor:
        self._record.seen.append(sigma)
        return torch.from_numpy(self._model(x.numpy(), sigma))

    def both(self, x: torch.Tensor, sigma: float) -> tuple[torch.Tensor, torch.Tensor]:
        return self(x, sigma), torch.from_numpy(self._unguided(x.numpy(), sigma))


def record(
    name: str,
    x: Array,
    sigmas: list[float],
    model: Model,
    *,
    unguided: Model = unguided_x0,
    flow: bool = False,
    seed: int = 0,
    **options: Any,
) -> Record:
    """Run a sampler in float64 and write down what happens."""
    kept = Record()
    generator = torch.Generator().manual_seed(seed)

    def noise(like: torch.Tensor, sigma: float, following: float) -> torch.Tensor:
        assert sigma >= following > 0
        drawn = torch.randn(like.shape, generator=generator, dtype=torch.float64)
        kept.draws.append(drawn.numpy())
        kept.asked.append((sigma, following))
        return drawn

    def after(index: int, sigma: float, denoised: torch.Tensor, new: torch.Tensor) -> None:
        assert index == len(kept.states)
        kept.states.append(new.numpy().copy())

    kept.end = (
        SAMPLERS[name]
        .run(
            _Predict(model, unguided, kept),
            torch.from_numpy(x),
            sigmas,
            noise=noise,
            after_step=after,
            flow=flow,
            **options,
        )
        .numpy()
    )
    assert np.allclose(kept.end, kept.states[-1], rtol=0, atol=1e-12)
    return kept


def start(sigma: float, *, seed: int = 0, shape: tuple[int, ...] = (2, 1, 3, 4)) -> Array:
    """Pure noise at a noise level."""
    return np.random.default_rng(seed).normal(size=shape) * sigma
