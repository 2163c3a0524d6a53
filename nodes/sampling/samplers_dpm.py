"""The DPM samplers as values, with their options."""

from __future__ import annotations

from typing import Annotated

from ...diffusion.types import SamplerChoice
from ...engine.declaration.node import node
from ...engine.declaration.widgets import Choice, Range
from .samplers import CATEGORY

DEVICES = ("gpu", "cpu")


@node("SamplerDPMPP_2S_Ancestral", category=CATEGORY, lane="inline")
def sampler_dpmpp_2s_ancestral(
    *,
    eta: Annotated[float, Range(0, 100, step=0.01)] = 1.0,
    s_noise: Annotated[float, Range(0, 100, step=0.01)] = 1.0,
) -> SamplerChoice:
    """DPM-Solver++(2S) with fresh noise at every step.

    Args:
        eta: How much noise is taken out and added again; 0 = none, 1 = all.
        s_noise: Factor on the noise that is added.

    Returns:
        The sampler.

    Source: Lu et al. 2022b; k-diffusion.
    """
    return SamplerChoice("dpmpp_2s_ancestral", (("eta", eta), ("s_noise", s_noise)))


@node("SamplerDPMPP_SDE", category=CATEGORY, lane="inline")
def sampler_dpmpp_sde(
    *,
    eta: Annotated[float, Range(0, 100, step=0.01)] = 1.0,
    s_noise: Annotated[float, Range(0, 100, step=0.01)] = 1.0,
    r: Annotated[float, Range(0.01, 100, step=0.01)] = 0.5,
    noise_device: Annotated[str, Choice(DEVICES)] = "gpu",
) -> SamplerChoice:
    """DPM-Solver++ for the stochastic equation, two evaluations per step.

    Args:
        eta: How stochastic: 0 = not at all, 1 = the equation as it is.
        s_noise: Factor on the noise that is added.
        r: Where inside of a step the second evaluation lies, by log sigma.
        noise_device: For files from elsewhere; noise is always drawn on the CPU, so that every
            device gives the same picture.

    Returns:
        The sampler.

    Source: Lu et al. 2022b; k-diffusion.
    """
    return SamplerChoice("dpmpp_sde", (("eta", eta), ("s_noise", s_noise), ("r", r)))


@node("SamplerDPMPP_2M_SDE", category=CATEGORY, lane="inline")
def sampler_dpmpp_2m_sde(
    *,
    solver_type: Annotated[str, Choice(("midpoint", "heun"))] = "midpoint",
    eta: Annotated[float, Range(0, 100, step=0.01)] = 1.0,
    s_noise: Annotated[float, Range(0, 100, step=0.01)] = 1.0,
    noise_device: Annotated[str, Choice(DEVICES)] = "gpu",
) -> SamplerChoice:
    """DPM-Solver++(2M) for the stochastic equation.

    Args:
        solver_type: How the second order is taken.
        eta: How stochastic: 0 = not at all, 1 = the equation as it is.
        s_noise: Factor on the noise that is added.
        noise_device: For files from elsewhere; noise is always drawn on the CPU, so that every
            device gives the same picture.

    Returns:
        The sampler.

    Source: Lu et al. 2022b; k-diffusion.
    """
    name = "dpmpp_2m_sde" if solver_type == "midpoint" else "dpmpp_2m_sde_heun"
    return SamplerChoice(name, (("eta", eta), ("s_noise", s_noise)))


@node("SamplerDPMPP_3M_SDE", category=CATEGORY, lane="inline")
def sampler_dpmpp_3m_sde(
    *,
    eta: Annotated[float, Range(0, 100, step=0.01)] = 1.0,
    s_noise: Annotated[float, Range(0, 100, step=0.01)] = 1.0,
    noise_device: Annotated[str, Choice(DEVICES)] = "gpu",
) -> SamplerChoice:
    """DPM-Solver++(3M) for the stochastic equation.

    Args:
        eta: How stochastic: 0 = not at all, 1 = the equation as it is.
        s_noise: Factor on the noise that is added.
        noise_device: For files from elsewhere; noise is always drawn on the CPU, so that every
            device gives the same picture.

    Returns:
        The sampler.

    Source: Lu et al. 2022b; k-diffusion.
    """
    return SamplerChoice("dpmpp_3m_sde", (("eta", eta), ("s_noise", s_noise)))


@node("SamplerDPMAdaptative", category=CATEGORY, aliases=["SamplerDPMAdaptive"], lane="inline")
def sampler_dpm_adaptive(
    *,
    order: Annotated[int, Range(2, 3)] = 3,
    rtol: Annotated[float, Range(0, 100, step=0.01)] = 0.05,
    atol: Annotated[float, Range(0.000001, 100, step=0.01)] = 0.0078,
    h_init: Annotated[float, Range(0.000001, 100, step=0.01)] = 0.05,
    pcoeff: Annotated[float, Range(0, 100, step=0.01)] = 0.0,
    icoeff: Annotated[float, Range(0, 100, step=0.01)] = 1.0,
    dcoeff: Annotated[float, Range(0, 100, step=0.01)] = 0.0,
    accept_safety: Annotated[float, Range(0, 1.5, step=0.01)] = 0.81,
    eta: Annotated[float, Range(0, 100, step=0.01)] = 0.0,
    s_noise: Annotated[float, Range(0, 100, step=0.01)] = 1.0,
) -> SamplerChoice:
    """DPM-Solver that chooses its steps by the error it makes.

    Of the sigmas it looks only at the first and the last above 0.

    Args:
        order: Of the solver.
        rtol: Error allowed, as a share of the values.
        atol: Error allowed whatever the values.
        h_init: First step, in log sigma.
        pcoeff: How the step size follows the error: proportional part.
        icoeff: Integral part.
        dcoeff: Derivative part.
        accept_safety: A step is taken when the next may be at least this times as long.
        eta: How much noise is taken out and added again; 0 = none.
        s_noise: Factor on the noise that is added.

    Returns:
        The sampler.

    Source: Lu et al. 2022, appendix C; k-diffusion.
    """
    return SamplerChoice(
        "dpm_adaptive",
        (
            ("order", order),
            ("rtol", rtol),
            ("atol", atol),
            ("h_init", h_init),
            ("pcoeff", pcoeff),
            ("icoeff", icoeff),
            ("dcoeff", dcoeff),
            ("accept_safety", accept_safety),
            ("eta", eta),
            ("s_noise", s_noise),
        ),
    )
