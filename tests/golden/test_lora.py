"""LoRAs and DoRAs as peft trains and merges them, and as diffusers loads them."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from weft.diffusion.patches.lora.apply import apply_lora
from weft.diffusion.patches.lora.file import load_lora

from .. import models
from .conftest import Pair

ATTENTION = ["to_q", "to_k", "to_v", "to_out.0"]
CONVOLUTIONS = ["conv1", "conv2", "conv_shortcut"]


def adapted(targets: list[str], *, dora: bool) -> tuple[Any, dict[str, torch.Tensor]]:
    """A tiny UNet with a random peft adapter, and the adapter's tensors."""
    import peft
    from peft.utils import get_peft_model_state_dict

    unet = models.tiny_unet(seed=0)
    config = peft.LoraConfig(r=4, lora_alpha=6, target_modules=targets, use_dora=dora)
    peft.inject_adapter_in_model(config, unet)
    torch.manual_seed(77)
    for name, parameter in unet.named_parameters():
        if "lora_A" in name or "lora_B" in name:
            torch.nn.init.normal_(parameter, std=0.1)
        if "magnitude" in name:
            parameter.data *= 1 + 0.1 * torch.rand_like(parameter)
    return unet.eval(), get_peft_model_state_dict(unet)


def inputs() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(5)
    x = torch.randn(1, 4, 8, 8, generator=generator)
    return x, torch.tensor([500]), torch.randn(1, 77, models.CONTEXT, generator=generator)


@pytest.mark.parametrize("dora", [False, True], ids=["lora", "dora"])
@pytest.mark.parametrize("targets", [ATTENTION, CONVOLUTIONS], ids=["attention", "convolutions"])
def test_unet_predicts_what_peft_predicts(
    pair: Pair, tmp_path: Path, targets: list[str], dora: bool
) -> None:
    reference, tensors = adapted(targets, dora=dora)
    path = tmp_path / "adapter_model.safetensors"
    alphas = {
        f"unet.{name.split('.lora_A')[0]}.alpha": torch.tensor(6.0)
        for name in tensors
        if ".lora_A" in name
    }
    save_file({f"unet.{k}": t.contiguous() for k, t in tensors.items()} | alphas, path)
    patched, _ = apply_lora(pair.model, None, load_lora(path))
    network: Any = patched.weights.module
    with torch.no_grad():
        theirs = reference(*inputs()).sample
        ours = network(*inputs()).sample
        plain = pair.unet(*inputs()).sample
    assert float((ours - theirs).abs().max()) < 5e-6 * float(theirs.std()) + 1e-6
    assert float((plain - theirs).abs().max()) > 1e-2


def test_kohya_file_gives_what_diffusers_makes_of_it(pair: Pair, tmp_path: Path) -> None:
    from diffusers.loaders import StableDiffusionLoraLoaderMixin

    torch.manual_seed(3)
    tensors: dict[str, torch.Tensor] = {}
    for name, shape in pair.model.weights.shapes.items():
        layer = name.removesuffix(".weight")
        if not layer.endswith(tuple(ATTENTION)) or not name.endswith(".weight"):
            continue
        stem = "lora_unet_" + layer.replace(".", "_")
        tensors[f"{stem}.lora_up.weight"] = torch.randn(shape[0], 4) * 0.1
        tensors[f"{stem}.lora_down.weight"] = torch.randn(4, shape[1]) * 0.1
        tensors[f"{stem}.alpha"] = torch.tensor(2.0)
    path = tmp_path / "style.safetensors"
    save_file(tensors, path)
    unet = models.tiny_unet(seed=0)
    state, alphas = StableDiffusionLoraLoaderMixin.lora_state_dict(dict(tensors))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        StableDiffusionLoraLoaderMixin.load_lora_into_unet(state, alphas, unet, adapter_name="x")
    unet.set_adapters(["x"], [0.8])
    patched, _ = apply_lora(pair.model, None, load_lora(path), 0.8)
    network: Any = patched.weights.module
    with torch.no_grad():
        theirs, ours = unet(*inputs()).sample, network(*inputs()).sample
    assert float((ours - theirs).abs().max()) < 5e-6 * float(theirs.std()) + 1e-6
