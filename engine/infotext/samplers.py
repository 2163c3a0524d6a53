"""Samplers and schedules by the web UI's names.

Source: the names, and which schedule a sampler has when `Schedule type` is Automatic, as the web UI
shows them.
"""

from __future__ import annotations

from collections.abc import Mapping

# Name -> (sampler, the schedule that Automatic means; None for the model's own noise levels)
_SAMPLERS: Mapping[str, tuple[str, str | None]] = {
    "euler a": ("euler_ancestral", None),
    "euler": ("euler", None),
    "euler cfg++": ("euler_cfg_pp", None),
    "euler a cfg++": ("euler_ancestral_cfg_pp", None),
    "lms": ("lms", None),
    "heun": ("heun", None),
    "dpm2": ("dpm_2", "karras"),
    "dpm2 a": ("dpm_2_ancestral", "karras"),
    "dpm++ 2s a": ("dpmpp_2s_ancestral", "karras"),
    "dpm++ 2m": ("dpmpp_2m", "karras"),
    "dpm++ sde": ("dpmpp_sde", "karras"),
    "dpm++ 2m sde": ("dpmpp_2m_sde", "exponential"),
    "dpm++ 2m sde heun": ("dpmpp_2m_sde_heun", "exponential"),
    "dpm++ 3m sde": ("dpmpp_3m_sde", "exponential"),
    "dpm fast": ("dpm_fast", None),
    "dpm adaptive": ("dpm_adaptive", None),
    "lcm": ("lcm", None),
    "ddim": ("ddim", "ddim_uniform"),
    "unipc": ("uni_pc", None),
    "ipndm": ("ipndm", None),
    "ipndm_v": ("ipndm_v", None),
    "deis": ("deis", None),
    "res multistep": ("res_multistep", None),
    "er sde": ("er_sde", None),
}
_SCHEDULES: Mapping[str, str] = {
    "uniform": "normal",
    "normal": "normal",
    "karras": "karras",
    "exponential": "exponential",
    "sgm uniform": "sgm_uniform",
    "simple": "simple",
    "ddim": "ddim_uniform",
    "beta": "beta",
    "kl optimal": "kl_optimal",
}
MODEL_LEVELS = "normal"
"""The schedule without any of its own: even steps in the model's time."""


def sampler_of(name: str, schedule: str | None) -> tuple[str | None, str | None, str]:
    """Sampler and scheduler of KSampler.

    Args:
        name: `Sampler`, such as `DPM++ 2M`; before version 1.9 with the schedule behind it
            (`DPM++ 2M Karras`).
        schedule: `Schedule type`; None where the text has none.

    Returns:
        The sampler, the scheduler, and the name of the schedule as it was given. None where
        KSampler has no such.
    """
    word, given = name.strip().casefold(), schedule
    found = _SAMPLERS.get(word)
    if found is None:
        for ending in ("karras", "exponential", "sgm uniform", "simple", "uniform", "beta"):
            if word.endswith(" " + ending):
                found = _SAMPLERS.get(word.removesuffix(" " + ending))
                given = given or ending
                break
    sampler = found[0] if found is not None else None
    if given is None:
        # Older versions named every schedule but the model's own; DDIM has one of its own.
        return sampler, "ddim_uniform" if word == "ddim" else MODEL_LEVELS, ""
    if given.casefold() == "automatic":
        return sampler, (found[1] if found is not None else None) or MODEL_LEVELS, given
    return sampler, _SCHEDULES.get(given.casefold()), given
