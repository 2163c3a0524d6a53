"""`sample`: what every parameter does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
import torch

import weft.diffusion as wd
from weft.diffusion.prediction.model_sampling import SD1, Parametrization
from weft.diffusion.prediction.sigmas import DiscreteSigmas
from weft.diffusion.sampling.sample import run_sigmas
from weft.diffusion.sampling.samplers import SAMPLERS

Prompts = tuple[wd.Conditioning, wd.Conditioning]
TABLE = DiscreteSigmas()


def run(
    model: wd.Model, prompts: Prompts, latent: wd.Latent | None = None, **more: Any
) -> wd.Latent:
    options: dict[str, Any] = {
        "seed": 1,
        "steps": 3,
        "cfg": 4.0,
        "sampler_name": "euler",
        "scheduler": "normal",
    }
    start = wd.empty_latent(64, 64) if latent is None else latent
    return wd.sample(model, *prompts, start, **options | more)


@contextmanager
def calls(model: wd.Model) -> Iterator[list[tuple[int, int]]]:
    """Batch rows and token length of every UNet call inside the block."""
    seen: list[tuple[int, int]] = []

    def watch(_: Any, args: tuple[Any, ...], options: dict[str, Any]) -> None:
        seen.append((args[0].shape[0], options["encoder_hidden_states"].shape[1]))

    hook = model.weights.module.register_forward_pre_hook(watch, with_kwargs=True)
    try:
        yield seen
    finally:
        hook.remove()


@pytest.mark.parametrize("name", SAMPLERS)
def test_sample_twice_gives_the_same_bits(model: wd.Model, prompts: Prompts, name: str) -> None:
    first = run(model, prompts, sampler_name=name).samples
    assert torch.equal(first, run(model, prompts, sampler_name=name).samples)
    assert bool(torch.isfinite(first).all())
    assert first.dtype == torch.float32


def test_sample_with_another_seed_gives_another_picture(model: wd.Model, prompts: Prompts) -> None:
    first, second = run(model, prompts).samples, run(model, prompts, seed=2).samples
    assert float((first - second).abs().mean()) > 0.1


def test_sample_changes_nothing_it_was_given(model: wd.Model, prompts: Prompts) -> None:
    latent = wd.Latent(torch.randn(1, 4, 8, 8))
    before = latent.samples.clone()
    weights = {k: v.clone() for k, v in model.weights.module.state_dict().items()}
    result = run(model, prompts, latent)
    assert result is not latent
    assert torch.equal(latent.samples, before)
    after = model.weights.module.state_dict()
    assert all(torch.equal(weights[name], after[name]) for name in weights)


def test_guidance_runs_both_prompts_in_one_call(model: wd.Model, prompts: Prompts) -> None:
    with calls(model) as seen:
        run(model, prompts)
    assert seen == [(2, 77)] * 3


def test_cfg_1_runs_the_positive_prompt_alone(model: wd.Model, prompts: Prompts) -> None:
    with calls(model) as seen:
        run(model, prompts, cfg=1.0)
    assert seen == [(1, 77)] * 3


def test_prompts_of_other_length_share_a_call_by_repeating(
    model: wd.Model, clip: wd.Clip, prompts: Prompts
) -> None:
    long, short = wd.encode_text(clip, "red " * 200), prompts[1]
    with calls(model) as seen:
        together = run(model, (long, short))
    assert seen == [(2, 231)] * 3
    entry = short.entries[0]
    repeated = wd.Conditioning((replace(entry, tokens=entry.tokens.repeat(1, 3, 1)),))
    assert torch.equal(together.samples, run(model, (long, repeated)).samples)


def test_prompts_of_far_other_length_run_in_two_calls(
    model: wd.Model, clip: wd.Clip, prompts: Prompts
) -> None:
    with calls(model) as seen:
        run(model, (wd.encode_text(clip, "red " * 330), prompts[1]), steps=1)
    assert seen == [(1, 385), (1, 77)]


def test_guidance_is_linear_in_the_clean_pictures(model: wd.Model, prompts: Prompts) -> None:
    one_step = {"steps": 1}
    wanted = run(model, prompts, cfg=1.0, **one_step).samples
    unwanted = run(model, prompts[::-1], cfg=1.0, **one_step).samples
    guided = run(model, prompts, cfg=3.0, **one_step).samples
    assert torch.allclose(guided, unwanted + 3 * (wanted - unwanted), atol=5e-3)


def test_first_step_starts_from_the_whole_variance() -> None:
    top = TABLE.sigma_max
    one, none = torch.ones(1), torch.zeros(1)
    noised = Parametrization(SD1).noised
    assert float(noised(none, one, top)) == pytest.approx((1 + top**2) ** 0.5)
    assert float(noised(none, one, 5.0)) == 5.0
    assert float(noised(one, none, 5.0)) == 1.0


def test_denoise_takes_the_end_of_a_longer_schedule() -> None:
    whole = run_sigmas(TABLE, SAMPLERS["euler"], "normal", 10)
    part = run_sigmas(TABLE, SAMPLERS["euler"], "normal", 5, denoise=0.5)
    assert part == whole[5:]


def test_denoise_0_returns_the_latent(model: wd.Model, prompts: Prompts) -> None:
    latent = wd.Latent(torch.randn(1, 4, 8, 8))
    assert run(model, prompts, latent, denoise=0.0) is latent


def test_start_past_the_end_returns_the_latent(model: wd.Model, prompts: Prompts) -> None:
    latent = wd.Latent(torch.randn(1, 4, 8, 8))
    assert run(model, prompts, latent, start_step=3) is latent


def test_dpm_2_drops_the_last_but_one_sigma_of_one_step_more() -> None:
    longer = run_sigmas(TABLE, SAMPLERS["euler"], "karras", 6)
    assert run_sigmas(TABLE, SAMPLERS["dpm_2"], "karras", 5) == [*longer[:-2], 0.0]


def test_last_step_with_full_denoise_ends_at_0_and_without_keeps_noise() -> None:
    whole = run_sigmas(TABLE, SAMPLERS["euler"], "normal", 6)
    full = run_sigmas(TABLE, SAMPLERS["euler"], "normal", 6, last_step=3)
    kept = run_sigmas(TABLE, SAMPLERS["euler"], "normal", 6, last_step=3, force_full_denoise=False)
    assert full == [*whole[:3], 0.0]
    assert kept == whole[:4]


def test_run_in_two_parts_equals_the_whole(model: wd.Model, prompts: Prompts) -> None:
    whole = run(model, prompts, steps=4).samples
    half = run(model, prompts, steps=4, last_step=2, force_full_denoise=False)
    rest = run(model, prompts, half, steps=4, start_step=2, add_noise=False).samples
    assert torch.allclose(rest, whole, atol=1e-3)


def test_noise_mask_keeps_what_is_outside(model: wd.Model, prompts: Prompts) -> None:
    original = wd.Latent(torch.randn(1, 4, 8, 8, generator=torch.Generator().manual_seed(3)))
    mask = torch.zeros(1, 64, 64)
    mask[:, :, 32:] = 1.0
    result = run(model, prompts, wd.set_noise_mask(original, mask), denoise=0.7)
    kept, painted = result.samples[..., :3], result.samples[..., 5:]
    assert torch.allclose(kept, original.samples[..., :3], atol=1e-4)
    assert float((painted - original.samples[..., 5:]).abs().mean()) > 0.1
    assert result.noise_mask is mask


def test_full_noise_mask_changes_nothing(model: wd.Model, prompts: Prompts) -> None:
    masked = wd.set_noise_mask(wd.empty_latent(64, 64), torch.ones(1, 16, 16))
    assert torch.allclose(
        run(model, prompts, masked).samples, run(model, prompts).samples, atol=1e-5
    )


def test_on_step_hears_of_every_step(model: wd.Model, prompts: Prompts) -> None:
    heard: list[wd.StepInfo] = []
    result = run(model, prompts, on_step=heard.append)
    assert [(info.step, info.total) for info in heard] == [(1, 3), (2, 3), (3, 3)]
    assert heard[0].sigma == pytest.approx(TABLE.sigma_max)
    assert torch.allclose(heard[-1].denoised, result.samples, atol=1e-4)


def test_on_step_may_stop_the_run(model: wd.Model, prompts: Prompts) -> None:
    class StopError(Exception):
        pass

    def stop(info: wd.StepInfo) -> None:
        if info.step == 2:
            raise StopError

    with calls(model) as seen, pytest.raises(StopError):
        run(model, prompts, on_step=stop)
    assert len(seen) == 2


def test_values_that_are_no_numbers_are_reported_with_the_step(
    model: wd.Model, prompts: Prompts
) -> None:
    entry = prompts[0].entries[0]
    broken = wd.Conditioning((replace(entry, tokens=entry.tokens * float("nan")),))
    with pytest.raises(wd.SamplingError, match="Step 1 of 3") as caught:
        run(model, (broken, prompts[1]))
    assert caught.value.code == "sample.not_finite"


def test_two_entries_are_averaged_by_strength(model: wd.Model, prompts: Prompts) -> None:
    left, right = prompts[0].entries[0], prompts[1].entries[0]
    mixed = wd.Conditioning((replace(left, strength=3.0), replace(right, strength=1.0)))
    one = {"steps": 1, "cfg": 1.0}
    got = run(model, (mixed, prompts[1]), **one).samples
    a = run(model, prompts, **one).samples
    b = run(model, prompts[::-1], **one).samples
    assert torch.allclose(got, 0.75 * a + 0.25 * b, atol=1e-3)


def test_entries_in_turn_act_in_their_part_of_the_schedule(
    model: wd.Model, clip: wd.Clip, prompts: Prompts
) -> None:
    early = replace(wd.encode_text(clip, "red").entries[0], end=0.5)
    late = replace(wd.encode_text(clip, "blue").entries[0], start=0.5)
    with calls(model) as seen:
        run(model, (wd.Conditioning((early, late)), prompts[1]), steps=4)
    assert seen == [(2, 77)] * 4


def test_gap_without_a_prompt_is_refused(model: wd.Model, prompts: Prompts) -> None:
    entry = replace(prompts[0].entries[0], end=0.3)
    with pytest.raises(wd.SamplingError) as caught:
        run(model, (wd.Conditioning((entry,)), prompts[1]), steps=4)
    assert caught.value.code == "sample.nothing_to_condition_on"


@pytest.mark.parametrize(
    ("option", "error"),
    [
        ({"sampler_name": "eulr"}, wd.ParameterError),
        ({"scheduler": "karas"}, wd.ParameterError),
        ({"steps": 0}, wd.ParameterError),
        ({"denoise": 1.5}, wd.ParameterError),
        ({"denoise": float("nan")}, wd.ParameterError),
        ({"cfg": float("inf")}, wd.ParameterError),
        ({"seed": -1}, wd.ParameterError),
        ({"start_step": -1}, wd.ParameterError),
        ({"latent": wd.Latent(torch.zeros(1, 16, 8, 8))}, wd.ShapeError),
        ({"latent": wd.Latent(torch.zeros(1, 4, 8, 8), family="flux")}, wd.ShapeError),
    ],
)
def test_parameter_out_of_range_is_refused(
    model: wd.Model, prompts: Prompts, option: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        run(model, prompts, **option)


def test_prompt_of_another_text_encoder_is_refused(model: wd.Model, prompts: Prompts) -> None:
    foreign = wd.Conditioning((wd.ConditioningEntry(torch.zeros(1, 77, 768)),))
    with pytest.raises(wd.ShapeError, match="another model"):
        run(model, (foreign, foreign))


def test_odd_latent_sizes_are_sampled(model: wd.Model, prompts: Prompts) -> None:
    assert run(model, prompts, wd.empty_latent(72, 40, 2)).samples.shape == (2, 4, 5, 9)
