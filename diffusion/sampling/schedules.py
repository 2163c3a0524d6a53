"""Noise schedules of a model: the sigmas of a run of n steps. Importable without torch.

Every schedule falls from near the model's largest sigma and ends with 0: n + 1 sigmas for n steps.
What needs no model stands in `sigma_spacings`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

from ..errors import ParameterError
from ..prediction.sigmas import Sigmas
from . import sigma_spacings

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

    start, end = table.timestep(table.sigma_max), table.timestep(table.sigma_min)
    if table.sigma(end) < NO_NOISE:  # the cleanest step is clean already
        return [*(table.sigma(t) for t in torch.linspace(start, end, steps + 1)[:-1]), 0.0]
    return [*(table.sigma(t) for t in torch.linspace(start, end, steps)), 0.0]


def karras(table: Sigmas, steps: int) -> list[float]:
    """Smaller steps where the picture is nearly clean. Source: Karras et al. 2022, eq. 5, rho 7."""
    return sigma_spacings.karras(steps, table.sigma_min, table.sigma_max)


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
    return sigma_spacings.exponential(steps, table.sigma_min, table.sigma_max)


def ddim_uniform(table: Sigmas, steps: int) -> list[float]:
    """Every (1000 // steps)-th training step from number 1 on, as DDIM counts; can be one more."""
    clean = float(table.sigmas[1]) < NO_NOISE  # then the last step is the trailing 0
    stride = max(len(table) // (steps + 1 if clean else steps), 1)
    picked = [float(table.sigmas[i]) for i in range(1, len(table), stride)]
    return [*reversed(picked)] if clean else [*reversed(picked), 0.0]


def beta(table: Sigmas, steps: int) -> list[float]:
    """More steps at both ends: quantiles of Beta(0.6, 0.6) over time; doubled ones are dropped.

    Source: Lee et al. 2024, "Beta Sampling is All You Need".
    """
    return beta_quantiles(table, steps)


def beta_quantiles(table: Sigmas, steps: int, alpha: float = 0.6, beta: float = 0.6) -> list[float]:
    """Training sigmas at the quantiles of a Beta distribution over time, with a trailing 0.

    Args:
        table: Noise levels of the model.
        steps: Number of steps; fewer come out where two fall on one training step.
        alpha, beta: Of the distribution, above 0; below 1 they crowd the steps at the ends.

    Raises:
        ParameterError: alpha or beta is not above 0.
    """
    import numpy as np
    from scipy.special import betaincinv  # type: ignore[import-untyped]

    for name, value in (("alpha", alpha), ("beta", beta)):
        if not value > 0:
            raise ParameterError(
                "schedule.bad_number", f"{name} is too small.", expected="above 0", got=str(value)
            )
    quantiles = betaincinv(alpha, beta, 1.0 - np.linspace(0.0, 1.0, steps, endpoint=False))
    times = np.rint(quantiles * (len(table) - 1)).astype(int).tolist()
    return [*(float(table.sigmas[t]) for t in dict.fromkeys(times)), 0.0]


def linear_quadratic(table: Sigmas, steps: int) -> list[float]:
    """First half of the steps over the noisiest 2.5 %, even; then ever longer ones.

    Source: Polyak et al. 2024, "Movie Gen", as in Genmo's Mochi.
    """
    return [table.sigma_max * share for share in sigma_spacings.linear_quadratic(steps)]


def kl_optimal(table: Sigmas, steps: int) -> list[float]:
    """Even steps in the arctangent of sigma. Source: Sabour et al. 2024, "Align Your Steps"."""
    return sigma_spacings.kl_optimal(steps, table.sigma_min, table.sigma_max)


def turbo(table: Sigmas, steps: int, denoise: float = 1.0) -> list[float]:
    """The ten training steps 999, 899, ... that SD-Turbo was distilled on, with a trailing 0.

    Args:
        table: Noise levels of the model.
        steps: Steps to take, 1 to 10.
        denoise: Share of the ten to begin with; 1 = from the noisiest.

    Source: Sauer et al. 2023, "Adversarial Diffusion Distillation".
    """
    begin = 10 - int(10 * denoise)
    times = [100 * k - 1 for k in range(10, 0, -1)][begin : begin + steps]
    return [*(table.sigma(t) for t in times), 0.0]


NO_NOISE = 1e-5
"""Sigmas below are taken for 0."""

SCHEDULERS: Mapping[str, Schedule] = {
    "simple": simple,
    "sgm_uniform": sgm_uniform,
    "karras": karras,
    "exponential": exponential,
    "ddim_uniform": ddim_uniform,
    "beta": beta,
    "normal": normal,
    "linear_quadratic": linear_quadratic,
    "kl_optimal": kl_optimal,
}

SCHEDULER_NAMES: tuple[str, ...] = tuple(SCHEDULERS)
