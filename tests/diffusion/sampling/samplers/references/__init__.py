"""Every sampler once more, in float64, written from the papers.

The references use other terms than the code: integrals are taken numerically, differences are
divided, and nothing of the samplers' own helpers is used.
"""

from __future__ import annotations

from collections.abc import Mapping

from . import cfg_pp, deterministic, stochastic, whole_runs
from .problem import Problem, Reference, Rule, stepwise

__all__ = ["REFERENCES", "Problem"]

_RULES: Mapping[str, Rule] = {
    "euler": deterministic.euler,
    "ddim": deterministic.euler,
    "heun": deterministic.heun,
    "heunpp2": deterministic.heunpp2,
    "dpm_2": deterministic.dpm_2,
    "gradient_estimation": deterministic.gradient_estimation,
    "dpmpp_2m": deterministic.dpmpp_2m,
    "lms": deterministic.lms,
    "ipndm": deterministic.ipndm,
    "ipndm_v": deterministic.ipndm_v,
    "deis": deterministic.deis,
    "res_multistep": stochastic.res(0.0),
    "res_multistep_ancestral": stochastic.res(1.0),
    "euler_ancestral": stochastic.euler_ancestral,
    "ddpm": stochastic.ddpm,
    "dpm_2_ancestral": stochastic.dpm_2_ancestral,
    "dpmpp_2s_ancestral": stochastic.dpmpp_2s_ancestral,
    "lcm": stochastic.lcm,
    "lcm_upscale": stochastic.lcm,  # at its default size
    "dpmpp_sde": stochastic.dpmpp_sde,
    "dpmpp_2m_sde": stochastic.dpmpp_2m_sde,
    "dpmpp_2m_sde_heun": stochastic.dpmpp_2m_sde_heun,
    "dpmpp_3m_sde": stochastic.dpmpp_3m_sde,
    "er_sde": stochastic.er_sde,
    "seeds_2": stochastic.seeds_2,
    "seeds_3": stochastic.seeds_3,
    "exp_heun_2_x0": deterministic.exp_heun_2_x0,
    "exp_heun_2_x0_sde": stochastic.exp_heun_2_x0_sde,
    "euler_cfg_pp": cfg_pp.euler_cfg_pp,
    "euler_ancestral_cfg_pp": cfg_pp.euler_ancestral_cfg_pp,
    "dpmpp_2m_cfg_pp": cfg_pp.dpmpp_2m_cfg_pp,
    "dpmpp_2s_ancestral_cfg_pp": cfg_pp.dpmpp_2s_ancestral_cfg_pp,
    "res_multistep_cfg_pp": cfg_pp.res_cfg_pp(0.0),
    "res_multistep_ancestral_cfg_pp": cfg_pp.res_cfg_pp(1.0),
    "gradient_estimation_cfg_pp": cfg_pp.gradient_estimation_cfg_pp,
}

REFERENCES: Mapping[str, Reference] = {
    **{name: stepwise(rule) for name, rule in _RULES.items()},
    "uni_pc": whole_runs.uni_pc("bh1"),
    "uni_pc_bh2": whole_runs.uni_pc("bh2"),
    "dpm_fast": whole_runs.dpm_fast,
    "dpm_adaptive": whole_runs.dpm_adaptive,
    "sa_solver": whole_runs.sa_solver(pece=False),
    "sa_solver_pece": whole_runs.sa_solver(pece=True),
}
"""What each sampler of weft must do, by its name."""
