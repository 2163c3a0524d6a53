"""Union ControlNets against diffusers, and Control-LoRAs against the ControlNets that they make."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

import weft.diffusion as wd

from .. import control_nets, families
from .pipelines import (
    ABSOLUTE,
    build_sdxl,
    difference,
    pooled_arguments,
    schedule_for,
    seeded_noise,
)
from .test_unet_families import FLOW, SEED, SIDE, STEPS, both, control_model, sampled

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


@pytest.fixture(scope="module")
def picture() -> torch.Tensor:
    return torch.rand(1, SIDE, SIDE, 3, generator=torch.Generator().manual_seed(7))


def test_sdxl_union_controlnet_matches_diffusers(folder: Path, picture: torch.Tensor) -> None:
    from diffusers import StableDiffusionXLControlNetUnionPipeline

    from weft.diffusion.control.control_types import set_control_type
    from weft.diffusion.files.saving import save_tensors

    made = families.tiny_sdxl(folder / "sdxl-union.safetensors", seed=40)
    model, clip, _ = wd.load_checkpoint(made.path)
    network = control_nets.union_control(made.network)
    path = folder / "sdxl-union-net.safetensors"
    save_tensors(path, network.state_dict())
    net = wd.load_controlnet(path)
    assert net.family == "sdxl"
    prompts = both(clip)
    pipe = build_sdxl(
        StableDiffusionXLControlNetUnionPipeline,
        made,
        controlnet=network,
        add_watermarker=False,
    )
    expected = pipe(
        **pooled_arguments(*prompts),
        control_image=[picture.movedim(-1, 1)],
        control_mode=[3],
        controlnet_conditioning_scale=0.7,
        latents=seeded_noise(SEED, 1, 4, 8, 8),
        **schedule_for("euler", STEPS),
        **FLOW,
    ).images

    def got(told: wd.ControlNet) -> torch.Tensor:
        held = tuple(wd.apply_control(p, told, picture, 0.7) for p in prompts)
        return sampled(model, held).samples * 0.13025

    canny = got(set_control_type(net, "canny/lineart/anime_lineart/mlsd"))
    assert float((canny - expected).abs().max()) < ABSOLUTE
    # Nothing said: the picture acts all the same, as plain ControlNets' do.
    silent, plain = got(net), sampled(model, prompts).samples * 0.13025
    assert float((silent - plain).abs().max()) > 10 * ABSOLUTE
    assert float((silent - canny).abs().max()) > 10 * ABSOLUTE
    with pytest.raises(wd.ModelError, match="tile"):
        set_control_type(net, "tile")  # the seventh kind of a network of six


def test_sdxl_union_controlnet_told_nothing_is_a_plain_one(
    folder: Path, picture: torch.Tensor
) -> None:
    """With its kinds' embedding silenced, it gives what a ControlNet of the same weights gives."""
    from weft.diffusion.files.saving import save_tensors

    made = families.tiny_sdxl(folder / "sdxl-union-plain.safetensors", seed=41)
    model, clip, _ = wd.load_checkpoint(made.path)
    network = control_nets.union_control(made.network, seed=42)
    with torch.no_grad():
        network.control_add_embedding.linear_2.weight.zero_()
        network.control_add_embedding.linear_2.bias.zero_()
    state = network.state_dict()
    union_only = ("task_embedding", "transformer_layes.", "spatial_ch_projs.", "control_add_")
    plain = {k: v for k, v in state.items() if not k.startswith(union_only)}
    prompts = both(clip)
    found = []
    for name, tensors in (("union", state), ("plain", plain)):
        path = folder / f"sdxl-told-nothing-{name}.safetensors"
        save_tensors(path, tensors)
        net = wd.load_controlnet(path)
        held = tuple(wd.apply_control(p, net, picture, 0.7) for p in prompts)
        found.append(sampled(model, held))
    assert difference(found[0], found[1].samples * 0.18215) < ABSOLUTE


def test_control_lora_is_the_controlnet_that_it_makes_of_the_unet(
    folder: Path, picture: torch.Tensor
) -> None:
    """The whole ControlNet is compared with diffusers above; this one has UNet + up x down."""
    from weft.diffusion.files.saving import save_tensors

    made = families.tiny_sdxl(folder / "sdxl-control-lora.safetensors", seed=43)
    model, clip, _ = wd.load_checkpoint(made.path)
    network = control_model(made.network, seed=44)
    draw = torch.Generator().manual_seed(45)
    state, base = network.state_dict(), made.network.state_dict()
    whole, factors = dict(state), {}
    for name, tensor in state.items():
        if name in base and tensor.ndim in {2, 4}:
            flat = tensor.flatten(1)
            up = torch.randn(flat.shape[0], 3, generator=draw) * 0.05
            down = torch.randn(3, flat.shape[1], generator=draw) * 0.05
            whole[name] = base[name] + (up @ down).reshape(tensor.shape)
            ones = (1,) * (tensor.ndim - 2)
            factors[name] = (up.reshape(*up.shape, *ones), down.reshape(3, *tensor.shape[1:]))
    names = dict(zip(state, families.ldm("controlnet", _State({k: k for k in state})), strict=True))
    published = {"lora_controlnet": torch.zeros(1)}
    for name, old in names.items():
        stem = old.removeprefix("control_model.").removesuffix("weight")
        if name in factors:
            published |= {f"{stem}up": factors[name][0], f"{stem}down": factors[name][1]}
        elif name not in base or name.endswith("bias"):
            published[stem if name.endswith("bias") else f"{stem}weight"] = state[name]
    assert not any("norm1.weight" in name for name in published)
    prompts = both(clip)
    found = []
    for name, tensors in (("whole", whole), ("lora", published)):
        path = folder / f"sdxl-control-{name}.safetensors"
        save_tensors(path, {k: v.contiguous() for k, v in tensors.items()})
        net = wd.load_controlnet(path)
        assert net.family == "sdxl"
        held = tuple(wd.apply_control(p, net, picture, 0.7) for p in prompts)
        found.append(sampled(model, held))
    assert net.weights.kind == "control_lora"
    assert difference(found[1], found[0].samples * 0.18215) < ABSOLUTE
    assert difference(found[1], sampled(model, prompts).samples * 0.18215) > 10 * ABSOLUTE

    wide = families.write(
        folder / "wide", families.ldm("unet", families.sdxl_unet(widths=(64, 64)))
    )
    with pytest.raises(wd.ModelError) as caught:
        sampled(wd.load_model(wide), held)
    assert caught.value.code == "model.widths_do_not_fit"
    assert "sdxl-control-lora.safetensors" in str(caught.value)


class _State:
    """Names in the place of a module's tensors."""

    def __init__(self, names: dict[str, str]) -> None:
        self._names = names

    def state_dict(self) -> dict[str, str]:
        return self._names
