"""Samplers: how a run goes from sigma to sigma. Names importable without torch.

All work in sigma space on `predict(x, sigma) -> x0` and know nothing of models. One rule of the
table each; the update rules are those of k-diffusion, the scalars float64.
"""

from __future__ import annotations

from collections.abc import Mapping

from . import ancestral, cfg_pp, dpm_solver, multistep, sde, single_step, stages, unipc, upscaling
from .er_sde import er_sde
from .sa_solver import sa_solver, sa_solver_pece
from .sampler import Sampler

_ALL = (
    Sampler("euler", single_step.euler),
    Sampler("euler_cfg_pp", cfg_pp.euler_cfg_pp, added_noise=True),
    Sampler("euler_ancestral", ancestral.euler_ancestral, ancestral=True),
    Sampler(
        "euler_ancestral_cfg_pp", cfg_pp.euler_ancestral_cfg_pp, ancestral=True, added_noise=True
    ),
    Sampler("heun", single_step.heun),
    Sampler("heunpp2", single_step.heunpp2),
    Sampler("exp_heun_2_x0", stages.exp_heun_2_x0, added_noise=True),
    Sampler(
        "exp_heun_2_x0_sde",
        stages.exp_heun_2_x0_sde,
        ancestral=True,
        own_stream=True,
        added_noise=True,
    ),
    Sampler("dpm_2", single_step.dpm_2, drops_penultimate=True),
    Sampler("dpm_2_ancestral", ancestral.dpm_2_ancestral, ancestral=True, drops_penultimate=True),
    Sampler("lms", multistep.lms),
    Sampler("dpm_fast", dpm_solver.dpm_fast),
    Sampler("dpm_adaptive", dpm_solver.dpm_adaptive),
    Sampler("dpmpp_2s_ancestral", ancestral.dpmpp_2s_ancestral, ancestral=True),
    Sampler(
        "dpmpp_2s_ancestral_cfg_pp",
        cfg_pp.dpmpp_2s_ancestral_cfg_pp,
        ancestral=True,
    ),
    Sampler("dpmpp_sde", sde.dpmpp_sde, ancestral=True, brownian=True, added_noise=True),
    Sampler("dpmpp_2m", multistep.dpmpp_2m),
    Sampler("dpmpp_2m_cfg_pp", cfg_pp.dpmpp_2m_cfg_pp, added_noise=True),
    Sampler("dpmpp_2m_sde", sde.dpmpp_2m_sde, ancestral=True, brownian=True, added_noise=True),
    Sampler(
        "dpmpp_2m_sde_heun",
        sde.dpmpp_2m_sde_heun,
        ancestral=True,
        brownian=True,
        added_noise=True,
    ),
    Sampler("dpmpp_3m_sde", sde.dpmpp_3m_sde, ancestral=True, brownian=True, added_noise=True),
    Sampler("ddpm", ancestral.ddpm, ancestral=True),
    Sampler("lcm", ancestral.lcm, ancestral=True),
    Sampler("lcm_upscale", upscaling.lcm_upscale, ancestral=True, resizes=True),
    Sampler("ipndm", multistep.ipndm),
    Sampler("ipndm_v", multistep.ipndm_v),
    Sampler("deis", multistep.deis),
    Sampler("res_multistep", multistep.res_multistep),
    Sampler("res_multistep_cfg_pp", cfg_pp.res_multistep_cfg_pp, added_noise=True),
    Sampler(
        "res_multistep_ancestral",
        multistep.res_multistep_ancestral,
        ancestral=True,
        own_stream=True,
        added_noise=True,
    ),
    Sampler(
        "res_multistep_ancestral_cfg_pp",
        cfg_pp.res_multistep_ancestral_cfg_pp,
        ancestral=True,
        own_stream=True,
        added_noise=True,
    ),
    Sampler("gradient_estimation", single_step.gradient_estimation),
    Sampler("gradient_estimation_cfg_pp", cfg_pp.gradient_estimation_cfg_pp, added_noise=True),
    Sampler("er_sde", er_sde, ancestral=True, own_stream=True, added_noise=True),
    Sampler("seeds_2", stages.seeds_2, ancestral=True, own_stream=True, added_noise=True),
    Sampler("seeds_3", stages.seeds_3, ancestral=True, own_stream=True, added_noise=True),
    Sampler(
        "sa_solver", sa_solver, ancestral=True, own_stream=True, added_noise=True, windowed=True
    ),
    Sampler(
        "sa_solver_pece",
        sa_solver_pece,
        ancestral=True,
        own_stream=True,
        added_noise=True,
        windowed=True,
    ),
    Sampler("ddim", single_step.ddim, fresh_mask_noise=True),
    Sampler("uni_pc", unipc.uni_pc, drops_penultimate=True),
    Sampler("uni_pc_bh2", unipc.uni_pc_bh2, drops_penultimate=True),
)

SAMPLERS: Mapping[str, Sampler] = {sampler.name: sampler for sampler in _ALL}

ALIASES: Mapping[str, str] = {
    "dpmpp_sde_gpu": "dpmpp_sde",
    "dpmpp_2m_sde_gpu": "dpmpp_2m_sde",
    "dpmpp_2m_sde_heun_gpu": "dpmpp_2m_sde_heun",
    "dpmpp_3m_sde_gpu": "dpmpp_3m_sde",
}
"""Names that mean the same sampler; noise comes from the CPU, so that every device agrees."""

SAMPLER_NAMES: tuple[str, ...] = (
    *(name for name, sampler in SAMPLERS.items() if not sampler.resizes),
    *ALIASES,
)
"""Those that are chosen by name; one that resizes has a node of its own."""
