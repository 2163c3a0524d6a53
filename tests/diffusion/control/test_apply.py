"""ControlNets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

import weft.diffusion as wd
from weft.diffusion.control.hints import fit_hint

from ... import models
from ..sampling.test_sample import calls, run

Prompts = tuple[wd.Conditioning, wd.Conditioning]


def picture(side: int = 64, batch: int = 1, seed: int = 0) -> torch.Tensor:
    return torch.rand(batch, side, side, 3, generator=torch.Generator().manual_seed(seed))


def both(prompts: Prompts, net: wd.ControlNet, image: torch.Tensor, *more: Any) -> Prompts:
    return (
        wd.apply_control(prompts[0], net, image, *more),
        wd.apply_control(prompts[1], net, image, *more),
    )


def test_strength_0_is_the_same_conditioning(prompts: Prompts, controlnet: wd.ControlNet) -> None:
    assert wd.apply_control(prompts[0], controlnet, picture(), 0.0) is prompts[0]


def test_control_changes_the_picture_and_not_the_prompt_given(
    model: wd.Model, prompts: Prompts, controlnet: wd.ControlNet
) -> None:
    plain = run(model, prompts).samples
    controlled = run(model, both(prompts, controlnet, picture())).samples
    assert prompts[0].entries[0].attached == ()
    assert float((controlled - plain).abs().mean()) > 0.01
    assert torch.equal(run(model, prompts).samples, plain)


def test_control_on_both_prompts_stays_one_call(
    model: wd.Model, prompts: Prompts, controlnet: wd.ControlNet
) -> None:
    image = picture()
    with calls(model) as seen:
        run(model, both(prompts, controlnet, image))
        same_content = (
            wd.apply_control(prompts[0], controlnet, image),
            wd.apply_control(prompts[1], controlnet, image.clone()),
        )
        run(model, same_content)
    assert seen == [(2, 77)] * 6


def test_control_on_the_positive_alone_leaves_the_negative_pass(
    model: wd.Model, prompts: Prompts, controlnet: wd.ControlNet
) -> None:
    positive = wd.apply_control(prompts[0], controlnet, picture())
    with calls(model) as seen:
        run(model, (positive, prompts[1]), steps=1)
    assert seen == [(1, 77), (1, 77)]


def test_control_of_both_sides_steers_the_negative_unless_it_has_its_own(
    model: wd.Model, prompts: Prompts, controlnet: wd.ControlNet, tmp_path: Path
) -> None:
    image = picture()
    shared = wd.apply_control(prompts[0], controlnet, image, both_sides=True)
    steered = run(model, both(prompts, controlnet, image)).samples
    assert torch.equal(run(model, (shared, prompts[1])).samples, steered)
    other = wd.load_controlnet(models.tiny_controlnet(tmp_path / "other.safetensors", seed=31))
    own = wd.apply_control(prompts[1], other, image)
    alone = wd.apply_control(prompts[0], controlnet, image)
    found = run(model, (shared, own)).samples
    assert torch.equal(found, run(model, (alone, own)).samples)
    assert not torch.equal(found, steered)


@pytest.mark.parametrize("dtype", ["bf16", "fp16", "fp8_e4m3fn"])
def test_control_of_a_model_in_another_type_runs_in_it(
    prompts: Prompts, controlnet: wd.ControlNet, tmp_path: Path, dtype: str
) -> None:
    path = models.tiny_sd1(tmp_path / "half.safetensors", seed=210)
    steered = both(prompts, controlnet, picture())
    whole = run(wd.load_model(path), steered).samples
    half = run(wd.load_model(path, dtype=dtype), steered).samples
    assert 0 < float((half - whole).norm() / whole.norm()) < 0.2


def test_control_outside_of_its_window_is_not_run(
    model: wd.Model, prompts: Prompts, controlnet: wd.ControlNet
) -> None:
    rows: list[int] = []
    hook = controlnet.weights.module.register_forward_pre_hook(
        lambda _, args: rows.append(args[0].shape[0])
    )
    try:
        run(model, both(prompts, controlnet, picture(), 1.0, 0.0, 0.5), steps=4)
    finally:
        hook.remove()
    assert rows == [2, 2]


def test_two_nets_at_half_strength_equal_one_at_full(
    model: wd.Model, prompts: Prompts, controlnet: wd.ControlNet
) -> None:
    image = picture()
    twice = both(both(prompts, controlnet, image, 0.5), controlnet, image, 0.5)
    once = both(prompts, controlnet, image, 1.0)
    assert torch.allclose(run(model, twice).samples, run(model, once).samples, atol=1e-3)


def test_control_picture_of_any_size_is_fitted(
    model: wd.Model, prompts: Prompts, controlnet: wd.ControlNet
) -> None:
    image = torch.rand(1, 33, 71, 3)
    assert run(model, both(prompts, controlnet, image)).samples.shape == (1, 4, 8, 8)


def test_hint_is_cropped_centrally_and_resized_to_nearest() -> None:
    image = torch.zeros(1, 4, 8, 3)
    image[:, :, 2:6] = 1.0  # the middle square
    hint = fit_hint(image, (8, 8), 1, torch.zeros(1))
    assert hint.shape == (1, 3, 8, 8)
    assert bool((hint == 1.0).all())


def test_hints_fewer_than_the_batch_are_repeated_in_turn() -> None:
    hint = fit_hint(picture(8, batch=2), (8, 8), 5, torch.zeros(1))
    assert torch.equal(hint[4], hint[0])
    assert torch.equal(hint[3], hint[1])


def test_net_of_another_width_is_refused_naming_both(
    model: wd.Model, prompts: Prompts, tmp_path: Path
) -> None:
    net = wd.load_controlnet(models.tiny_controlnet(tmp_path / "wide.safetensors", widths=(64, 64)))
    with pytest.raises(wd.ModelError) as caught:
        run(model, both(prompts, net, picture()))
    assert caught.value.code == "model.widths_do_not_fit"
    assert "wide.safetensors" in caught.value.message
    assert "tiny.safetensors" in caught.value.message


@pytest.mark.parametrize("window", [(-0.1, 1.0), (0.0, 1.1), (0.7, 0.3), (float("nan"), 1.0)])
def test_window_that_is_none_is_refused(
    prompts: Prompts, controlnet: wd.ControlNet, window: tuple[float, float]
) -> None:
    with pytest.raises(wd.ParameterError):
        wd.apply_control(prompts[0], controlnet, picture(), 1.0, *window)


def test_image_without_colours_is_refused(prompts: Prompts, controlnet: wd.ControlNet) -> None:
    with pytest.raises(wd.ShapeError):
        wd.apply_control(prompts[0], controlnet, torch.zeros(1, 64, 64))
