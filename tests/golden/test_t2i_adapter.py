"""T2I-Adapters against diffusers: same weights, noise and picture; and their published layout."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

import weft.diffusion as wd
from weft.diffusion.files.saving import save_tensors

from .. import families, models
from .conftest import Pair
from .pipelines import (
    ABSOLUTE,
    build,
    build_sdxl,
    difference,
    pooled_arguments,
    prompt_arguments,
    schedule_for,
    seeded_noise,
)

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

STEPS, CFG, SEED, SIDE = 4, 5.0, 3, 64
FLOW = {"height": SIDE, "width": SIDE, "guidance_scale": CFG, "output_type": "latent"}


@pytest.fixture(scope="module")
def picture() -> torch.Tensor:
    return torch.rand(1, SIDE, SIDE, 3, generator=torch.Generator().manual_seed(7))


def adapter(kind: str, channels: list[int], seed: int) -> Any:
    from diffusers import T2IAdapter

    torch.manual_seed(seed)
    return T2IAdapter(
        in_channels=3,
        channels=channels,
        num_res_blocks=2,
        downscale_factor=16 if kind == "full_adapter_xl" else 8,
        adapter_type=kind,
    ).eval()


def published(network: Any, kind: str) -> dict[str, Any]:
    """An adapter in the names of its authors."""
    result = {}
    for name, tensor in network.state_dict().items():
        parts = name.removeprefix("adapter.").split(".")
        if kind == "light_adapter":
            parts = ["body" if part == "resnets" else part for part in parts]
        elif parts[0] == "body" and parts[2] == "resnets":
            parts = ["body", str(2 * int(parts[1]) + int(parts[3])), *parts[4:]]
        elif parts[0] == "body":
            parts = ["body", str(2 * int(parts[1])), *parts[2:]]
        result[".".join(parts)] = tensor
    return result


def sampled(model: wd.Model, prompts: Any, **more: Any) -> wd.Latent:
    options = {"sampler_name": "euler", "scheduler": "simple", "steps": STEPS, "cfg": CFG} | more
    return wd.sample(model, *prompts, wd.empty_latent(SIDE, SIDE), seed=SEED, **options)


@pytest.mark.parametrize("kind", ["full_adapter", "light_adapter"])
@pytest.mark.parametrize("layout", ["diffusers", "published"])
def test_t2i_adapter_matches_diffusers(
    pair: Pair, prompts: Any, tmp_path: Path, picture: torch.Tensor, kind: str, layout: str
) -> None:
    wide = models.tiny_unet(widths=(32, 64, 64), seed=130)
    model = wd.load_model(families.write(tmp_path / "unet", families.ldm("unet", wide)))
    # A light adapter makes one level more than it names.
    network = adapter(kind, [32, 64] if kind == "light_adapter" else [32, 64, 64], seed=131)
    path = tmp_path / "adapter.safetensors"
    save_tensors(path, network.state_dict() if layout == "diffusers" else published(network, kind))
    net = wd.load_controlnet(path)
    assert (net.family, net.weights.kind) == ("sd1", "t2i_adapter")
    pipe = build("StableDiffusionAdapterPipeline", pair, "euler", unet=wide, adapter=network)
    expected = pipe(
        **prompt_arguments(*prompts),
        **schedule_for("euler", STEPS),
        **FLOW,
        image=picture.movedim(-1, 1),
        adapter_conditioning_scale=0.7,
        latents=seeded_noise(SEED, 1, 4, 8, 8),
    ).images
    held = tuple(wd.apply_control(p, net, picture, 0.7) for p in prompts)
    assert difference(sampled(model, held), expected) < ABSOLUTE
    assert difference(sampled(model, prompts), expected) > 10 * ABSOLUTE


def test_sdxl_t2i_adapter_matches_diffusers(folder: Path, picture: torch.Tensor) -> None:
    from diffusers import StableDiffusionXLAdapterPipeline

    made = families.tiny_sdxl(folder / "sdxl-t2i.safetensors", seed=132)
    model, clip, _ = wd.load_checkpoint(made.path)
    network = adapter("full_adapter_xl", [64, 128], seed=133)
    path = folder / "sdxl-t2i-adapter.safetensors"
    save_tensors(path, network.state_dict())
    net = wd.load_controlnet(path)
    assert net.family == "sdxl"
    prompts = wd.encode_text(clip, "a red circle"), wd.encode_text(clip, "blue square")
    pipe = build_sdxl(
        StableDiffusionXLAdapterPipeline,
        made,
        adapter=network,
    )
    expected = pipe(
        **pooled_arguments(*prompts),
        image=picture.movedim(-1, 1),
        adapter_conditioning_scale=0.7,
        latents=seeded_noise(SEED, 1, 4, 8, 8),
        **schedule_for("euler", STEPS),
        **FLOW,
    ).images
    held = tuple(wd.apply_control(p, net, picture, 0.7) for p in prompts)
    got = sampled(model, held).samples * 0.13025
    assert float((got - expected).abs().max()) < ABSOLUTE
    odd = wd.sample(
        model, *held, wd.empty_latent(72, 56), seed=1, steps=1, cfg=1.0,
        sampler_name="euler", scheduler="simple",
    )  # fmt: skip
    assert odd.samples.isfinite().all()


def test_t2i_adapter_and_controlnet_act_together(
    pair: Pair, prompts: Any, tmp_path: Path, picture: torch.Tensor
) -> None:
    control = wd.load_controlnet(models.tiny_controlnet(tmp_path / "c.safetensors", seed=134))
    save_tensors(tmp_path / "t.safetensors", adapter("full_adapter", [32, 64], 135).state_dict())
    t2i = wd.load_controlnet(tmp_path / "t.safetensors")
    found = []
    for nets in ((control,), (t2i,), (control, t2i), (t2i, control)):
        held = prompts
        for net in nets:
            held = tuple(wd.apply_control(p, net, picture, 0.5) for p in held)
        found.append(sampled(pair.model, held).samples)
    assert torch.equal(found[2], found[3])
    assert not torch.equal(found[2], found[0])
    assert not torch.equal(found[2], found[1])
    twice = prompts
    for _ in range(2):
        twice = tuple(wd.apply_control(p, t2i, picture, 0.25) for p in twice)
    assert torch.allclose(sampled(pair.model, twice).samples, found[1], atol=1e-3)


def test_t2i_adapter_of_other_widths_or_family_is_refused(
    pair: Pair, prompts: Any, tmp_path: Path, picture: torch.Tensor
) -> None:
    for kind, code in (
        ("full_adapter", "model.widths_do_not_fit"),
        ("full_adapter_xl", "model.kinds_do_not_fit"),
    ):
        path = tmp_path / f"{kind}.safetensors"
        save_tensors(path, adapter(kind, [64, 64], seed=136).state_dict())
        net = wd.load_controlnet(path)
        held = tuple(wd.apply_control(p, net, picture) for p in prompts)
        with pytest.raises(wd.ModelError) as caught:
            sampled(pair.model, held)
        assert caught.value.code == code
        assert path.name in str(caught.value)
