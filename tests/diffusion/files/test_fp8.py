"""fp8 files: weights that stay in fp8, with and without scales beside them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

import weft.diffusion as wd
from weft.diffusion.files.exporting import SingleFile
from weft.diffusion.weights.packed import STORED

from ... import families, models
from .test_gguf import sampled

E4M3 = torch.float8_e4m3fn
TABLES = ("shared.", "embed_tokens", "relative_attention_bias")


def pair(folder: Path, seed: int, *, scaled: bool) -> tuple[Path, Path]:
    """Flux in fp8 (one scale a matrix or none), and the numbers that it stands for in float32."""
    small: dict[str, Any] = {}
    plain: dict[str, Any] = {}
    for name, tensor in families.flux_tensors(families.flux_transformer(seed=seed)).items():
        if tensor.ndim < 2:
            small[name] = plain[name] = tensor.clone()
            continue
        scale = tensor.abs().max() / 448 if scaled else torch.tensor(1.0)
        small[name] = (tensor / scale).to(E4M3)
        plain[name] = small[name].float() * scale
        if scaled:
            small[name.removesuffix("weight") + "scale_weight"] = scale
            small[name.removesuffix("weight") + "scale_input"] = torch.tensor(1.0)
    if scaled:
        small["scaled_fp8"] = torch.zeros(2, dtype=E4M3)
    save_file(small, folder / f"{seed}-small.safetensors")
    save_file(plain, folder / f"{seed}-plain.safetensors")
    return folder / f"{seed}-small.safetensors", folder / f"{seed}-plain.safetensors"


@pytest.mark.parametrize("scaled", [False, True])
def test_fp8_file_samples_as_its_numbers_do_and_stays_small(tmp_path: Path, scaled: bool) -> None:
    small_file, plain_file = pair(tmp_path, 9100 + scaled, scaled=scaled)
    small, plain = wd.load_model(small_file), wd.load_model(plain_file)
    assert small.family == "flux"
    assert small.weights.shapes == plain.weights.shapes
    torch.testing.assert_close(sampled(small), sampled(plain), rtol=1e-5, atol=1e-5)
    name = "transformer_blocks.0.attn.to_q.weight"
    assert wd.RESIDENCY.tensors(small.weights)[name].dtype == STORED
    for each in plain.weights.shapes:
        got, expected = small.weights.tensor(each), plain.weights.tensor(each)
        torch.testing.assert_close(got, expected, rtol=1e-6, atol=0)
    assert small.weights.footprint < 0.3 * plain.weights.footprint


def test_asked_for_another_type_fp8_is_widened(tmp_path: Path) -> None:
    small_file, plain_file = pair(tmp_path, 9102, scaled=True)
    wide = wd.load_model(small_file, dtype="fp32")
    assert {p.dtype for p in wide.weights.module.parameters()} == {torch.float32}
    assert torch.equal(sampled(wide), sampled(wd.load_model(plain_file)))


def test_scaled_fp8_is_brought_into_the_other_fp8_type_without_its_scale(tmp_path: Path) -> None:
    small_file, plain_file = pair(tmp_path, 9103, scaled=True)
    other = wd.load_model(small_file, dtype="fp8_e5m2").weights
    plain = wd.load_model(plain_file).weights
    name = "transformer_blocks.0.attn.to_q.weight"
    expected = plain.tensor(name).to(torch.float8_e5m2).float()
    assert torch.equal(other.tensor(name), expected)


def test_lora_on_fp8_weights_is_not_rounded_to_fp8(tmp_path: Path) -> None:
    small_file, plain_file = pair(tmp_path, 9104, scaled=True)
    generator = torch.Generator().manual_seed(1)
    stem = "transformer.transformer_blocks.0.attn.to_q"
    save_file(
        {
            f"{stem}.lora_A.weight": 1e-3 * torch.randn(2, 64, generator=generator),
            f"{stem}.lora_B.weight": 1e-3 * torch.randn(64, 2, generator=generator),
        },
        tmp_path / "lora.safetensors",
    )
    lora = wd.load_lora(tmp_path / "lora.safetensors")
    small, plain = (
        wd.apply_lora(wd.load_model(file), None, lora, 1.0)[0] for file in (small_file, plain_file)
    )
    name = "transformer_blocks.0.attn.to_q.weight"
    torch.testing.assert_close(
        small.weights.tensor(name), plain.weights.tensor(name), rtol=1e-6, atol=1e-9
    )
    torch.testing.assert_close(sampled(small), sampled(plain), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("scaled", [False, True])
def test_fp8_model_written_again_has_the_same_numbers(tmp_path: Path, scaled: bool) -> None:
    small_file, plain_file = pair(tmp_path, 9106 + scaled, scaled=scaled)
    file, target = SingleFile(), tmp_path / "again.safetensors"
    file.add_model(wd.load_model(small_file))
    with target.open("wb") as stream:
        file.write(stream)
    again, plain = wd.load_model(target), wd.load_model(plain_file)
    for name in plain.weights.shapes:
        torch.testing.assert_close(
            again.weights.tensor(name), plain.weights.tensor(name), rtol=1e-6, atol=0
        )
    assert (E4M3 in {t.dtype for t in load_file(target).values()}) != scaled


def test_scaled_fp8_t5_encodes_as_its_numbers_do(tmp_path: Path) -> None:
    small: dict[str, Any] = {}
    plain: dict[str, Any] = {}
    for name, tensor in families.t5_tensors(families.t5_encoder(seed=9108), "").items():
        plain[name] = small[name] = tensor.clone()
        if tensor.ndim == 2 and not any(table in name for table in TABLES):
            scale = tensor.abs().max() / 448
            small[name] = (tensor / scale).to(E4M3)
            plain[name] = small[name].float() * scale
            small[name.removesuffix("weight") + "scale_weight"] = scale.reshape(1)
    small["scaled_fp8"] = torch.zeros(0, dtype=E4M3)
    save_file(small, tmp_path / "small.safetensors")
    save_file(plain, tmp_path / "plain.safetensors")
    (tmp_path / "tokenizer.json").write_text(families.t5_tokenizer())
    got, expected = (
        wd.encode_text(wd.load_clip([tmp_path / f"{n}.safetensors"], "pixart_sigma"), "a red box")
        for n in ("small", "plain")
    )
    torch.testing.assert_close(
        got.entries[0].tokens, expected.entries[0].tokens, rtol=1e-5, atol=1e-5
    )


def test_t5_can_be_kept_in_fp8(tmp_path: Path) -> None:
    tensors = families.t5_tensors(families.t5_encoder(seed=9109), "")
    save_file({n: t.contiguous().clone() for n, t in tensors.items()}, tmp_path / "t5.safetensors")
    (tmp_path / "tokenizer.json").write_text(families.t5_tokenizer())
    path = tmp_path / "t5.safetensors"
    small = wd.load_clip([path], "pixart_sigma", dtype="fp8_e4m3fn")
    whole = wd.load_clip([path], "pixart_sigma")
    one, other = (wd.encode_text(c, "a red box").entries[0].tokens for c in (small, whole))
    apart = float((one - other).norm() / other.norm())
    assert 0 < apart < 0.2
    held = wd.RESIDENCY.tensors(small.weights)
    assert held["encoder.block.0.layer.1.DenseReluDense.wo.weight"].dtype == STORED


def test_scale_for_every_row_is_refused_by_name(tmp_path: Path) -> None:
    small_file, _ = pair(tmp_path, 9110, scaled=True)
    tensors = load_file(small_file)
    tensors["img_in.scale_weight"] = torch.ones(64, 1)
    save_file(tensors, tmp_path / "rows.safetensors")
    with pytest.raises(wd.ModelError) as caught:
        wd.load_model(tmp_path / "rows.safetensors")
    assert caught.value.code == "model.unsupported_precision"
    assert "img_in.scale_weight" in caught.value.message
    assert "rows.safetensors" in caught.value.message


def test_conversion_of_scaled_weights_is_refused(tmp_path: Path) -> None:
    from weft.diffusion.files.convert.model import convert_model

    small_file, _ = pair(tmp_path, 9111, scaled=True)
    with pytest.raises(wd.ModelError) as caught:
        convert_model(small_file, tmp_path / "folder")
    assert caught.value.code == "convert.scaled"
    assert not (tmp_path / "folder").exists()


def test_parts_are_kept_in_fp8_by_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = models.tiny_sd1(tmp_path / "x.safetensors", seed=9112)
    plain, _, _ = wd.load_checkpoint(path)
    monkeypatch.setenv("WEFT_DTYPE", "unet=fp8_e4m3fn")
    model, clip, vae = wd.load_checkpoint(path)
    name = "down_blocks.0.resnets.0.conv1.weight"
    assert torch.equal(model.weights.tensor(name), plain.weights.tensor(name).to(E4M3).float())
    assert not clip.weights.packed and not vae.weights.packed
    assert model.weights.content_digest != plain.weights.content_digest
