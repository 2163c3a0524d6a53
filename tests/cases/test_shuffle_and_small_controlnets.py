"""Shuffle ControlNets average what they add; SDXL's small ControlNets have no attention."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

import weft.diffusion as wd
from tests import families, models
from weft.diffusion.errors import ModelError
from weft.diffusion.files.loading import load_controlnet

KEY = "global_pool_conditions"


def network(**more: Any) -> Any:
    """The ControlNet of `rows/shuffle.py`, with random weights everywhere."""
    from diffusers import ControlNetModel

    torch.manual_seed(0)
    made = ControlNetModel(
        block_out_channels=(32, 64, 64, 64),
        cross_attention_dim=32,
        attention_head_dim=8,
        norm_num_groups=32,
        conditioning_embedding_out_channels=(16, 32),
        **more,
    )
    for parameter in made.parameters():
        torch.nn.init.normal_(parameter, std=0.05)
    return made.eval()


def residuals(module: Any) -> list[torch.Tensor]:
    torch.manual_seed(1)
    inputs = (torch.randn(1, 4, 16, 16), torch.tensor([10]), torch.randn(1, 7, 32))
    with torch.no_grad():
        down, mid = module(*inputs, torch.rand(1, 3, 32, 32), return_dict=False)
    return [*down, mid]


def same(left: Any, right: Any) -> None:
    for ours, theirs in zip(residuals(left), residuals(right), strict=True):
        assert ours.shape == theirs.shape
        torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=1e-4)


def test_shuffle_folder_pools_as_diffusers_does(tmp_path: Path) -> None:
    theirs = network(**{KEY: True})
    theirs.save_pretrained(tmp_path / "control_v11e_sd15_shuffle")
    ours = load_controlnet(tmp_path / "control_v11e_sd15_shuffle")
    assert residuals(ours.weights.module)[-1].shape == (1, 64, 1, 1)
    same(ours.weights.module, theirs)


def test_folder_of_another_name_and_config_is_followed(tmp_path: Path) -> None:
    network(**{KEY: True}).save_pretrained(tmp_path / "pooled")
    network(**{KEY: False}).save_pretrained(tmp_path / "shuffle")
    assert load_controlnet(tmp_path / "pooled").weights.config[KEY] is True
    assert load_controlnet(tmp_path / "shuffle").weights.config[KEY] is False


def test_channel_order_of_a_folder_is_followed(tmp_path: Path) -> None:
    theirs = network(controlnet_conditioning_channel_order="bgr")
    theirs.save_pretrained(tmp_path / "bgr")
    same(load_controlnet(tmp_path / "bgr").weights.module, theirs)


@pytest.mark.parametrize(
    ("name", "pooled"),
    [
        ("control_v11e_sd15_shuffle", True),
        ("control_v11e_sd15_shuffle_fp16", True),
        ("controlnet11Models_Shuffle", True),
        ("reshuffled", False),
        ("control_v11p_sd15_canny", False),
    ],
)
def test_single_file_is_told_by_its_name_and_says_so(
    tmp_path: Path, name: str, pooled: bool, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / f"{name}.safetensors"
    theirs = network(**{KEY: pooled})
    save_file(theirs.state_dict(), file)
    with caplog.at_level(logging.WARNING, "weft"):
        same(load_controlnet(file).weights.module, theirs)
    assert ("global_pooling" in caplog.text) == pooled


def test_choice_comes_before_name_and_header(tmp_path: Path) -> None:
    state = network().state_dict()
    stated = {"config": json.dumps({"controlnet": {KEY: True}})}
    save_file(state, tmp_path / "a_shuffle.safetensors")
    save_file(state, tmp_path / "b.safetensors", metadata=stated)
    pooled = network(**{KEY: True})
    same(load_controlnet(tmp_path / "b.safetensors").weights.module, pooled)
    for name in ("a_shuffle", "b"):
        file = tmp_path / f"{name}.safetensors"
        same(load_controlnet(file, pooled=False).weights.module, network())
        same(load_controlnet(file, pooled=True).weights.module, pooled)


def test_pooled_and_plain_use_of_one_file_are_told_apart(tmp_path: Path) -> None:
    file = tmp_path / "a.safetensors"
    save_file(network().state_dict(), file)
    pooled, plain = load_controlnet(file, pooled=True), load_controlnet(file, pooled=False)
    assert pooled != plain
    assert pooled.weights.content_digest != plain.weights.content_digest
    assert plain.weights.content_digest == load_controlnet(file).weights.content_digest


def test_pooling_is_refused_where_there_is_none(tmp_path: Path) -> None:
    adapter = {"body.0.in_conv.weight": torch.zeros(80, 192, 1, 1)}
    save_file(adapter, tmp_path / "t2i.safetensors")
    with pytest.raises(ModelError) as caught:
        load_controlnet(tmp_path / "t2i.safetensors", pooled=True)
    assert caught.value.code == "control.no_pooling"


def test_pooled_controlnet_steers_a_run(tmp_path: Path) -> None:
    """Its residuals of one cell are added to every cell."""
    model, clip, _ = wd.load_checkpoint(models.tiny_sd1(tmp_path / "m.safetensors"))
    models.tiny_controlnet(tmp_path / "c.safetensors")
    prompt = wd.encode_text(clip, "a red circle")
    image = torch.rand(1, 64, 64, 3, generator=torch.Generator().manual_seed(3))

    def run(pooled: bool) -> torch.Tensor:
        net = load_controlnet(tmp_path / "c.safetensors", pooled=pooled)
        steered = wd.apply_control(prompt, net, image)
        return wd.sample(
            model,
            steered,
            steered,
            wd.empty_latent(64, 64),
            seed=1,
            steps=2,
            cfg=1.0,
            sampler_name="euler",
            scheduler="normal",
        ).samples

    assert run(pooled=True).isfinite().all()
    assert not torch.allclose(run(pooled=True), run(pooled=False))


# --- SDXL small ---


def small(layout: str, path: Path) -> Any:
    """SDXL's small ControlNet, at toy widths, in a file."""
    from diffusers import ControlNetModel

    torch.manual_seed(5)
    made = ControlNetModel(
        block_out_channels=(32, 64, 64),
        down_block_types=("DownBlock2D",) * 3,
        mid_block_type="UNetMidBlock2D",
        layers_per_block=2,
        addition_embed_type="text_time",
        addition_time_embed_dim=256,
        projection_class_embeddings_input_dim=6 * 256 + 64,
        conditioning_embedding_out_channels=(16, 32),
    ).eval()
    for parameter in made.parameters():
        torch.nn.init.normal_(parameter, std=0.05)
    assert not any(".attentions." in name for name in made.state_dict())
    save_file(
        made.state_dict() if layout == "diffusers" else families.ldm("controlnet", made), path
    )
    return made


@pytest.mark.parametrize("layout", ["diffusers", "ldm"])
def test_small_sdxl_controlnet_without_attention_loads(tmp_path: Path, layout: str) -> None:
    theirs = small(layout, tmp_path / "small.safetensors")
    net = load_controlnet(tmp_path / "small.safetensors")
    assert net.family == "sdxl"
    torch.manual_seed(1)
    told = {"text_embeds": torch.randn(1, 64), "time_ids": torch.rand(1, 6) * 100}
    arguments = (torch.randn(1, 4, 16, 16), torch.tensor([10]), torch.randn(1, 7, 2048))
    hint = torch.rand(1, 3, 32, 32)
    with torch.no_grad():
        found, wanted = (
            module(*arguments, hint, added_cond_kwargs=told, return_dict=False)
            for module in (net.weights.module, theirs)
        )
    for ours, other in zip([*found[0], found[1]], [*wanted[0], wanted[1]], strict=True):
        torch.testing.assert_close(ours, other, atol=1e-5, rtol=1e-4)


def test_controlnet_whose_attention_is_cut_off_is_refused(tmp_path: Path) -> None:
    state = {n: t for n, t in network().state_dict().items() if ".attn2." not in n}
    save_file(state, tmp_path / "cut.safetensors")
    with pytest.raises(ModelError):
        load_controlnet(tmp_path / "cut.safetensors")
