"""A text that ControlNets alone read."""

from __future__ import annotations

import pytest
import torch

import weft.diffusion as wd
from weft.diffusion.denoising.batched import open_denoiser
from weft.diffusion.text.conditioning import combine, set_control_text

from ... import models

SIGMA = 4.0


def text(seed: int, chunks: int = 1) -> wd.Conditioning:
    tokens = torch.randn(
        1, 77 * chunks, models.CONTEXT, generator=torch.Generator().manual_seed(seed)
    )
    return wd.Conditioning((wd.ConditioningEntry(tokens),))


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> tuple[wd.Model, wd.ControlNet]:
    root = tmp_path_factory.mktemp("control-text")
    model, _, _ = wd.load_checkpoint(models.tiny_sd1(root / "a.safetensors", seed=801))
    return model, wd.load_controlnet(models.tiny_controlnet(root / "c.safetensors", seed=802))


@pytest.fixture(scope="module")
def image() -> torch.Tensor:
    return torch.rand(1, 64, 64, 3, generator=torch.Generator().manual_seed(803))


def predicted(model: wd.Model, conditioning: wd.Conditioning) -> torch.Tensor:
    x = torch.randn(1, 4, 8, 8, generator=torch.Generator().manual_seed(804))
    with torch.no_grad():
        return open_denoiser(model).predict(x * SIGMA, SIGMA, conditioning)


@pytest.mark.parametrize("chunks", [1, 3])
def test_control_net_reads_its_text_and_the_model_its_own(
    opened: tuple[wd.Model, wd.ControlNet], image: torch.Tensor, chunks: int
) -> None:
    model, net = opened
    own, other = text(1), text(2, chunks)
    got = predicted(model, wd.apply_control(set_control_text(own, other), net, image))

    denoiser = open_denoiser(model)
    unet, control = models.tiny_unet(seed=801), models.tiny_controlnet_model(seed=802)
    x = torch.randn(1, 4, 8, 8, generator=torch.Generator().manual_seed(804)) * SIGMA
    scaled = denoiser.parametrization.network_input(x, SIGMA)
    time = denoiser.parametrization.table.timestep(SIGMA)
    with torch.no_grad():
        down, mid = control(
            scaled, time, other.entries[0].tokens, image.movedim(-1, 1), return_dict=False
        )
        noise = unet(
            scaled,
            time,
            own.entries[0].tokens,
            down_block_additional_residuals=down,
            mid_block_additional_residual=mid,
        ).sample
    expected = denoiser.parametrization.denoised(x, noise, SIGMA)
    assert float((got - expected).abs().max()) < 1e-4
    plain = predicted(model, wd.apply_control(own, net, image))
    assert float((got - plain).abs().max()) > 1e-2


def test_text_for_control_is_nothing_without_a_control_net(
    opened: tuple[wd.Model, wd.ControlNet],
) -> None:
    model, _ = opened
    assert torch.equal(
        predicted(model, set_control_text(text(1), text(2))), predicted(model, text(1))
    )


def test_entries_with_and_without_a_text_for_control_are_each_told_theirs(
    opened: tuple[wd.Model, wd.ControlNet], image: torch.Tensor
) -> None:
    model, net = opened
    sides = [
        wd.apply_control(set_control_text(text(1), text(2, 3)), net, image),
        wd.apply_control(text(3), net, image),
        wd.apply_control(set_control_text(text(4), text(5, 2)), net, image),
    ]
    alone = torch.stack([predicted(model, side) for side in sides])
    together = predicted(model, combine(*sides))
    assert float((together - alone.mean(0)).abs().max()) < 1e-4
