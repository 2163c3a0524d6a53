"""Update rules as values, with their options."""

from __future__ import annotations

from typing import Annotated, Literal

from ...diffusion.sampling.samplers import SAMPLER_NAMES
from ...diffusion.sampling.samplers.er_sde import SOLVERS
from ...diffusion.types import Model, SamplerChoice
from ...engine.declaration.node import node
from ...engine.declaration.widgets import Choice, Range

CATEGORY = "sampling/custom/samplers"
DEVICES = ("gpu", "cpu")


@node("KSamplerSelect", category=CATEGORY, lane="inline")
def ksampler_select(
    *, sampler_name: Annotated[str, Choice(SAMPLER_NAMES)] = "euler"
) -> SamplerChoice:
    """An update rule by name, with its usual options.

    Args:
        sampler_name: The rule. Names that end in `_gpu` mean the same as without.

    Returns:
        The sampler.
    """
    return SamplerChoice(sampler_name)


@node("SamplerEulerAncestral", category=CATEGORY, lane="inline")
def sampler_euler_ancestral(
    *,
    eta: Annotated[float, Range(0, 100, step=0.01)] = 1.0,
    s_noise: Annotated[float, Range(0, 100, step=0.01)] = 1.0,
) -> SamplerChoice:
    """Euler with fresh noise at every step.

    Args:
        eta: How much noise is taken out and added again; 0 = none, 1 = all.
        s_noise: Factor on the noise that is added.

    Returns:
        The sampler.

    Source: k-diffusion.
    """
    return SamplerChoice("euler_ancestral", (("eta", eta), ("s_noise", s_noise)))


@node("SamplerEulerAncestralCFGPP", category=CATEGORY, lane="inline")
def sampler_euler_ancestral_cfg_pp(
    *,
    eta: Annotated[float, Range(0, 1, step=0.01)] = 1.0,
    s_noise: Annotated[float, Range(0, 10, step=0.01)] = 1.0,
) -> SamplerChoice:
    """Euler with CFG++ and fresh noise at every step; for cfg about 1.

    Args:
        eta: How much noise is taken out and added again; 0 = none, 1 = all.
        s_noise: Factor on the noise that is added.

    Returns:
        The sampler.

    Source: Chung et al. 2024.
    """
    return SamplerChoice("euler_ancestral_cfg_pp", (("eta", eta), ("s_noise", s_noise)))


@node("SamplerEulerCFGpp", category=CATEGORY, lane="inline")
def sampler_euler_cfg_pp(
    *, version: Annotated[str, Choice(("regular", "alternative"))] = "regular"
) -> SamplerChoice:
    """Euler with CFG++; for cfg about 1.

    Args:
        version: Regular as published; alternative turns the direction further away from the
            negative side.

    Returns:
        The sampler.

    Source: Chung et al. 2024.
    """
    return SamplerChoice("euler_cfg_pp", (("alternative", version == "alternative"),))


@node("SamplerLMS", category=CATEGORY, lane="inline")
def sampler_lms(*, order: Annotated[int, Range(1, 100)] = 4) -> SamplerChoice:
    """Linear multistep.

    Args:
        order: How many slopes the polynomial runs through; high ones become unstable.

    Returns:
        The sampler.

    Source: k-diffusion.
    """
    return SamplerChoice("lms", (("order", order),))


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


@node("SamplerER_SDE", category=CATEGORY, lane="inline")
def sampler_er_sde(
    *,
    solver_type: Annotated[str, Choice(SOLVERS)] = "ER-SDE",
    max_stage: Annotated[int, Range(1, 3)] = 3,
    eta: Annotated[float, Range(0, 100, step=0.01)] = 1.0,
    s_noise: Annotated[float, Range(0, 100, step=0.01)] = 1.0,
) -> SamplerChoice:
    """Solver of an extended stochastic equation.

    Args:
        solver_type: The scale of the noise: the authors' own, that of the reverse-time equation
            with `eta`, or none (ODE).
        max_stage: Highest order.
        eta: How stochastic the reverse-time equation is; the authors' own scale does not look at
            it.
        s_noise: Factor on the noise that is added.

    Returns:
        The sampler.

    Source: Cui et al. 2023.
    """
    return SamplerChoice(
        "er_sde",
        (
            ("solver_type", solver_type),
            ("max_stage", max_stage),
            ("eta", eta),
            ("s_noise", s_noise),
        ),
    )


@node("SamplerSASolver", category=CATEGORY, lane="inline")
def sampler_sa_solver(
    model: Model,
    *,
    eta: Annotated[float, Range(0, 10, step=0.01)] = 1.0,
    sde_start_percent: Annotated[float, Range(0, 1, step=0.001)] = 0.2,
    sde_end_percent: Annotated[float, Range(0, 1, step=0.001)] = 0.8,
    s_noise: Annotated[float, Range(0, 100, step=0.01)] = 1.0,
    predictor_order: Annotated[int, Range(1, 6)] = 3,
    corrector_order: Annotated[int, Range(0, 6)] = 4,
    use_pece: bool = False,
    simple_order_2: bool = False,
) -> SamplerChoice:
    """Stochastic Adams solver: a predictor and a corrector that share their noise.

    Args:
        model: Whose schedule the percentages are of.
        eta: How stochastic: 0 = not at all, 1 = the equation as it is.
        sde_start_percent: Where in the schedule noise begins to be added; 0 = the start.
        sde_end_percent: Where it stops; 1 = the end.
        s_noise: Factor on the noise that is added.
        predictor_order: Clean pictures that the predictor looks at.
        corrector_order: Clean pictures that the corrector looks at; 0 = no corrector.
        use_pece: Whether the model is evaluated again after the correction, for twice the time.
        simple_order_2: Whether second-order weights are the simpler ones of the authors' code.

    Returns:
        The sampler.

    Source: Xue et al. 2023.
    """
    from ...diffusion.families import sampling_of
    from ...diffusion.sampling.samplers.added_noise import level_of

    sampling = sampling_of(model)
    table = sampling.table()
    start, end = (table.at_fraction(part) for part in (sde_start_percent, sde_end_percent))
    if sampling.is_flow:
        start, end = (level_of(min(share, 1.0 - 1e-9)) for share in (start, end))
    return SamplerChoice(
        "sa_solver",
        (
            ("eta", eta),
            ("sde_start_sigma", start),
            ("sde_end_sigma", end),
            ("s_noise", s_noise),
            ("predictor_order", predictor_order),
            ("corrector_order", corrector_order),
            ("use_pece", use_pece),
            ("simple_order_2", simple_order_2),
        ),
    )


@node("SamplerLCMUpscale", category=CATEGORY, lane="inline")
def sampler_lcm_upscale(
    *,
    scale_ratio: Annotated[float, Range(0.1, 20, step=0.01)] = 1.0,
    scale_steps: Annotated[int, Range(-1, 1000)] = -1,
    upscale_method: Literal["bislerp", "nearest-exact", "bilinear", "area", "bicubic"] = "bislerp",
) -> SamplerChoice:
    """LCM that enlarges the picture while it is made; for LCM models.

    Args:
        scale_ratio: Size at the end, in sizes of the latent it begins with; 1 = plain LCM.
        scale_steps: Over how many steps the size grows, from the first on; below 0 = half of them.
        upscale_method: Filter on the clean latent.

    Returns:
        The sampler; it takes no latent with a noise mask.

    Source: Luo et al. 2023, with sizes as ComfyUI has them.
    """
    return SamplerChoice(
        "lcm_upscale",
        (
            ("scale_ratio", scale_ratio),
            ("scale_steps", scale_steps),
            ("upscale_method", upscale_method),
        ),
    )
