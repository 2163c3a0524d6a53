"""Samplers as values: by name, and the Euler, LMS and LCM samplers with their options."""

from __future__ import annotations

from typing import Annotated, Literal

from ...diffusion.sampling.samplers import SAMPLER_NAMES
from ...diffusion.types import SamplerChoice
from ...engine.declaration.node import node
from ...engine.declaration.widgets import Choice, Range

CATEGORY = "sampling/custom/samplers"


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
