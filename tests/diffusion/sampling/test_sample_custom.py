"""`sample_custom`: every part given; and models sampled in other ways than their family is."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest
import torch

import weft.diffusion as wd
from weft.diffusion.denoising import resampling
from weft.diffusion.denoising.noising import noised_latent
from weft.diffusion.latents.noise import StepNoise, initial_noise
from weft.diffusion.prediction.model_sampling import SD2_V, ModelSampling, Parametrization
from weft.diffusion.prediction.sigmas import DiscreteSigmas
from weft.diffusion.sampling.brownian import BrownianNoise
from weft.diffusion.sampling.sample import run_sigmas
from weft.diffusion.sampling.samplers import ALIASES, SAMPLERS
from weft.diffusion.sampling.sigma_edits import extended

from .test_sample import calls, run

Prompts = tuple[wd.Conditioning, wd.Conditioning]


def custom(
    model: wd.Model,
    prompts: Prompts,
    *,
    sampler: str = "euler",
    options: dict[str, Any] | None = None,
    sigmas: tuple[float, ...] = (14.6146, 5.0, 1.0, 0.0),
    latent: wd.Latent | None = None,
    noise: wd.NoiseSource | None = None,
    **guider: Any,
) -> tuple[wd.Latent, wd.Latent]:
    return wd.sample_custom(
        wd.Guider(model, prompts[0], prompts[1], **{"cfg": 4.0, **guider}),
        wd.SamplerChoice(sampler, tuple((options or {}).items())),
        wd.Schedule(sigmas),
        latent or wd.empty_latent(64, 64),
        noise or wd.NoiseSource(1),
    )


def test_custom_parts_give_what_the_usual_call_gives(model: wd.Model, prompts: Prompts) -> None:
    for name in ("euler", "dpmpp_2m_sde", "euler_ancestral"):
        sigmas = tuple(run_sigmas(DiscreteSigmas(), SAMPLERS[name], "karras", 4))
        usual = run(model, prompts, steps=4, sampler_name=name, scheduler="karras")
        output, denoised = custom(model, prompts, sampler=name, sigmas=sigmas)
        assert torch.equal(output.samples, usual.samples)
        assert torch.allclose(denoised.samples, usual.samples, rtol=1e-4, atol=1e-3)


def test_run_that_stops_early_gives_also_the_clean_picture_last_seen(
    model: wd.Model, prompts: Prompts
) -> None:
    seen: list[wd.StepInfo] = []
    output, denoised = wd.sample_custom(
        wd.Guider(model, *prompts, 4.0),
        wd.SamplerChoice("euler"),
        wd.Schedule((14.6146, 5.0, 3.0)),
        wd.empty_latent(64, 64),
        wd.NoiseSource(1),
        on_step=seen.append,
    )
    assert [(info.step, info.total, info.sigma) for info in seen] == [(1, 2, 14.6146), (2, 2, 5.0)]
    assert torch.allclose(denoised.samples, seen[-1].denoised)
    assert not torch.allclose(output.samples, denoised.samples, atol=1.0)


def test_run_in_two_parts_is_the_whole_run(model: wd.Model, prompts: Prompts) -> None:
    whole, _ = custom(model, prompts, sigmas=(14.6146, 5.0, 2.0, 0.0))
    first, _ = custom(model, prompts, sigmas=(14.6146, 5.0))
    second, _ = custom(
        model,
        prompts,
        sigmas=(5.0, 2.0, 0.0),
        latent=first,
        noise=wd.NoiseSource(0, initial=False),
    )
    assert torch.allclose(second.samples, whole.samples, rtol=1e-4, atol=1e-2)


@pytest.mark.parametrize("sigmas", [(), (3.0,)])
def test_schedule_without_steps_returns_the_latent(
    model: wd.Model, prompts: Prompts, sigmas: tuple[float, ...]
) -> None:
    latent = wd.Latent(torch.randn(1, 4, 8, 8))
    with calls(model) as seen:
        output, denoised = custom(model, prompts, sigmas=sigmas, latent=latent)
    assert seen == []
    assert output is denoised
    assert torch.equal(output.samples, latent.samples)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"sampler": "eular"}, "sampler.unknown"),
        ({"options": {"eta": 1.0}}, "sampler.unknown_option"),
        ({"sampler": "euler_ancestral", "options": {"eta": math.nan}}, "factor.not_finite"),
        ({"sigmas": (3.0, 0.0, 1.0)}, "sample.bad_sigmas"),
        ({"sigmas": (3.0, math.inf)}, "sample.bad_sigmas"),
        ({"sigmas": (3.0, -1.0)}, "sample.bad_sigmas"),
        ({"sampler": "euler_ancestral", "sigmas": (1.0, 3.0)}, "sample.rising_sigmas"),
        ({"cfg": math.inf}, "factor.not_finite"),
    ],
)
def test_parts_that_cannot_be_run_are_refused_before_any_work(
    model: wd.Model, prompts: Prompts, change: dict[str, Any], code: str
) -> None:
    with calls(model) as seen, pytest.raises(wd.ParameterError) as caught:
        custom(model, prompts, **change)
    assert caught.value.code == code
    assert seen == []


def test_options_change_the_rule(model: wd.Model, prompts: Prompts) -> None:
    none, _ = custom(model, prompts, sampler="euler_ancestral", options={"eta": 0.0})
    plain, _ = custom(model, prompts, sampler="euler")
    assert torch.allclose(none.samples, plain.samples, rtol=1e-4, atol=1e-2)


@pytest.mark.parametrize(("alias", "name"), ALIASES.items())
def test_alias_is_the_same_sampler(
    model: wd.Model, prompts: Prompts, alias: str, name: str
) -> None:
    one, _ = custom(model, prompts, sampler=alias)
    two, _ = custom(model, prompts, sampler=name)
    assert torch.equal(one.samples, two.samples)


def test_schedule_turned_round_leads_from_a_picture_to_its_noise_and_back(
    model: wd.Model, prompts: Prompts
) -> None:
    picture = wd.Latent(torch.randn(1, 4, 8, 8, generator=torch.Generator().manual_seed(1)))
    levels = tuple(torch.linspace(0.02, 0.4, 12).tolist())
    quiet = wd.NoiseSource(0, initial=False)
    noise, _ = custom(model, prompts, sigmas=levels, latent=picture, noise=quiet, cfg=1.0)
    back, _ = custom(model, prompts, sigmas=levels[::-1], latent=noise, noise=quiet, cfg=1.0)
    away = float((noise.samples - picture.samples).abs().mean())
    assert float((back.samples - picture.samples).abs().mean()) < away / 4


def test_guider_without_negative_is_one_side(model: wd.Model, prompts: Prompts) -> None:
    with calls(model) as seen:
        wd.sample_custom(
            wd.Guider(model, prompts[0]),
            wd.SamplerChoice("euler"),
            wd.Schedule((5.0, 0.0)),
            wd.empty_latent(64, 64),
            wd.NoiseSource(1),
        )
    assert seen == [(1, 77)]


def test_dual_guidance_adds_both_ways(model: wd.Model, clip: wd.Clip, prompts: Prompts) -> None:
    one_step = {"sigmas": (5.0, 0.0)}
    middle = wd.encode_text(clip, "green square")
    clean = {
        name: custom(model, (prompt, prompt), cfg=1.0, **one_step)[0].samples
        for name, prompt in (("a", prompts[0]), ("m", middle), ("n", prompts[1]))
    }
    got, _ = custom(model, prompts, cfg=3.0, middle=middle, cfg_middle=2.0, **one_step)
    a, m, n = clean["a"], clean["m"], clean["n"]
    regular = n + 2.0 * (m - n) + 3.0 * (a - m)
    assert torch.allclose(got.samples, regular, rtol=1e-3, atol=1e-2)
    got, _ = custom(model, prompts, cfg=3.0, middle=middle, cfg_middle=2.0, nested=True, **one_step)
    inner = m + 3.0 * (a - m)
    assert torch.allclose(got.samples, n + 2.0 * (inner - n), rtol=1e-3, atol=1e-2)


def test_ddim_noises_the_kept_part_by_a_draw_of_its_own(model: wd.Model, prompts: Prompts) -> None:
    mask = torch.zeros(1, 64, 64)
    mask[:, :, 32:] = 1
    latent = wd.set_noise_mask(wd.Latent(torch.randn(1, 4, 8, 8)), mask)
    one, _ = custom(model, prompts, sampler="euler", latent=latent)
    two, _ = custom(model, prompts, sampler="ddim", latent=latent)
    for result in (one, two):
        assert torch.allclose(result.samples[..., :3], latent.samples[..., :3], atol=1e-4)
    assert not torch.allclose(one.samples, two.samples, atol=1e-2)


@pytest.mark.parametrize(("name", "own"), [("euler_ancestral", False), ("er_sde", True)])
def test_first_fresh_noise_is_the_initial_one_or_of_a_stream_of_its_own(
    model: wd.Model,
    prompts: Prompts,
    name: str,
    own: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    drawn: list[torch.Tensor] = []

    class Spy(StepNoise):
        def __call__(self, *given: Any) -> torch.Tensor:
            drawn.append(super().__call__(*given))
            return drawn[-1]

    monkeypatch.setattr("weft.diffusion.sampling.sample.StepNoise", Spy)
    custom(model, prompts, sampler=name, noise=wd.NoiseSource(2**64 - 1))
    assert torch.equal(drawn[0], initial_noise((1, 4, 8, 8), 0 if own else 2**64 - 1))


# --- other ways of sampling ----------------------------------------------------------------------


@pytest.mark.parametrize("prediction", ["eps", "v_prediction", "x0", "edm", "flow", "lcm"])
def test_perfect_network_output_gives_the_clean_picture(prediction: str) -> None:
    levels: Any = {"flow": "flow", "edm": "edm", "lcm": "distilled"}.get(prediction, "discrete")
    data = 0.5 if prediction == "edm" else 1.0
    frame = Parametrization(ModelSampling(prediction, levels, sigma_data=data))  # type: ignore[arg-type]
    clean, noise = torch.randn(2, 4, 8, 8).double(), torch.randn(2, 4, 8, 8).double()
    sigma = 0.7
    x = frame.mixed(clean, noise, sigma)
    angle = math.sqrt(sigma**2 + data**2)
    output = {
        "eps": noise,
        "lcm": noise,
        "x0": clean,
        "flow": noise - clean,
        "v_prediction": (noise - sigma * clean) / angle,
        "edm": (clean * angle**2 - data**2 * x) / (sigma * data * angle),
    }[prediction]
    assert torch.allclose(frame.denoised(x, output, sigma), clean, atol=1e-5)


def test_network_input_is_of_unit_variance() -> None:
    clean, noise = torch.randn(4, 4, 64, 64), torch.randn(4, 4, 64, 64)
    frame = Parametrization(SD2_V)
    x = frame.noised(clean, noise, 3.0)
    assert float(frame.network_input(x, 3.0).std()) == pytest.approx(1.0, abs=0.02)


def test_flow_fades_in_and_is_scaled_back() -> None:
    frame = Parametrization(ModelSampling("flow", "flow"))
    clean, noise = torch.ones(1, 4, 2, 2), torch.zeros(1, 4, 2, 2)
    x = frame.noised(clean, noise, 0.75)
    assert torch.allclose(x, clean / 4)
    assert torch.allclose(frame.finished(x, 0.75), clean)
    assert torch.equal(frame.finished(x, 0.0), x)


def test_discrete_prediction_is_a_description_over_the_same_weights(
    model: wd.Model, prompts: Prompts
) -> None:
    changed = resampling.discrete(model, "v_prediction", zero_snr=True)
    assert changed.weights is model.weights
    assert model.sampling is None
    assert changed.sampling is not None
    assert changed.sampling.table().sigma_max > 4000
    result = run(changed, prompts).samples
    assert torch.isfinite(result).all()
    assert not torch.allclose(result, run(model, prompts).samples, atol=0.1)
    same = resampling.discrete(model, "eps")
    assert torch.equal(run(same, prompts).samples, run(model, prompts).samples)


def test_consistency_sampling_asks_at_its_own_timesteps(model: wd.Model, prompts: Prompts) -> None:
    told: list[float] = []
    hook = model.weights.module.register_forward_pre_hook(
        lambda _, args: told.append(float(args[1].flatten()[0]))
    )
    try:
        run(resampling.discrete(model, "lcm"), prompts, sampler_name="lcm", steps=4, cfg=1.0)
    finally:
        hook.remove()
    assert len(told) == 4
    assert all((t + 1) % 20 == 0 for t in told)


def test_continuous_levels_tell_the_network_a_logarithm(model: wd.Model, prompts: Prompts) -> None:
    told: list[float] = []
    hook = model.weights.module.register_forward_pre_hook(
        lambda _, args: told.append(float(args[1].flatten()[0]))
    )
    try:
        changed = resampling.continuous(model, "v_prediction", 0.01, 80.0)
        run(changed, prompts, steps=2, scheduler="karras", cfg=1.0)
    finally:
        hook.remove()
    assert told == pytest.approx([0.25 * math.log(80.0), 0.25 * math.log(0.01)], rel=1e-4)


def test_shift_is_for_flow_models(model: wd.Model) -> None:
    with pytest.raises(wd.ModelError, match="flow"):
        resampling.shifted_flow(model, 3.0)
    flow = replace(model, sampling=ModelSampling("flow", "flow"))
    shifted = resampling.shifted_flow(flow, 3.0).sampling
    assert shifted is not None
    assert shifted.shift == 3.0
    with pytest.raises(wd.ModelError, match="flow"):
        resampling.discrete(flow, "eps")
    with pytest.raises(wd.ParameterError):
        resampling.shifted_flow(flow, 0.0)


def test_flux_shift_is_a_line_in_the_number_of_cells(model: wd.Model) -> None:
    flow = replace(model, sampling=ModelSampling("flow", "flow", multiplier=1.0))
    for side, wanted in ((256, 0.5), (1024, 1.15)):
        sampling = resampling.flux_flow(flow, 1.15, 0.5, side, side).sampling
        assert sampling is not None
        assert math.log(sampling.shift) == pytest.approx(wanted)
        assert sampling.multiplier == 1.0


@pytest.mark.parametrize("name", ["euler", "euler_ancestral", "dpmpp_2m_sde", "lcm", "uni_pc"])
def test_flow_model_samples_to_finite_latents(model: wd.Model, prompts: Prompts, name: str) -> None:
    flow = replace(model, sampling=ModelSampling("flow", "flow", shift=3.0))
    result = run(flow, prompts, sampler_name=name, scheduler="simple", steps=4)
    assert torch.isfinite(result.samples).all()


def test_lcm_upscale_gives_a_larger_latent_and_takes_no_mask(
    model: wd.Model, prompts: Prompts
) -> None:
    options = {"scale_ratio": 2.0, "scale_steps": 2}
    output, denoised = custom(model, prompts, sampler="lcm_upscale", options=options)
    assert output.samples.shape == denoised.samples.shape == (1, 4, 16, 16)
    plain, _ = custom(model, prompts, sampler="lcm")
    same, _ = custom(model, prompts, sampler="lcm_upscale")
    assert torch.equal(plain.samples, same.samples)
    masked = wd.set_noise_mask(wd.empty_latent(64, 64), torch.ones(1, 64, 64))
    with pytest.raises(wd.ParameterError, match="mask"):
        custom(model, prompts, sampler="lcm_upscale", options=options, latent=masked)


def test_brownian_path_of_a_flow_spans_the_schedule_as_given(
    model: wd.Model, prompts: Prompts, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The first level is moved off 1, which has no logarithm; the path's end is not (ComfyUI).
    spans: list[tuple[float, float]] = []

    class Spy(BrownianNoise):
        def __init__(self, *given: Any, low: float, high: float) -> None:
            spans.append((low, high))
            super().__init__(*given, low=low, high=high)

    monkeypatch.setattr("weft.diffusion.sampling.brownian.BrownianNoise", Spy)
    flow = replace(model, sampling=ModelSampling("flow", "flow", shift=3.0))
    custom(flow, prompts, sampler="dpmpp_2m_sde", sigmas=(1.0, 0.6, 0.2, 0.0))
    assert spans == [(0.2, 1.0)]


def test_noise_is_added_without_sampling(model: wd.Model) -> None:
    latent = wd.Latent(torch.zeros(1, 4, 32, 32))
    noisy = noised_latent(model, latent, wd.NoiseSource(3), wd.Schedule((5.0, 3.0, 2.0)))
    assert float(noisy.samples.std()) == pytest.approx(3.0 / 0.18215, rel=0.05)
    quiet = wd.NoiseSource(3, initial=False)
    assert torch.equal(
        noised_latent(model, latent, quiet, wd.Schedule((5.0,))).samples, latent.samples
    )
    assert noised_latent(model, latent, quiet, wd.Schedule(())) is latent


def test_steps_in_a_range_are_divided() -> None:
    assert extended([10.0, 6.0, 2.0, 0.0], 2, 8.0, 2.0, "linear") == [10, 6, 4, 2, 1, 0]
    assert extended([4.0, 0.0], 2, math.inf, 0.0, "cosine")[1] < 2
    assert extended([4.0, 0.0], 2, math.inf, 0.0, "sine")[1] > 2
    assert extended([], 3, math.inf, 0.0, "linear") == []
