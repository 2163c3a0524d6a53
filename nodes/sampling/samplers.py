"""Samplers as values: by name, and the Euler, LMS and LCM samplers with their options."""

from __future__ import annotations

from typing import Annotated, Literal

from weft.diffusion.sampling.samplers import SAMPLER_NAMES
from weft.diffusion.types import SamplerChoice
from weft.engine.declaration.node import node
from weft.engine.declaration.widgets import Choice, Range

CATEGORY = "sampling/custom/samplers"


@node("KSamplerSelect", category=CATEGORY, lane="inline")
def ksampler_select(
    *, sampler_name: Annotated[str, Choice(SAMPLER_NAMES)] = "euler"
) -> SamplerChoice:
    """Select a sampler by name, with its default options.

    Args:
        sampler_name: The sampler. Names with the ending `_gpu` mean the same as without it.

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
    """Euler ancestral: Euler with new noise at every step.

    Args:
        eta: Share of the noise that is removed and added again. 0 is none, 1 is all.
        s_noise: Factor on the added noise. 1 leaves it unchanged.

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
    """Euler ancestral with CFG++, for a cfg of about 1.

    Args:
        eta: Share of the noise that is removed and added again. 0 is none, 1 is all.
        s_noise: Factor on the added noise. 1 leaves it unchanged.

    Returns:
        The sampler.

    Source: Chung et al. 2024.
    """
    return SamplerChoice("euler_ancestral_cfg_pp", (("eta", eta), ("s_noise", s_noise)))


@node("SamplerEulerCFGpp", category=CATEGORY, lane="inline")
def sampler_euler_cfg_pp(
    *, version: Annotated[str, Choice(("regular", "alternative"))] = "regular"
) -> SamplerChoice:
    """Euler with CFG++, for a cfg of about 1.

    Args:
        version: `regular` is as published; `alternative` moves further away from the unconditional
            prediction.

    Returns:
        The sampler.

    Source: Chung et al. 2024.
    """
    return SamplerChoice("euler_cfg_pp", (("alternative", version == "alternative"),))


@node("SamplerLMS", category=CATEGORY, lane="inline")
def sampler_lms(*, order: Annotated[int, Range(1, 100)] = 4) -> SamplerChoice:
    """Linear multistep (LMS).

    Args:
        order: Order of the polynomial. High orders become unstable.

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
    """LCM that upscales the latent while it samples, for LCM models.

    Args:
        scale_ratio: Size at the end, as a multiple of the starting size. 1 is plain LCM.
        scale_steps: Number of steps over which the size grows, from the first on. Below 0, half of
            the steps.
        upscale_method: The resampling filter for the denoised latent.

    Returns:
        The sampler. It does not support a noise mask.

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
