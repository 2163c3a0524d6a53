"""Spacings of noise levels between two bounds, or from a published table. No model is needed.

All give floats that fall, in float32 as ComfyUI has them, with a trailing 0 unless it says so.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from ..errors import ParameterError

ALIGN_YOUR_STEPS: Mapping[str, tuple[float, ...]] = {
    "SD1": (
        14.6146412293, 6.4745760956, 3.8636745985, 2.6946151520, 1.8841921177, 1.3943805092,
        0.9642583904, 0.6523686016, 0.3977456272, 0.1515232662, 0.0291671582,
    ),
    "SDXL": (
        14.6146412293, 6.3184485287, 3.7681790315, 2.1811480769, 1.3405244945, 0.8620721141,
        0.5550693289, 0.3798540708, 0.2332364134, 0.1114188177, 0.0291671582,
    ),
    "SVD": (700.0, 54.5, 15.886, 7.977, 4.248, 1.789, 0.981, 0.403, 0.173, 0.034, 0.002),
}  # fmt: skip
"""Noise levels optimised for ten steps. Source: Sabour et al. 2024, "Align Your Steps"."""


OPTIMAL_STEPS: Mapping[str, tuple[float, ...]] = {
    "FLUX": (
        0.9968, 0.9886, 0.9819, 0.975, 0.966, 0.9471, 0.9158, 0.8287, 0.5512, 0.2808, 0.001,
    ),
    "Wan": (
        1.0, 0.997, 0.995, 0.993, 0.991, 0.989, 0.987, 0.985, 0.98, 0.975, 0.973, 0.968, 0.96,
        0.946, 0.927, 0.902, 0.864, 0.776, 0.539, 0.208, 0.001,
    ),
    "Chroma": (
        0.992, 0.99, 0.988, 0.985, 0.982, 0.978, 0.973, 0.968, 0.961, 0.953, 0.943, 0.931, 0.917,
        0.9, 0.881, 0.858, 0.832, 0.802, 0.769, 0.731, 0.69, 0.646, 0.599, 0.55, 0.501, 0.451,
        0.402, 0.355, 0.311, 0.27, 0.232, 0.199, 0.169, 0.143, 0.12, 0.101, 0.084, 0.07, 0.058,
        0.048, 0.001,
    ),
}  # fmt: skip
"""Levels of flows found by dynamic programming. Source: Pei et al. 2025, "Optimal Stepsize"."""


def karras(steps: int, low: float, high: float, rho: float = 7.0) -> list[float]:
    """Smaller steps where the picture is nearly clean. Source: Karras et al. 2022, eq. 5."""
    import torch

    _check_bounds(low, high)
    _check_above_0("rho", rho)
    ramp = torch.linspace(0, 1, steps)
    first, last = high ** (1 / rho), low ** (1 / rho)
    return [*((first + ramp * (last - first)) ** rho).tolist(), 0.0]


def exponential(steps: int, low: float, high: float) -> list[float]:
    """Even steps in log sigma."""
    import torch

    _check_bounds(low, high)
    return [*torch.linspace(math.log(high), math.log(low), steps).exp().tolist(), 0.0]


def polyexponential(steps: int, low: float, high: float, rho: float = 1.0) -> list[float]:
    """A power of the way in log sigma; rho 1 is exponential. Source: k-diffusion."""
    import torch

    _check_bounds(low, high)
    ramp = torch.linspace(1, 0, steps) ** rho
    span = math.log(high) - math.log(low)
    return [*torch.exp(ramp * span + math.log(low)).tolist(), 0.0]


def laplace(steps: int, low: float, high: float, mu: float = 0.0, beta: float = 0.5) -> list[float]:
    """Quantiles of a Laplace distribution of log sigma, cut to the bounds.

    Without a trailing 0: `steps` noise levels, so one step less, as in ComfyUI.

    Source: Hang & Gu 2024, "Improved Noise Schedule for Diffusion Training".
    """
    import torch

    _check_bounds(low, high)
    x = torch.linspace(0, 1, steps)
    tail = torch.log(1 - 2 * torch.abs(0.5 - x) + 1e-5)
    logs = mu - beta * torch.sign(0.5 - x) * tail
    return torch.exp(logs).clamp(min=low, max=high).tolist()


def variance_preserving(
    steps: int, beta_d: float = 19.9, beta_min: float = 0.1, eps_s: float = 0.001
) -> list[float]:
    """Even steps in the time of the continuous variance-preserving process.

    Source: Song et al. 2021, "Score-Based Generative Modeling", with Karras et al. 2022's names.
    """
    import torch

    t = torch.linspace(1, eps_s, steps)
    return [*torch.sqrt(torch.exp(beta_d * t**2 / 2 + beta_min * t) - 1).tolist(), 0.0]


def kl_optimal(steps: int, low: float, high: float) -> list[float]:
    """Even steps in the arctangent of sigma. Source: Sabour et al. 2024, eq. of section 3.1."""
    import torch

    _check_bounds(low, high)
    ramp = torch.arange(steps, dtype=torch.float32) / max(1, steps - 1)
    return [*(ramp * math.atan(low) + (1 - ramp) * math.atan(high)).tan().tolist(), 0.0]


def linear_quadratic(steps: int, threshold: float = 0.025) -> list[float]:
    """Shares of noise from 1 to 0: even over the first `threshold`, then quadratic.

    Source: Polyak et al. 2024, "Movie Gen", as in Genmo's Mochi (Apache-2.0).
    """
    if steps == 1:
        return [1.0, 0.0]
    even = steps // 2
    rest = steps - even
    gone = [threshold * i / even for i in range(even)]
    # A parabola that leaves the line with its slope and reaches 1 after the last step.
    slope = threshold / even
    bend = (1.0 - threshold - slope * rest) / rest**2
    gone += [threshold + slope * k + bend * k**2 for k in range(rest)]
    return [*(1.0 - share for share in gone), 0.0]


def align_your_steps(kind: str, steps: int) -> list[float]:
    """The published levels for a kind of model; other numbers of steps log-linear between them.

    Args:
        kind: A key of `ALIGN_YOUR_STEPS`.
        steps: Number of steps, 1 or more.
    """
    return _published(ALIGN_YOUR_STEPS[kind], steps)


def optimal_steps(kind: str, steps: int) -> list[float]:
    """The published levels for a flow model; other numbers of steps log-linear between them.

    Args:
        kind: A key of `OPTIMAL_STEPS`.
        steps: Number of steps, 1 or more.
    """
    return _published(OPTIMAL_STEPS[kind], steps)


def _published(levels: tuple[float, ...], steps: int) -> list[float]:
    if steps + 1 != len(levels):
        levels = tuple(interpolate_levels(levels, steps + 1))
    return [*levels[:-1], 0.0]


def interpolate_levels(levels: Sequence[float], count: int) -> list[float]:
    """So many levels, log-linear between given ones; the ends stay."""
    import numpy as np

    places = np.linspace(0.0, 1.0, len(levels))
    logs = np.interp(np.linspace(0.0, 1.0, count), places, np.log(levels))
    return [float(level) for level in np.exp(logs)]


def last_part(sigmas: Sequence[float], steps: int, denoise: float) -> list[float]:
    """The end of a schedule for a picture that is changed in part; [] for denoise 0.

    Args:
        sigmas: A whole schedule of `steps` steps.
        steps: Its number of steps.
        denoise: Share of the steps to keep, 0 to 1.
    """
    if denoise <= 0.0:
        return []
    kept = steps if denoise >= 1.0 else round(steps * denoise)
    return list(sigmas[-(kept + 1) :])


def _check_bounds(low: float, high: float) -> None:
    if not (0 < low <= high and math.isfinite(high)):
        raise ParameterError(
            "schedule.bad_bounds",
            "sigma_min and sigma_max are out of order.",
            expected="0 < sigma_min <= sigma_max",
            got=f"sigma_min {low}, sigma_max {high}",
        )


def _check_above_0(name: str, value: float) -> None:
    if not value > 0:
        raise ParameterError(
            "schedule.bad_number", f"{name} is too small.", expected="above 0", got=str(value)
        )
