"""ControlNets stored as their difference from a UNet."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

import weft.diffusion as wd
from weft.diffusion.denoising.batched import open_denoiser
from weft.diffusion.files.saving import save_tensors
from weft.diffusion.formats.ldm import to_ldm
from weft.diffusion.patches.merge import merge_models

from ... import families, models


def difference_file(path: Path, *, control: int, unet: int) -> Path:
    """A ControlNet less the UNet of the same names, in the layout of first publication."""
    base = models.tiny_unet(seed=unet).state_dict()
    state = {
        name: tensor - base[name] if name in base else tensor
        for name, tensor in models.tiny_controlnet_model(seed=control).state_dict().items()
    }
    save_tensors(path, {**to_ldm("controlnet", state, prefix=True), "difference": torch.ones(1)})
    return path


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("difference")


@pytest.fixture(scope="module")
def model(root: Path) -> wd.Model:
    return wd.load_checkpoint(models.tiny_sd1(root / "a.safetensors", seed=811))[0]


def predicted(model: wd.Model, net: wd.ControlNet) -> torch.Tensor:
    draw = torch.Generator().manual_seed(0)
    tokens = torch.randn(1, 77, models.CONTEXT, generator=draw)
    x = torch.randn(1, 4, 8, 8, generator=draw) * 3.0
    text = wd.Conditioning((wd.ConditioningEntry(tokens),))
    image = torch.rand(1, 64, 64, 3, generator=draw)
    with torch.no_grad():
        return open_denoiser(model).predict(x, 3.0, wd.apply_control(text, net, image))


def test_difference_on_its_model_is_the_control_net(root: Path, model: wd.Model) -> None:
    path = difference_file(root / "difference.safetensors", control=812, unet=811)
    whole = wd.load_controlnet(models.tiny_controlnet(root / "whole.safetensors", seed=812))
    net = wd.load_controlnet(path, model)
    state = whole.weights.module.state_dict()
    made = net.weights.module.state_dict()
    assert made.keys() == state.keys()
    assert all(torch.allclose(made[name], state[name], atol=1e-6) for name in state)
    assert float((predicted(model, net) - predicted(model, whole)).abs().max()) < 1e-4
    assert wd.load_controlnet(path, model).weights is net.weights


def test_difference_follows_the_model_that_it_is_put_on(root: Path, model: wd.Model) -> None:
    path = difference_file(root / "follows.safetensors", control=813, unet=811)
    other = wd.load_checkpoint(models.tiny_sd1(root / "b.safetensors", seed=814))[0]
    merged = merge_models(model, other, 0.5)
    net, moved = wd.load_controlnet(path, model), wd.load_controlnet(path, merged)
    name = "conv_in.weight"
    shift = (other.weights.tensor(name) - model.weights.tensor(name)) / 2
    got = moved.weights.tensor(name) - net.weights.tensor(name)
    assert torch.allclose(got, shift, atol=1e-6)
    hint = "controlnet_cond_embedding.conv_in.weight"
    assert torch.equal(moved.weights.tensor(hint), net.weights.tensor(hint))


def test_difference_without_model_or_on_another_family_is_refused(
    root: Path, model: wd.Model
) -> None:
    path = difference_file(root / "refused.safetensors", control=815, unet=811)
    with pytest.raises(wd.ModelError) as caught:
        wd.load_controlnet(path)
    assert caught.value.code == "model.is_a_difference"
    assert "DiffControlNetLoader" in str(caught.value)
    sdxl = wd.load_checkpoint(families.tiny_sdxl(root / "xl.safetensors", seed=816).path)[0]
    with pytest.raises(wd.ModelError) as caught:
        wd.load_controlnet(path, sdxl)
    assert caught.value.code == "model.widths_do_not_fit"
    assert "refused.safetensors" in str(caught.value)
    assert "xl.safetensors" in str(caught.value)


def test_whole_control_net_is_not_put_on_the_model(root: Path, model: wd.Model) -> None:
    path = models.tiny_controlnet(root / "plain.safetensors", seed=817)
    assert wd.load_controlnet(path, model).weights is wd.load_controlnet(path).weights
