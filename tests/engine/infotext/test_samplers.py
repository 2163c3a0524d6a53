"""Samplers and schedules by the web UI's names."""

from __future__ import annotations

import pytest

from weft.diffusion.sampling.samplers import SAMPLER_NAMES
from weft.diffusion.sampling.schedules import SCHEDULER_NAMES
from weft.engine.infotext import samplers
from weft.engine.infotext.samplers import sampler_of


@pytest.mark.parametrize(
    ("name", "schedule", "sampler", "scheduler"),
    [
        ("Euler a", "Karras", "euler_ancestral", "karras"),
        ("Euler a", None, "euler_ancestral", "normal"),
        ("DPM++ 2M Karras", None, "dpmpp_2m", "karras"),
        ("DPM++ 2M SDE Exponential", None, "dpmpp_2m_sde", "exponential"),
        ("DPM++ 2M SDE Heun Karras", None, "dpmpp_2m_sde_heun", "karras"),
        ("DPM++ 2M", "Automatic", "dpmpp_2m", "karras"),
        ("DPM++ 3M SDE", "Automatic", "dpmpp_3m_sde", "exponential"),
        ("Euler", "Automatic", "euler", "normal"),
        ("DPM++ SDE", "SGM Uniform", "dpmpp_sde", "sgm_uniform"),
        ("DDIM", None, "ddim", "ddim_uniform"),
        ("UniPC", None, "uni_pc", "normal"),
        ("Restart", None, None, "normal"),
        ("Euler", "Align Your Steps", "euler", None),
    ],
)
def test_names_are_those_of_ksampler(
    name: str, schedule: str | None, sampler: str | None, scheduler: str | None
) -> None:
    assert sampler_of(name, schedule)[:2] == (sampler, scheduler)


def test_every_name_in_the_table_is_one_that_ksampler_takes() -> None:
    for sampler, automatic in samplers._SAMPLERS.values():
        assert sampler in SAMPLER_NAMES
        assert automatic is None or automatic in SCHEDULER_NAMES
    assert set(samplers._SCHEDULES.values()) <= set(SCHEDULER_NAMES)
