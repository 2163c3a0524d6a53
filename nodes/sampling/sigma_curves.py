"""Schedules of sigmas along a formula between two given sigmas."""

from __future__ import annotations

from typing import Annotated

from weft.diffusion.types import Schedule
from weft.engine.declaration.node import node
from weft.engine.declaration.widgets import Range

from ..rules import schedule
from .schedules import MOST_STEPS, SCHEDULES

SIGMA_MAX, SIGMA_MIN = 14.614642, 0.0291675


Sigma = Annotated[float, Range(0, 5000, step=0.01, above=True)]


@node("KarrasScheduler", category=SCHEDULES, lane="cpu", refuses=schedule)
def karras_scheduler(
    *,
    steps: Annotated[int, Range(1, MOST_STEPS, soft=(1, 50))] = 20,
    sigma_max: Sigma = SIGMA_MAX,
    sigma_min: Sigma = SIGMA_MIN,
    rho: Annotated[float, Range(0, 100, step=0.01, above=True)] = 7.0,
) -> Schedule:
    """The Karras schedule: smaller steps where the image is nearly clean.

    Args:
        steps: Number of steps.
        sigma_max: The first sigma.
        sigma_min: The last sigma above 0.
        rho: Concentration of the steps at the low end, above 0. 1 spaces them evenly in sigma.

    Returns:
        The sigmas, ending at 0.

    Raises:
        ParameterError: The sigmas are not 0 < sigma_min <= sigma_max, or rho is 0.

    Source: Karras et al. 2022, eq. 5.
    """
    from weft.diffusion.sampling.sigma_spacings import karras

    return Schedule(tuple(karras(steps, sigma_min, sigma_max, rho)))


@node("ExponentialScheduler", category=SCHEDULES, lane="cpu", refuses=schedule)
def exponential_scheduler(
    *,
    steps: Annotated[int, Range(1, MOST_STEPS, soft=(1, 50))] = 20,
    sigma_max: Sigma = SIGMA_MAX,
    sigma_min: Sigma = SIGMA_MIN,
) -> Schedule:
    """The exponential schedule: even steps in log sigma.

    Args:
        steps: Number of steps.
        sigma_max: The first sigma.
        sigma_min: The last sigma above 0.

    Returns:
        The sigmas, ending at 0.

    Raises:
        ParameterError: The sigmas are not 0 < sigma_min <= sigma_max.
    """
    from weft.diffusion.sampling.sigma_spacings import exponential

    return Schedule(tuple(exponential(steps, sigma_min, sigma_max)))


@node("PolyexponentialScheduler", category=SCHEDULES, lane="cpu", refuses=schedule)
def polyexponential_scheduler(
    *,
    steps: Annotated[int, Range(1, MOST_STEPS, soft=(1, 50))] = 20,
    sigma_max: Sigma = SIGMA_MAX,
    sigma_min: Sigma = SIGMA_MIN,
    rho: Annotated[float, Range(0, 100, step=0.01)] = 1.0,
) -> Schedule:
    """The polyexponential schedule: steps by a power curve in log sigma.

    Args:
        steps: Number of steps.
        sigma_max: The first sigma.
        sigma_min: The last sigma above 0.
        rho: The exponent. 1 spaces the steps evenly in log sigma.

    Returns:
        The sigmas, ending at 0.

    Raises:
        ParameterError: The sigmas are not 0 < sigma_min <= sigma_max.

    Source: k-diffusion.
    """
    from weft.diffusion.sampling.sigma_spacings import polyexponential

    return Schedule(tuple(polyexponential(steps, sigma_min, sigma_max, rho)))


@node("LaplaceScheduler", category=SCHEDULES, lane="cpu", refuses=schedule)
def laplace_scheduler(
    *,
    steps: Annotated[int, Range(1, MOST_STEPS, soft=(1, 50))] = 20,
    sigma_max: Sigma = SIGMA_MAX,
    sigma_min: Sigma = SIGMA_MIN,
    mu: Annotated[float, Range(-10, 10, step=0.1)] = 0.0,
    beta: Annotated[float, Range(0, 10, step=0.1)] = 0.5,
) -> Schedule:
    """The Laplace schedule: steps by the quantiles of a Laplace distribution of log sigma.

    Args:
        steps: Number of sigmas. There is one step less, and no 0 at the end.
        sigma_max: The highest sigma.
        sigma_min: The lowest sigma.
        mu: Log sigma at which the steps are densest.
        beta: Width of the distribution.

    Returns:
        The sigmas, ending at or above sigma_min.

    Raises:
        ParameterError: The sigmas are not 0 < sigma_min <= sigma_max.

    Source: Hang & Gu 2024.
    """
    from weft.diffusion.sampling.sigma_spacings import laplace

    return Schedule(tuple(laplace(steps, sigma_min, sigma_max, mu, beta)))


@node("VPScheduler", category=SCHEDULES, lane="cpu")
def vp_scheduler(
    *,
    steps: Annotated[int, Range(1, MOST_STEPS, soft=(1, 50))] = 20,
    beta_d: Annotated[float, Range(0, 5000, step=0.01)] = 19.9,
    beta_min: Annotated[float, Range(0, 5000, step=0.01)] = 0.1,
    eps_s: Annotated[float, Range(0, 1, step=0.0001)] = 0.001,
) -> Schedule:
    """The VP schedule: even steps in the time of the variance-preserving process.

    Args:
        steps: Number of steps.
        beta_d: Increase of the noise rate over time.
        beta_min: Noise rate at the start.
        eps_s: Time of the last sigma above 0; the schedule starts at time 1.

    Returns:
        The sigmas, ending at 0.

    Source: Song et al. 2021; Karras et al. 2022.
    """
    from weft.diffusion.sampling.sigma_spacings import variance_preserving

    return Schedule(tuple(variance_preserving(steps, beta_d, beta_min, eps_s)))
