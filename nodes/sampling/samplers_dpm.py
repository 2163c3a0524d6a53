"""The DPM samplers as values, with their options."""

from __future__ import annotations

from typing import Annotated

from weft.diffusion.types import SamplerChoice
from weft.engine.declaration.node import node
from weft.engine.declaration.widgets import Choice, Range

from .samplers import CATEGORY

DEVICES = ("gpu", "cpu")


@node("SamplerDPMPP_2S_Ancestral", category=CATEGORY, lane="inline")
def sampler_dpmpp_2s_ancestral(
    *,
    eta: Annotated[float, Range(0, 100, step=0.01)] = 1.0,
    s_noise: Annotated[float, Range(0, 100, step=0.01)] = 1.0,
) -> SamplerChoice:
    """DPM-Solver++(2S) ancestral: with new noise at every step.

    Args:
        eta: Share of the noise that is removed and added again. 0 is none, 1 is all.
        s_noise: Factor on the added noise. 1 leaves it unchanged.

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
    """DPM-Solver++ SDE, with two model evaluations per step.

    Args:
        eta: Strength of the noise of the SDE. 0 is none (ODE), 1 is the full equation.
        s_noise: Factor on the added noise. 1 leaves it unchanged.
        r: Position of the second evaluation inside a step, as a fraction in log sigma.
        noise_device: Kept for ComfyUI workflows. Noise is always drawn on the CPU, so it is the
            same on every device.

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
    """DPM-Solver++(2M) SDE.

    Args:
        solver_type: The method for the second-order term.
        eta: Strength of the noise of the SDE. 0 is none (ODE), 1 is the full equation.
        s_noise: Factor on the added noise. 1 leaves it unchanged.
        noise_device: Kept for ComfyUI workflows. Noise is always drawn on the CPU, so it is the
            same on every device.

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
    """DPM-Solver++(3M) SDE.

    Args:
        eta: Strength of the noise of the SDE. 0 is none (ODE), 1 is the full equation.
        s_noise: Factor on the added noise. 1 leaves it unchanged.
        noise_device: Kept for ComfyUI workflows. Noise is always drawn on the CPU, so it is the
            same on every device.

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
    """DPM-Solver with adaptive steps, chosen by the estimated error.

    Of the sigmas it uses only the first and the last one above 0.

    Args:
        order: Order of the solver.
        rtol: Relative error allowed.
        atol: Absolute error allowed.
        h_init: Size of the first step in log sigma.
        pcoeff: Step size controller: proportional coefficient.
        icoeff: Step size controller: integral coefficient.
        dcoeff: Step size controller: derivative coefficient.
        accept_safety: A step is accepted if the next one may be at least this many times as long.
        eta: Share of the noise that is removed and added again. 0 is none.
        s_noise: Factor on the added noise. 1 leaves it unchanged.

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
