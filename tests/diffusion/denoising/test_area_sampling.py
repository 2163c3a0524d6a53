"""Areas, masks and times of prompts, through a denoiser."""

from __future__ import annotations

import pytest
import torch

import weft.diffusion as wd
from weft.diffusion.denoising.batched import open_denoiser
from weft.diffusion.text import conditioning as cond
from weft.diffusion.types import Area

SIGMA = 3.0


@pytest.fixture(scope="module")
def x() -> torch.Tensor:
    return torch.randn(2, 4, 8, 16, generator=torch.Generator().manual_seed(0)) * 3


@pytest.fixture(scope="module")
def red_blue(clip: wd.Clip) -> tuple[wd.Conditioning, wd.Conditioning]:
    return wd.encode_text(clip, "a red circle"), wd.encode_text(clip, "blue square")


def predict(model: wd.Model, x: torch.Tensor, conditioning: wd.Conditioning) -> torch.Tensor:
    with torch.no_grad():
        return open_denoiser(model).predict(x, SIGMA, conditioning)


def test_halves_are_predicted_each_from_its_part_alone(
    model: wd.Model, red_blue: tuple[wd.Conditioning, wd.Conditioning], x: torch.Tensor
) -> None:
    left, right = Area(0, 0, 64, 64), Area(64, 0, 64, 64)
    both = cond.combine(
        cond.set_area(red_blue[0], left, 1.0), cond.set_area(red_blue[1], right, 1.0)
    )
    found = predict(model, x, both)
    parts = [
        predict(model, x[..., :8], red_blue[0]),
        predict(model, x[..., 8:], red_blue[1]),
    ]
    assert torch.allclose(found, torch.cat(parts, dim=-1), atol=1e-4)


def test_masks_average_predictions_of_the_whole_by_weight(
    model: wd.Model, red_blue: tuple[wd.Conditioning, wd.Conditioning], x: torch.Tensor
) -> None:
    mask = torch.full((1, 8, 16), 0.25)
    mask[..., 8:] = 1
    both = cond.combine(cond.set_mask(red_blue[0], mask), cond.set_mask(red_blue[1], 1 - mask))
    red, blue = (predict(model, x, each) for each in red_blue)
    weight = mask[:, None]
    assert torch.allclose(predict(model, x, both), weight * red + (1 - weight) * blue, atol=1e-4)


def test_prompt_without_area_and_prompt_with_one_are_averaged_where_both_act(
    model: wd.Model, red_blue: tuple[wd.Conditioning, wd.Conditioning], x: torch.Tensor
) -> None:
    area = Area(0, 0, 64, 64)
    found = predict(model, x, cond.combine(red_blue[0], cond.set_area(red_blue[1], area, 3.0)))
    red, blue = predict(model, x, red_blue[0]), predict(model, x[..., :8], red_blue[1])
    assert torch.allclose(found[..., 8:], red[..., 8:], atol=1e-4)
    # 8 cells wide: the edge inside the picture is soft over 2 of them.
    weight = 3 * torch.tensor([1, 1, 1, 1, 1, 1, 1, 0.5])
    expected = (red[..., :8] + weight * blue) / (1 + weight)
    assert torch.allclose(found[..., :8], expected, atol=1e-4)


def test_negative_gets_the_area_of_the_positive(
    model: wd.Model, red_blue: tuple[wd.Conditioning, wd.Conditioning], x: torch.Tensor
) -> None:
    area = Area(0, 0, 64, 64)
    positive = cond.combine(red_blue[0], cond.set_area(red_blue[0], area, 1.0))
    with torch.no_grad():
        sides = [(positive, False), (red_blue[1], True)]
        _, negative = open_denoiser(model).predict_sides(x, SIGMA, sides)
    wanted = predict(model, x, cond.combine(red_blue[1], cond.set_area(red_blue[1], area, 1.0)))
    assert torch.allclose(negative, wanted, atol=1e-4)


def test_prompts_of_a_schedule_act_in_their_time(
    model: wd.Model, red_blue: tuple[wd.Conditioning, wd.Conditioning], x: torch.Tensor
) -> None:
    split = cond.combine(
        cond.set_range(red_blue[0], 0.0, 0.5), cond.set_range(red_blue[1], 0.5, 1.0)
    )
    denoiser = open_denoiser(model)
    with torch.no_grad():
        for sigma, which in ((5.0, 0), (0.5, 1)):
            assert torch.equal(
                denoiser.predict(x, sigma, split), denoiser.predict(x, sigma, red_blue[which])
            )


def test_prompts_that_all_weigh_nothing_are_refused(
    model: wd.Model, red_blue: tuple[wd.Conditioning, wd.Conditioning], x: torch.Tensor
) -> None:
    nothing = cond.set_mask(red_blue[0], torch.zeros(1, 8, 8))
    with pytest.raises(wd.SamplingError) as caught:
        predict(model, x, nothing)
    assert caught.value.code == "sample.nothing_to_condition_on"


def test_area_prompts_of_a_batch_sample_with_control_in_one_plan(
    model: wd.Model, red_blue: tuple[wd.Conditioning, wd.Conditioning], controlnet: wd.ControlNet
) -> None:
    picture = torch.rand(1, 64, 64, 3, generator=torch.Generator().manual_seed(1))
    half = cond.set_area(red_blue[0], Area(0, 0, 64, 64), 1.0)
    positive = wd.apply_control(cond.combine(red_blue[1], half), controlnet, picture)
    latent = wd.sample(
        model,
        positive,
        wd.apply_control(red_blue[1], controlnet, picture),
        wd.empty_latent(128, 64, 2),
        seed=1,
        steps=2,
        cfg=3.0,
        sampler_name="euler",
        scheduler="normal",
    )
    assert bool(torch.isfinite(latent.samples).all())
