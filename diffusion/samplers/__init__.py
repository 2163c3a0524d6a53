"""Samplers: how a run goes from sigma to sigma. Names importable without torch.

All work in sigma space on `predict(x, sigma) -> x0` and know nothing of models. One step of the
table each; the update rules are those of k-diffusion, the scalars float64.
"""

from __future__ import annotations

from collections.abc import Mapping

from .ancestral import dpm_2_ancestral, dpmpp_2s_ancestral, euler_ancestral, lcm
from .multistep import dpmpp_2m, lms
from .protocol import Sampler
from .sde import dpmpp_2m_sde, dpmpp_3m_sde, dpmpp_sde
from .single_step import ddim, dpm_2, euler, heun
from .unipc import uni_pc, uni_pc_bh2

SAMPLERS: Mapping[str, Sampler] = {
    sampler.name: sampler
    for sampler in (
        Sampler("euler", euler),
        Sampler("euler_ancestral", euler_ancestral, ancestral=True),
        Sampler("heun", heun),
        Sampler("dpm_2", dpm_2, drops_penultimate=True),
        Sampler("dpm_2_ancestral", dpm_2_ancestral, ancestral=True, drops_penultimate=True),
        Sampler("lms", lms),
        Sampler("dpmpp_2s_ancestral", dpmpp_2s_ancestral, ancestral=True),
        Sampler("dpmpp_2m", dpmpp_2m),
        Sampler("dpmpp_sde", dpmpp_sde, ancestral=True, brownian=True),
        Sampler("dpmpp_2m_sde", dpmpp_2m_sde, ancestral=True, brownian=True),
        Sampler("dpmpp_3m_sde", dpmpp_3m_sde, ancestral=True, brownian=True),
        Sampler("lcm", lcm, ancestral=True),
        Sampler("ddim", ddim),
        Sampler("uni_pc", uni_pc, drops_penultimate=True),
        Sampler("uni_pc_bh2", uni_pc_bh2, drops_penultimate=True),
    )
}

SAMPLER_NAMES: tuple[str, ...] = tuple(SAMPLERS)
