"""Noise schedules: which sigmas a run of n steps visits. Names importable without torch.

Every schedule falls from near the model's largest sigma and ends with 0: n + 1 sigmas for n steps.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

from .errors import ParameterError
from .sigmas import Sigmas

Schedule: TypeAlias = Callable[[Sigmas, int], list[float]]


def schedule_sigmas(name: str, table: Sigmas, steps: int) -> list[float]:
    """Sigmas of a named schedule.

    Args:
        name: A key of `SCHEDULERS`.
        table: Noise levels of the model.
        steps: Number of steps, 1 or more.

    Returns:
        Falling sigmas with a trailing 0; steps + 1 of them (ddim_uniform may have more).

    Raises:
        ParameterError: Unknown name, or steps below 1.
    """
    if name not in SCHEDULERS:
        raise ParameterError(
            "schedule.unknown",
            f'There is no scheduler "{name}".',
            expected=", ".join(SCHEDULERS),
            got=name,
        )
    if steps < 1:
        raise ParameterError(
            "sample.bad_steps", "steps is too small.", expected="1 or more", got=str(steps)
        )
    return SCHEDULERS[name](table, steps)


def normal(table: Sigmas, steps: int) -> list[float]:
    """Even steps in time, from the noisiest to the cleanest training step."""
    import torch

    times = torch.linspace(table.timestep(table.sigma_max), table.timestep(table.sigma_min), steps)
    return [*(table.sigma(t) for t in times), 0.0]


def karras(table: Sigmas, steps: int) -> list[float]:
    """Smaller steps where the picture is nearly clean. Source: Karras et al. 2022, eq. 5, rho 7."""
    import torch

    rho = 7.0
    ramp = torch.linspace(0, 1, steps)
    low, high = table.sigma_min ** (1 / rho), table.sigma_max ** (1 / rho)
    return [*((high + ramp * (low - high)) ** rho).tolist(), 0.0]


def simple(table: Sigmas, steps: int) -> list[float]:
    """Every n-th training sigma, counted from the noisiest."""
    stride = len(table) / steps
    return [*(float(table.sigmas[-(1 + int(i * stride))]) for i in range(steps)), 0.0]


def sgm_uniform(table: Sigmas, steps: int) -> list[float]:
    """As normal, but the step that would end at the cleanest training step ends at 0."""
    import torch

    start, end = table.timestep(table.sigma_max), table.timestep(table.sigma_min)
    return [*(table.sigma(t) for t in torch.linspace(start, end, steps + 1)[:-1]), 0.0]


def exponential(table: Sigmas, steps: int) -> list[float]:
    """Even steps in log sigma."""
    import math

    import torch

    ramp = torch.linspace(math.log(table.sigma_max), math.log(table.sigma_min), steps)
    return [*ramp.exp().tolist(), 0.0]


def ddim_uniform(table: Sigmas, steps: int) -> list[float]:
    """Every (1000 // steps)-th training step from number 1 on, as DDIM counts; can be one more."""
    stride = max(len(table) // steps, 1)
    picked = [float(table.sigmas[i]) for i in range(1, len(table), stride)]
    return [*reversed(picked), 0.0]


def beta(table: Sigmas, steps: int) -> list[float]:
    """More steps at both ends: quantiles of Beta(0.6, 0.6) over time; doubled ones are dropped.

    Source: Lee et al. 2024, "Beta Sampling is All You Need".
    """
    import numpy as np
    from scipy.special import betaincinv  # type: ignore[import-untyped]

    quantiles = betaincinv(0.6, 0.6, 1.0 - np.linspace(0.0, 1.0, steps, endpoint=False))
    times = np.rint(quantiles * (len(table) - 1)).astype(int).tolist()
    return [*(float(table.sigmas[t]) for t in dict.fromkeys(times)), 0.0]


SCHEDULERS: Mapping[str, Schedule] = {
    "normal": normal,
    "karras": karras,
    "simple": simple,
    "sgm_uniform": sgm_uniform,
    "exponential": exponential,
    "ddim_uniform": ddim_uniform,
    "beta": beta,
}

SCHEDULER_NAMES: tuple[str, ...] = tuple(SCHEDULERS)
