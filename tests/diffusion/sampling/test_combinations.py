"""Samplers, schedules, masks, parts of a run and batches together: what holds for all of them."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import weft.diffusion as wd
from weft.diffusion.latents.noise import initial_noise
from weft.diffusion.prediction.sigmas import DiscreteSigmas
from weft.diffusion.sampling.sample import run_sigmas
from weft.diffusion.sampling.samplers import SAMPLERS
from weft.diffusion.sampling.schedules import SCHEDULER_NAMES, schedule_sigmas

from .test_sample import Prompts, calls, run

TABLE = DiscreteSigmas()
PLAIN = [name for name, sampler in SAMPLERS.items() if not sampler.resizes]
MANY_SCHEDULES = [
    (sampler, schedule)
    for schedule in SCHEDULER_NAMES
    for sampler in ("euler", "dpmpp_2m_sde", "uni_pc")
]
CHOOSES_STEPS = {"dpm_adaptive"}  # for the whole batch, so items are not alone with it
STOPS_ABOVE_0 = {"dpm_fast": 0.5, "dpm_adaptive": 0.5, "uni_pc": 0.02, "uni_pc_bh2": 0.02}
"""Samplers that end at a sigma above 0, and the noise that they leave on what is kept."""


def picture(seed: int = 3) -> wd.Latent:
    return wd.Latent(torch.randn(1, 4, 8, 8, generator=torch.Generator().manual_seed(seed)))


def right_half() -> torch.Tensor:
    mask = torch.zeros(1, 64, 64)
    mask[:, :, 32:] = 1.0
    return mask


@pytest.mark.parametrize("name", [name for name in PLAIN if name not in CHOOSES_STEPS])
def test_third_item_of_a_batch_is_made_again_alone(
    model: wd.Model, prompts: Prompts, name: str
) -> None:
    """Networks sum in another order for another batch: 1e-5 of the deviation, no bit of noise."""
    batch = replace(wd.empty_latent(64, 64, 3), batch_index=(0, 1, 2))
    alone = replace(wd.empty_latent(64, 64, 1), batch_index=(2,))
    wanted = run(model, prompts, batch, sampler_name=name).samples[2]
    got = run(model, prompts, alone, sampler_name=name).samples[0]
    assert float((got - wanted).abs().max()) < 5e-5 * float(wanted.std())


@pytest.mark.parametrize("name", PLAIN)
def test_every_sampler_keeps_what_is_outside_of_a_mask(
    model: wd.Model, prompts: Prompts, name: str
) -> None:
    first = picture()
    latent = wd.set_noise_mask(first, right_half())
    found = run(model, prompts, latent, sampler_name=name, denoise=0.7).samples
    change = (found - first.samples).abs()
    assert float(change[..., :3].max()) < STOPS_ABOVE_0.get(name, 1e-5)
    assert float(change[..., 5:].mean()) > 0.1


@pytest.mark.parametrize("name", PLAIN)
def test_cfg_1_asks_for_the_negative_side_only_where_the_rule_needs_it(
    model: wd.Model, prompts: Prompts, name: str
) -> None:
    with calls(model) as seen:
        run(model, prompts, cfg=1.0, sampler_name=name)
    rows = 2 if name.endswith("cfg_pp") else 1
    assert {batch for batch, _ in seen} == {rows}


@pytest.mark.parametrize(("sampler", "schedule"), MANY_SCHEDULES)
def test_image_to_image_changes_less_with_less_denoise(
    model: wd.Model, prompts: Prompts, sampler: str, schedule: str
) -> None:
    first = picture()
    more: dict[str, object] = {"sampler_name": sampler, "scheduler": schedule, "steps": 6}
    changes = [
        float((run(model, prompts, first, denoise=part, **more).samples - first.samples).std())
        for part in (0.15, 0.5, 1.0)
    ]
    assert 0 < changes[0] < changes[1] < changes[2]


@pytest.mark.parametrize("schedule", SCHEDULER_NAMES)
def test_mask_with_start_and_end_step_keeps_the_picture_at_the_noise_of_the_moment(
    model: wd.Model, prompts: Prompts, schedule: str
) -> None:
    """A part that goes on from leftover noise keeps what it is given, noise and all (ComfyUI)."""
    first = picture()
    latent = wd.set_noise_mask(first, right_half())
    more: dict[str, object] = {"steps": 6, "scheduler": schedule}
    half = run(model, prompts, latent, start_step=2, last_step=4, force_full_denoise=False, **more)
    sigma = schedule_sigmas(schedule, TABLE, 6)[4]
    noise = initial_noise((1, 4, 8, 8), 1) * sigma / 0.18215
    assert torch.allclose((half.samples - first.samples)[..., :3], noise[..., :3], atol=1e-3)
    rest = run(model, prompts, half, start_step=4, add_noise=False, **more).samples
    assert torch.allclose(rest[..., :3], half.samples[..., :3], atol=1e-3)
    assert float((rest - half.samples)[..., 5:].abs().mean()) > 0.01


@given(
    sampler=st.sampled_from(PLAIN),
    schedule=st.sampled_from(SCHEDULER_NAMES),
    steps=st.integers(1, 40),
    denoise=st.floats(0.05, 1.0),
)
def test_part_of_a_schedule_is_the_end_of_a_longer_one(
    sampler: str, schedule: str, steps: int, denoise: float
) -> None:
    got = run_sigmas(TABLE, SAMPLERS[sampler], schedule, steps, denoise)
    longer = steps if denoise > 0.9999 else int(steps / denoise)
    more = SAMPLERS[sampler].drops_penultimate
    whole = schedule_sigmas(schedule, TABLE, longer + more)
    if more:
        whole = [*whole[:-2], 0.0]
    kept = len(whole) if denoise > 0.9999 else steps + 1
    assert got == (whole[-kept:] if len(whole[-kept:]) > 1 else [])


@given(
    schedule=st.sampled_from(SCHEDULER_NAMES),
    steps=st.integers(1, 40),
    first=st.integers(0, 45),
    length=st.integers(0, 45),
    clean=st.booleans(),
)
def test_steps_from_one_to_another_are_that_part_of_the_schedule(
    schedule: str, steps: int, first: int, length: int, clean: bool
) -> None:
    whole = run_sigmas(TABLE, SAMPLERS["euler"], schedule, steps)
    got = run_sigmas(
        TABLE,
        SAMPLERS["euler"],
        schedule,
        steps,
        start_step=first,
        last_step=first + length,
        force_full_denoise=clean,
    )
    wanted = whole[first : first + length + 1]
    if len(wanted) < 2:
        assert got == []
        return
    assert got[:-1] == wanted[:-1]
    assert got[-1] == (0.0 if clean else wanted[-1])
    assert all(a > b for a, b in itertools.pairwise(got))
