"""Where and in which number type networks run."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

import weft.diffusion as wd
from weft.diffusion.device import (
    Precision,
    choose_attention,
    compute_device,
    compute_dtype,
    storage_dtype,
)
from weft.diffusion.networks import NETWORKS

from .. import models
from .sampling.test_sample import run

CPU = torch.device("cpu")


def precision(network: str) -> Precision:
    return NETWORKS[network].precision


def test_device_can_be_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEFT_DEVICE", "cpu")
    assert compute_device() == CPU


@pytest.mark.parametrize("name", ["abacus", "cuda:99"])
def test_device_that_is_not_there_is_refused(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv("WEFT_DEVICE", name)
    with pytest.raises(wd.ParameterError) as caught:
        compute_device()
    assert caught.value.code == "device.unavailable"


@pytest.mark.parametrize("kind", ["unet", "vae", "text_encoder", "controlnet"])
def test_cpu_computes_in_float32(kind: str) -> None:
    assert compute_dtype(precision(kind), CPU) == torch.float32


def test_gpu_computes_the_unet_in_half_and_text_in_float32() -> None:
    assert compute_dtype(precision("unet"), torch.device("cuda")) == torch.float16
    assert compute_dtype(precision("text_encoder"), torch.device("cuda")) == torch.float32


def test_attention_kernel_can_be_set(monkeypatch: pytest.MonkeyPatch) -> None:
    kernels = torch.backends.cuda
    before = kernels.flash_sdp_enabled(), kernels.mem_efficient_sdp_enabled()
    monkeypatch.setenv("WEFT_ATTENTION", "efficient")
    try:
        choose_attention()
        assert not kernels.flash_sdp_enabled()
        assert kernels.mem_efficient_sdp_enabled() and kernels.math_sdp_enabled()
    finally:
        kernels.enable_flash_sdp(before[0])
        kernels.enable_mem_efficient_sdp(before[1])
        kernels.enable_cudnn_sdp(True)
    monkeypatch.setenv("WEFT_ATTENTION", "sharp")
    with pytest.raises(wd.ParameterError) as caught:
        choose_attention()
    assert caught.value.code == "device.unknown_attention"


def test_dtype_can_be_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEFT_DTYPE", "bfloat16")
    assert compute_dtype(precision("unet"), CPU) == torch.bfloat16
    monkeypatch.setenv("WEFT_DTYPE", "int8")
    with pytest.raises(wd.ParameterError):
        compute_dtype(precision("unet"), CPU)


def test_dtypes_of_parts_can_be_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEFT_DTYPE", "unet=bf16, vae=float16,text=fp8_e4m3fn")
    assert (
        compute_dtype(precision("unet"), CPU)
        == compute_dtype(precision("controlnet"), CPU)
        == torch.bfloat16
    )
    assert compute_dtype(precision("flux"), CPU) == torch.bfloat16
    assert compute_dtype(precision("vae"), CPU) == torch.float16
    assert compute_dtype(precision("clip_vision"), CPU) == torch.float32
    # fp8 is for storage: sums stay as they are.
    assert compute_dtype(precision("t5"), CPU) == torch.float32
    assert storage_dtype(precision("t5")) == torch.float8_e4m3fn
    assert storage_dtype(precision("unet")) is None


def test_fp8_for_the_unet_leaves_what_steers_it_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEFT_DTYPE", "unet=fp8_e5m2")
    assert storage_dtype(precision("sd3")) == torch.float8_e5m2
    assert storage_dtype(precision("controlnet")) is None
    assert compute_dtype(precision("controlnet"), CPU) == torch.float32


@pytest.mark.parametrize(
    "text", ["fp8_e4m3fn", "vae=fp8_e5m2", "sound=fp16", "unet=int8", "unet=", "=fp16"]
)
def test_dtypes_that_are_none_are_refused(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("WEFT_DTYPE", text)
    with pytest.raises(wd.ParameterError) as caught:
        compute_dtype(precision("unet"), CPU)
    assert caught.value.code == "device.unknown_dtype"


def test_everything_runs_in_bfloat16(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, prompts: tuple[wd.Conditioning, ...]
) -> None:
    monkeypatch.setenv("WEFT_DTYPE", "bfloat16")
    model, clip, vae = wd.load_checkpoint(models.tiny_sd1(tmp_path / "x.safetensors"))
    net = wd.load_controlnet(models.tiny_controlnet(tmp_path / "c.safetensors"))
    vision = wd.load_clip_vision(models.tiny_clip_vision(tmp_path / "v.safetensors"))
    adapter = wd.load_ip_adapter(models.tiny_ip_adapter(tmp_path / "i.safetensors"), vision)
    assert next(model.weights.module.parameters()).dtype == torch.bfloat16
    image = torch.rand(1, 64, 64, 3, generator=torch.Generator().manual_seed(0))
    text = wd.apply_control(wd.encode_text(clip, "a (red:1.2) circle"), net, image)
    result = run(
        wd.apply_ip_adapter(model, adapter, image), (text, text), wd.encode_image(vae, image)
    )
    assert result.samples.dtype == torch.float32
    assert wd.decode_latent(vae, result).dtype == torch.float32
